/**
 * From an operation that has ended to fleetctl's exit code and its last sentence. The sentence must
 * say no more than is known: a target that never settled counts as indeterminate, not as done.
 */
import { exitCodeOf } from '../proto/errors.ts';
import type { Operation, Target, TargetState, Verb } from '../proto/vocabulary.ts';
import { groupBy } from './group-by.ts';
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
const NAMED_PER_STATE_MAX = 3;

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
  const done = endings.get('succeeded')?.length ?? 0;
  const verb = PAST_TENSE[operation.verb];
  const counted = `${verb} ${done} of ${plural(total, 'target')}`;
  if (done === total) return counted + signalText(operation) + extentText(operation);
  return [
    counted + signalText(operation),
    troubleText('failed', endings.get('failed')),
    troubleText('indeterminate', endings.get('indeterminate')),
    troubleText('unreachable', endings.get('unreachable')),
    troubleText('not attempted', endings.get('not-attempted')),
  ]
    .filter((part) => part !== null)
    .join('; ');
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

function troubleText(word: string, targets: readonly Target[] | undefined): string | null {
  if (targets === undefined) return null;
  const named = targets.slice(0, NAMED_PER_STATE_MAX).map((target) => {
    const name = neutralise(`${target.host} ${target.process}`);
    return target.error === null ? name : `${name}: ${neutralise(target.error)}`;
  });
  const more = targets.length > named.length ? `, and ${targets.length - named.length} more` : '';
  return `${targets.length} ${word}: ${named.join(', ')}${more}`;
}
