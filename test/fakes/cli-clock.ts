/**
 * A clock whose time passes only while somebody sleeps, or where a test says so. Whoever sleeps
 * longest is woken last, so a deadline and the pauses before it keep their order.
 */
import type { Clock } from '../../cli/ports.ts';

export interface FakeClock {
  readonly clock: Clock;
  readonly passedMs: () => number;
  /** Lets time pass, and wakes and calls back whatever is due on the way. */
  readonly pass: (durationMs: number) => void;
}

interface Alarm {
  readonly atMs: number;
  readonly ring: () => void;
  /** Something sleeps until it, so time runs towards it by itself. */
  readonly drives: boolean;
}

/** @param startMs the wall clock, when nothing has passed yet */
export function fakeClock(startMs: number): FakeClock {
  const alarms = new Set<Alarm>();
  let nowMs = 0;
  const pass = (durationMs: number) => {
    const untilMs = nowMs + durationMs;
    for (let next = earliest(alarms); next !== null; next = earliest(alarms)) {
      if (next.atMs > untilMs) break;
      alarms.delete(next);
      nowMs = next.atMs;
      next.ring();
    }
    nowMs = untilMs;
  };
  const drive = () => {
    const next = earliest([...alarms].filter(({ drives }) => drives));
    if (next !== null) pass(next.atMs - nowMs);
  };
  return {
    clock: {
      nowMs: () => startMs + nowMs,
      monotonicMs: () => nowMs,
      sleep: (durationMs, signal) =>
        new Promise((resolve, reject) => {
          if (signal.aborted) return reject(signal.reason);
          const alarm = { atMs: nowMs + durationMs, ring: resolve, drives: true };
          alarms.add(alarm);
          signal.addEventListener('abort', () => {
            alarms.delete(alarm);
            reject(signal.reason);
          });
          setImmediate(drive);
        }),
      every: (intervalMs, callback) => {
        let alarm: Alarm;
        const set = () => {
          alarm = {
            atMs: nowMs + intervalMs,
            drives: false,
            ring: () => {
              set();
              callback();
            },
          };
          alarms.add(alarm);
        };
        set();
        return { [Symbol.dispose]: () => void alarms.delete(alarm) };
      },
    },
    passedMs: () => nowMs,
    pass,
  };
}

function earliest(alarms: Iterable<Alarm>): Alarm | null {
  let found: Alarm | null = null;
  for (const alarm of alarms) if (found === null || alarm.atMs < found.atMs) found = alarm;
  return found;
}
