/**
 * Virtual time for a driver: timers fire in the order in which they are due, and between two of
 * them everything that was put off with `soon`, and every promise, comes to rest.
 */
import type { Clock } from '../../agent/ports.ts';
import { instant } from './agent-process.ts';

export interface VirtualClock extends Clock {
  readonly nowMs: () => number;
  /** Lets everything happen that is due now, without time passing. */
  readonly settle: () => Promise<void>;
  /** Lets time pass, and on the way everything that falls due. */
  readonly pass: (durationMs: number) => Promise<void>;
}

interface Timer {
  readonly dueMs: number;
  readonly callback: () => void;
}

export function virtualClock(): VirtualClock {
  let nowMs = 0;
  let timers: readonly Timer[] = [];
  let soon: (() => void)[] = [];
  const settle = async (): Promise<void> => {
    do {
      const callbacks = soon;
      soon = [];
      for (const callback of callbacks) callback();
      await new Promise((resolve) => setImmediate(resolve));
    } while (soon.length > 0);
  };
  const nextDue = (untilMs: number): Timer | undefined => {
    const due = timers.filter(({ dueMs }) => dueMs <= untilMs);
    return due.toSorted((a, b) => a.dueMs - b.dueMs)[0];
  };
  return {
    now: () => instant(nowMs),
    nowMs: () => nowMs,
    after: (delayMs, callback) => {
      timers = [...timers, { dueMs: nowMs + delayMs, callback }];
    },
    soon: (callback) => {
      soon.push(callback);
    },
    settle,
    pass: async (durationMs) => {
      const untilMs = nowMs + durationMs;
      await settle();
      for (let timer = nextDue(untilMs); timer !== undefined; timer = nextDue(untilMs)) {
        const fired = timer;
        timers = timers.filter((held) => held !== fired);
        nowMs = fired.dueMs;
        fired.callback();
        await settle();
      }
      nowMs = untilMs;
    },
  };
}
