/**
 * What follows from a target alone, so that the controller, which carries it out, and fleetctl,
 * which shows it, cannot disagree: whether it is done, which wave it is in, how to find it again.
 */
import type { Target } from './operation.ts';
import type { HostId, ProcessName, TargetState } from './vocabulary.ts';

type OpenState = Extract<
  TargetState,
  'pending' | 'waiting' | 'dispatched' | 'accepted' | 'verifying'
>;
/** Once a target is in one of these, nothing moves it any more. */
export type FinalState = Exclude<TargetState, OpenState>;

/** What becomes of it is not known yet. */
export function isOpenState(state: TargetState): state is OpenState {
  return OPEN_STATES.has(state);
}

const OPEN_STATES: ReadonlySet<TargetState> = new Set<OpenState>([
  'pending',
  'waiting',
  'dispatched',
  'accepted',
  'verifying',
]);

export function isOpen({ state }: Pick<Target, 'state'>): boolean {
  return isOpenState(state);
}

/** Sent to its agent, which has not said how it ended. */
export function isInFlight({ state }: Pick<Target, 'state'>): boolean {
  return state === 'dispatched' || state === 'accepted' || state === 'verifying';
}

/** Nothing was sent of it: its wave has not begun, or its host is away. */
export function isUnbegun({ state }: Pick<Target, 'state'>): boolean {
  return state === 'pending' || state === 'waiting';
}

/** As it was wanted, or left alone on purpose. */
export function isGood({ state }: Pick<Target, 'state'>): boolean {
  return state === 'succeeded' || state === 'skipped';
}

/** Index of the wave that it is in, or waits for. With a full stop it goes through two. */
export function currentWave({
  stopWave,
  stopped,
  wave,
}: Pick<Target, 'stopWave' | 'stopped' | 'wave'>): number {
  return stopWave === null || stopped ? wave : stopWave;
}

/** Unique within an operation: a blank cannot stand in either name. */
export function targetKey(host: HostId, process: ProcessName): string {
  return `${host} ${process}`;
}
