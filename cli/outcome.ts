/**
 * What became of the targets of an operation that has ended, and fleetctl's exit code for it. It
 * must claim no more than is known: a target that never settled counts as indeterminate, not as
 * done, and one that a full stop brought down is not just "not attempted".
 */
import { exitCodeOf } from '../proto/errors.ts';
import type { Operation, Target } from '../proto/operation.ts';
import { type FinalState, isOpenState } from '../proto/target.ts';
import type { TargetState, Verb } from '../proto/vocabulary.ts';

/** docs/operations.md lists them; where several apply, 12 goes before 10 before 11. */
export const EXIT_SOME_FAILED = 10;
export const EXIT_SOME_UNREACHABLE = 11;
const EXIT_STOPPED_EARLY = 12;

export function exitCodeFor({ targets }: Operation): number {
  if (targets.length === 0) return exitCodeOf('nothing-matched');
  const endings = new Set(targets.map(({ state }) => endingOf(state)));
  if (endings.has('not-attempted')) return EXIT_STOPPED_EARLY;
  if (endings.has('failed') || endings.has('indeterminate')) return EXIT_SOME_FAILED;
  return endings.has('unreachable') ? EXIT_SOME_UNREACHABLE : 0;
}

export function endingOf(state: TargetState): FinalState {
  return isOpenState(state) ? 'indeterminate' : state;
}

/** A full stop brought it down, and nobody knows of a start. (A start that failed is known.) */
export function wasLeftStopped({ stopped, state }: Target): boolean {
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
