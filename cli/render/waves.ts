/** Where targets stand among the waves of their operation. */
import type { Target } from '../../proto/vocabulary.ts';

/** Sent to its agent, which has not said how it ended. */
export function isInFlight({ state }: Target): boolean {
  return state === 'dispatched' || state === 'accepted';
}

/** Index of the wave that it is in, or waits for. With a full stop it goes through two. */
export function currentWave({ stopWave, stopped, wave }: Target): number {
  return stopWave === null || stopped ? wave : stopWave;
}

/** As people count. */
export function waveNumber(index: number): number {
  return index + 1;
}

/** `wave 2`, `waves 2-4`. */
export function waveNumbers(indexes: Iterable<number>): string {
  const sorted = [...indexes].sort((left, right) => left - right);
  const [first = 0, last = first] = [sorted[0], sorted.at(-1)];
  return first === last
    ? `wave ${waveNumber(first)}`
    : `waves ${waveNumber(first)}-${waveNumber(last)}`;
}
