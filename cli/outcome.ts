/**
 * What became of the targets of an operation, and fleetctl's exit code for it. It must claim no more
 * than is known: a target that never settled counts as indeterminate, not as done, and one that a
 * full stop brought down is not just "not attempted".
 */
import { exitCodeOf } from '../proto/errors.ts';
import type {
  LiveState,
  Operation,
  OperationFacts,
  OperationState,
  Target,
} from '../proto/operation.ts';
import { type FinalState, isOpenState } from '../proto/target.ts';
import type { TargetState, Verb } from '../proto/vocabulary.ts';

/** docs/operations.md lists them; where several apply: 13, 12, 10, 11. */
export const EXIT_SOME_FAILED = 10;
export const EXIT_SOME_UNREACHABLE = 11;
const EXIT_STOPPED_EARLY = 12;
const EXIT_STOPPED_BY_PERSON = 13;

/** Of an operation that has ended, or that stands still with nothing under way. */
export function exitCodeFor(operation: Pick<Operation, 'state' | 'halt' | 'targets'>): number {
  const { targets } = operation;
  if (targets.length === 0) return exitCodeOf('nothing-matched');
  const early = earlyExitCode(operation);
  if (early !== null) return early;
  const endings = new Set(targets.map(({ state }) => endingOf(state)));
  if (endings.has('not-attempted') || endings.has('cancelled')) return EXIT_STOPPED_EARLY;
  if (endings.has('failed') || endings.has('timed-out') || endings.has('indeterminate')) {
    return EXIT_SOME_FAILED;
  }
  return endings.has('unreachable') ? EXIT_SOME_UNREACHABLE : 0;
}

/** Null: it went through, or goes on, so that its targets tell. */
function earlyExitCode({ state, halt }: Pick<OperationFacts, 'state' | 'halt'>): number | null {
  switch (state) {
    case 'cancelled':
      return EXIT_STOPPED_BY_PERSON;
    case 'paused':
    case 'draining':
      return halt !== null && halt.by !== null ? EXIT_STOPPED_BY_PERSON : EXIT_STOPPED_EARLY;
    case 'planned':
    case 'aborted':
    case 'expired':
      return EXIT_STOPPED_EARLY;
    case 'running':
    case 'succeeded':
    case 'failed':
      return null;
  }
}

/** It has not ended. */
export function isLive(state: OperationState): state is LiveState {
  return state === 'planned' || state === 'running' || state === 'paused' || state === 'draining';
}

export function endingOf(state: TargetState): FinalState {
  return isOpenState(state) ? 'indeterminate' : state;
}

/** A full stop brought it down, and nobody knows of a start. (A start that failed is known.) */
export function wasLeftStopped({ stopped, state }: Pick<Target, 'stopped' | 'state'>): boolean {
  const ending = endingOf(state);
  return stopped && ending !== 'succeeded' && ending !== 'failed';
}

/** It was found as wanted and not touched: nobody should think that it was. */
export function wasUntouched(verb: Verb, { state, oldPid, newPid }: Target): boolean {
  if (state !== 'succeeded') return false;
  if (verb === 'start') return oldPid !== null && oldPid === newPid;
  return verb === 'stop' && oldPid === null;
}

/** There was nothing to be stopped first. */
export function wasOnlyStarted(verb: Verb, { state, oldPid, newPid }: Target): boolean {
  return verb === 'restart' && state === 'succeeded' && oldPid === null && newPid !== null;
}
