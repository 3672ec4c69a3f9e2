/**
 * From an operation that has ended to fleetctl's exit code and its last sentence. The sentence must
 * say no more than is known: a target that never settled counts as indeterminate, not as done, and
 * one that a full stop brought down is not just "not attempted".
 */
import { exitCodeOf } from '../proto/errors.ts';
import type { Operation, Target, TargetState, Verb } from '../proto/vocabulary.ts';
import { groupBy } from './group-by.ts';
import { describeWhere, foldTargets } from './render/fold-targets.ts';
import { neutralise, plural } from './render/text.ts';
import { formatDuration } from './render/time.ts';

export interface Outcome {
  readonly exitCode: number;
  /** One line, safe to print. */
  readonly sentence: string;
}

/** docs/operations.md lists them; where several apply, 12 goes before 10 before 11. */
const EXIT_SOME_FAILED = 10;
const EXIT_SOME_UNREACHABLE = 11;
const EXIT_STOPPED_EARLY = 12;

/** Enough to name the culprits of most operations, few enough for one sentence. */
const REASONS_NAMED_MAX = 3;

export const PAST_TENSE: Readonly<Record<Verb, string>> = {
  start: 'started',
  stop: 'stopped',
  restart: 'restarted',
  signal: 'signalled',
};

/** How a target ended, of an operation that has ended. */
type Ending = Exclude<TargetState, 'pending' | 'dispatched' | 'accepted'>;

export function endingOf(state: TargetState): Ending {
  return state === 'pending' || state === 'dispatched' || state === 'accepted'
    ? 'indeterminate'
    : state;
}

/** A full stop brought it down, and nobody knows of a start. (A start that failed is known.) */
export function wasLeftStopped({ stopped, state }: Target): boolean {
  const ending = endingOf(state);
  return stopped && ending !== 'succeeded' && ending !== 'failed';
}

export function outcomeOf(operation: Operation): Outcome {
  const endings = groupBy(operation.targets, (target) => endingOf(target.state));
  return { exitCode: exitCodeFor(endings), sentence: sentenceFor(operation, endings) };
}

type Endings = ReadonlyMap<Ending, readonly Target[]>;

function exitCodeFor(endings: Endings): number {
  if (endings.size === 0) return exitCodeOf('nothing-matched');
  if (endings.has('not-attempted')) return EXIT_STOPPED_EARLY;
  if (endings.has('failed') || endings.has('indeterminate')) return EXIT_SOME_FAILED;
  return endings.has('unreachable') ? EXIT_SOME_UNREACHABLE : 0;
}

function sentenceFor(operation: Operation, endings: Endings): string {
  const total = operation.targets.length;
  if (total === 0) return 'nothing was done: no target matched';
  const succeeded = endings.get('succeeded') ?? [];
  const counted = `${PAST_TENSE[operation.verb]} ${succeeded.length} of ${plural(total, 'target')}`;
  const extent = succeeded.length === total ? extentText(operation) : '';
  const notAttempted = groupBy(endings.get('not-attempted') ?? [], wasLeftStopped);
  const lost = [...(endings.get('unreachable') ?? []), ...(endings.get('indeterminate') ?? [])];
  return [
    counted + signalText(operation) + extent,
    troubleText('failed', endings.get('failed')),
    troubleText('indeterminate', endings.get('indeterminate')),
    troubleText('unreachable', endings.get('unreachable')),
    remark('stopped and not started again', notAttempted.get(true)),
    troubleText('not attempted', notAttempted.get(false)),
    remark('stopped, with no word of a start since', lost.filter(wasLeftStopped)),
    remark('took longer than the wait for a wave', succeeded.filter(isLate)),
  ]
    .filter((part) => part !== null)
    .join('; ');
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
  return ` on ${plural(hosts, 'host')}${took}`;
}

/** A reason that several share is said once. */
function troubleText(word: string, targets: readonly Target[] = []): string | null {
  if (targets.length === 0) return null;
  const reasons = foldTargets(targets);
  const named = reasons.slice(0, REASONS_NAMED_MAX);
  const texts = named.map((folded) => {
    const where = describeWhere(folded);
    return folded.error === null ? where : `${where}: ${neutralise(folded.error)}`;
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
