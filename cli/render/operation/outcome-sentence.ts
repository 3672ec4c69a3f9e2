/** From an operation that has ended to its last sentence, which says no more than is known. */

import { groupBy } from '../../../proto/group-by.ts';
import type { Operation, Target } from '../../../proto/operation.ts';
import type { Verb } from '../../../proto/vocabulary.ts';
import { endingOf, wasLeftStopped, wasOnlyStarted, wasUntouched } from '../../outcome.ts';
import { neutralise, neutraliseRemark, plural } from '../text.ts';
import { formatDuration } from '../time.ts';
import { describeWhere, foldTargets } from './fold-targets.ts';
import { PAST_TENSE, targetNoun } from './words.ts';

/** Enough to name the culprits of most operations, few enough for one sentence. */
const REASONS_NAMED_MAX = 3;

/** One line, safe to print. */
export function outcomeSentence(operation: Operation): string {
  const total = operation.targets.length;
  if (total === 0) return 'nothing was done: no target matched';
  const endings = groupBy(operation.targets, (target) => endingOf(target.state));
  const succeeded = endings.get('succeeded') ?? [];
  const { verb } = operation;
  const touched = succeeded.filter((target) => !wasUntouched(verb, target)).length;
  const counted = `${PAST_TENSE[verb]} ${touched} of ${plural(total, targetNoun(verb))}`;
  const extent = succeeded.length === total ? extentText(operation) : '';
  const notAttempted = groupBy(endings.get('not-attempted') ?? [], wasLeftStopped);
  const lost = [...(endings.get('unreachable') ?? []), ...(endings.get('indeterminate') ?? [])];
  return [
    counted + signalText(operation) + extent,
    foundRemark(verb, succeeded),
    troubleText('failed', endings.get('failed')),
    troubleText('indeterminate', endings.get('indeterminate')),
    troubleText('unreachable', endings.get('unreachable')),
    remark('stopped and not started again', notAttempted.get(true)),
    troubleText('not attempted', notAttempted.get(false)),
    remark('stopped, with no word of a start since', lost.filter(wasLeftStopped)),
    remark('took longer than its wave was waited for', succeeded.filter(isLate)),
  ]
    .filter((part) => part !== null)
    .join('; ');
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

function extentText(operation: Operation): string {
  const hosts = new Set(operation.targets.map((target) => target.host)).size;
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
