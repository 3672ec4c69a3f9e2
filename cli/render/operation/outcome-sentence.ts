/**
 * From an operation that has ended, or stands still, to its last sentence, which says no more than is
 * known: why it came to an end where that was early, what was done, and what was not.
 */

import { groupBy } from '../../../proto/group-by.ts';
import type { Operation, Target } from '../../../proto/operation.ts';
import { isGood, isInFlight, isOpen } from '../../../proto/target.ts';
import type { Verb } from '../../../proto/vocabulary.ts';
import { endingOf, isLive, wasLeftStopped, wasOnlyStarted, wasUntouched } from '../../outcome.ts';
import { neutralise, neutraliseRemark, plural } from '../text.ts';
import { formatDuration } from '../time.ts';
import { describeWhere, foldTargets } from './fold-targets.ts';
import { haltText, notAllowedText, PAST_TENSE, targetNoun } from './words.ts';

/** Enough to name the culprits of most operations, few enough for one sentence. */
const REASONS_NAMED_MAX = 3;

/** One line, safe to print. */
export function outcomeSentence(operation: Operation): string {
  const total = operation.targets.length;
  if (total === 0) {
    return `nothing was done: ${notAllowedText(operation) ?? 'no target matched'}`;
  }
  const open = isLive(operation.state) ? operation.targets.filter(isOpen) : [];
  const settled = open.length === 0 ? operation.targets : operation.targets.filter(isSettled);
  const { verb } = operation;
  const succeeded = settled.filter(({ state }) => state === 'succeeded');
  const touched = succeeded.filter((target) => !wasUntouched(verb, target)).length;
  const counted = `${PAST_TENSE[verb]} ${touched} of ${plural(total, targetNoun(verb))}`;
  const isWhole = operation.targets.every(isGood) && succeeded.length > 0;
  return [
    haltText(operation),
    counted + signalText(operation) + (isWhole ? extentText(operation, succeeded) : ''),
    foundRemark(verb, succeeded),
    ...settledTexts(settled),
    ...openTexts(open),
    remark('took longer than its wave was waited for', succeeded.filter(isLate)),
    notAllowedText(operation),
  ]
    .filter((part) => part !== null)
    .join('; ');
}

function settledTexts(settled: readonly Target[]): readonly (string | null)[] {
  const endings = groupBy(settled, (target) => endingOf(target.state));
  const of = (ending: ReturnType<typeof endingOf>) => endings.get(ending) ?? [];
  const unbegun = groupBy([...of('not-attempted'), ...of('cancelled')], wasLeftStopped);
  const left = unbegun.get(false) ?? [];
  const lost = (['unreachable', 'indeterminate', 'timed-out', 'skipped'] as const).flatMap(of);
  return [
    troubleText('failed', of('failed')),
    troubleText('timed out', of('timed-out')),
    troubleText('indeterminate', of('indeterminate')),
    troubleText('unreachable', of('unreachable')),
    troubleText('skipped', of('skipped').map(withReason)),
    remark('stopped and not started again', unbegun.get(true)),
    troubleText(
      'not attempted',
      left.filter(({ state }) => state === 'not-attempted'),
    ),
    troubleText(
      'cancelled',
      left.filter(({ state }) => state === 'cancelled'),
    ),
    remark('stopped, with no word of a start since', lost.filter(wasLeftStopped)),
  ];
}

/** Of one that stands still: what may yet be done. */
function openTexts(open: readonly Target[]): readonly (string | null)[] {
  const begun = open.filter(isInFlight);
  const unbegun = open.filter((target) => !isInFlight(target));
  const halfway = unbegun.filter(({ stopped }) => stopped);
  const untouched = unbegun.filter(({ stopped }) => !stopped);
  return [
    remark('under way', begun),
    remark('stopped and not started yet', halfway),
    remark('waiting for a host that is away', untouched.filter(isWaiting)),
    remark(
      'not begun',
      untouched.filter((target) => !isWaiting(target)),
    ),
  ];
}

function isSettled(target: Target): boolean {
  return !isOpen(target);
}

function isWaiting({ state }: Target): boolean {
  return state === 'waiting';
}

/** Why it was left alone may be said as a remark, since it is no error. */
function withReason(target: Target): Target {
  return { ...target, error: target.error ?? target.note };
}

/** Only counted: they are no trouble. */
function foundRemark(verb: Verb, succeeded: readonly Target[]): string | null {
  const untouched = succeeded.filter((target) => wasUntouched(verb, target)).length;
  if (untouched > 0) return `${wasOrWere(untouched)} ${verb === 'stop' ? 'down' : 'up'} already`;
  const started = succeeded.filter((target) => wasOnlyStarted(verb, target)).length;
  return started === 0 ? null : `${wasOrWere(started)} down before`;
}

function wasOrWere(count: number): string {
  return `${count} ${count === 1 ? 'was' : 'were'}`;
}

function isLate({ overdue }: Target): boolean {
  return overdue;
}

function signalText(operation: Operation): string {
  return operation.signal === null ? '' : ` with ${neutralise(operation.signal)}`;
}

function extentText(operation: Operation, succeeded: readonly Target[]): string {
  const hosts = new Set(succeeded.map((target) => target.host)).size;
  const took =
    operation.endedAtMs === null
      ? ''
      : ` in ${formatDuration(operation.endedAtMs - operation.startedAtMs)}`;
  return operation.verb === 'update' ? took : ` on ${plural(hosts, 'host')}${took}`;
}

/** A reason that several share is said once. */
function troubleText(word: string, targets: readonly Target[] = []): string | null {
  if (targets.length === 0) return null;
  const reasons = foldTargets(targets);
  const named = reasons.slice(0, REASONS_NAMED_MAX);
  const texts = named.map((folded) => {
    const where = describeWhere(folded);
    return folded.error === null ? where : `${where}: ${neutraliseRemark(folded.error)}`;
  });
  const left = named.reduce((count, folded) => count - folded.targets.length, targets.length);
  const more = left > 0 ? `, and ${left} more` : '';
  return `${targets.length} ${word}: ${texts.join(', ')}${more}`;
}

/** What there is to say beside how they ended, so without their errors. */
function remark(word: string, targets: readonly Target[] = []): string | null {
  return troubleText(
    word,
    targets.map((target) => ({ ...target, error: null })),
  );
}
