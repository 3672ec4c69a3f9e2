/**
 * How fleetctl stops waiting before an operation has ended: at Ctrl-C, or when `--timeout` is over.
 * It only turns away; the operation belongs to the controller and goes on.
 */
import { FleetError, type Refusal, refusal } from '../../proto/errors.ts';
import type { Clock, Environment } from '../ports.ts';

export interface Patience {
  /** From now on; null: without end. */
  readonly timeoutMs: number | null;
  /** What to say then, which may depend on how far `work` has come. */
  readonly because: (code: TurningAway) => Refusal;
}

export type TurningAway = 'interrupted' | 'timed-out';

/** Aborts the signal with `because` as a `FleetError`, whatever `work` is waiting for. */
export async function untilTurnedAway(
  { clock, onInterrupt }: Pick<Environment, 'clock' | 'onInterrupt'>,
  { timeoutMs, because }: Patience,
  work: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const abort = new AbortController();
  const turnAway = (code: TurningAway) => abort.abort(new FleetError(because(code)));
  using _listening = onInterrupt(() => turnAway('interrupted'));
  using _deadline =
    timeoutMs === null ? null : after(clock, timeoutMs, () => turnAway('timed-out'));
  return await work(abort.signal);
}

/** @param fleetctl how to call it, as `fleetctlCommand` says */
export function goesOn(code: TurningAway, id: string, fleetctl: string): Refusal {
  return refusal(code, `operation ${id} goes on at the controller`, {
    fix: `${fleetctl} op watch ${id}`,
  });
}

function after(clock: Clock, durationMs: number, callback: () => void): Disposable {
  const cancelled = new AbortController();
  clock.sleep(durationMs, cancelled.signal).then(callback, () => {});
  return { [Symbol.dispose]: () => cancelled.abort() };
}
