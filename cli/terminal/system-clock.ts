/** The clock of this machine, and waiting by it. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../ports.ts';

export const systemClock: Clock = {
  nowMs: Date.now,
  monotonicMs: () => performance.now(),
  sleep: async (durationMs, signal) => {
    await delay(durationMs, undefined, { signal }).catch((caught: unknown) => {
      throw signal.aborted ? signal.reason : caught;
    });
  },
  every: (intervalMs, callback) => {
    let soon: NodeJS.Immediate | undefined;
    const timer = setInterval(() => {
      // After Ctrl-Z and `fg` the timer is due before SIGCONT is heard of, which must come first:
      // Node looks for signals between its timers and its immediates.
      soon = setImmediate(callback);
    }, intervalMs);
    return {
      [Symbol.dispose]: () => {
        clearInterval(timer);
        clearImmediate(soon);
      },
    };
  },
};
