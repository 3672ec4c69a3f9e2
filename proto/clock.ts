/**
 * The real clock of both daemons. Monotonic time is the system's own (it goes on across a restart
 * of the program, not of the host), so an agent can tell how long a child has been up that an
 * earlier agent started.
 */
import type { Instant } from './instant.ts';

/** Node fires a longer timer at once. */
const LONGEST_TIMER_MS = 2_147_483_647;

function now(): Instant {
  return { monotonicMs: Number(process.hrtime.bigint() / 1_000n) / 1_000, wallMs: Date.now() };
}

export const systemClock = {
  now,
  after(delayMs: number, callback: () => void): void {
    setTimeout(callback, Math.min(LONGEST_TIMER_MS, Math.ceil(delayMs)));
  },
  soon(callback: () => void): void {
    setImmediate(callback);
  },
} as const;
