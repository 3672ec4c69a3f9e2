/** What stays wrong until people mend it is told at once and then once an hour, not at every try. */
import type { Log } from '../ports.ts';

export interface Reminders {
  /** @param what tells one trouble from another */
  warn(what: string, details: object, text: string): void;
  /** All is well again. */
  forget(): void;
}

const REMINDER_MS = 60 * 60_000;

export function createReminders(log: Log, nowMs: () => number): Reminders {
  const toldAtMs = new Map<string, number>();
  return {
    warn(what, details, text) {
      const lastMs = toldAtMs.get(what);
      // The clock may have been set back meanwhile, perhaps by days.
      if (lastMs !== undefined && Math.abs(nowMs() - lastMs) < REMINDER_MS) return;
      toldAtMs.set(what, nowMs());
      log.warn(details, text);
    },
    forget: () => toldAtMs.clear(),
  };
}
