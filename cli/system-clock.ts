/** The clock of this machine, and waiting by it. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from './ports.ts';

export const systemClock: Clock = {
  nowMs: Date.now,
  monotonicMs: () => performance.now(),
  sleep: async (durationMs, signal) => {
    await delay(durationMs, undefined, { signal }).catch((caught: unknown) => {
      throw signal.aborted ? signal.reason : caught;
    });
  },
  every: (intervalMs, callback) => {
    const timer = setInterval(callback, intervalMs);
    return { [Symbol.dispose]: () => clearInterval(timer) };
  },
};
