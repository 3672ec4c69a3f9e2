/** Reads the values of options. What is not understood is refused with what would be. */
import { InvalidArgumentError } from 'commander';

/** Node's timers end at 2³¹ ms; whoever waits longer waits without end. */
const DURATION_MAX_MS = 24 * 24 * 3_600_000;
const UNIT_MS: Readonly<Record<string, number>> = { '': 1_000, s: 1_000, m: 60_000, h: 3_600_000 };

/** `30`, `30s`, `5m`, `2h`. */
export function parseDurationMs(text: string): number {
  const [, digits, unit] = /^(\d+)([smh]?)$/.exec(text) ?? [];
  if (digits === undefined || unit === undefined) {
    throw new InvalidArgumentError('Expected is a whole number of seconds, or 30s, 5m, 2h.');
  }
  const durationMs = Number(digits) * (UNIT_MS[unit] as number);
  if (durationMs === 0) throw new InvalidArgumentError('It must be longer than nothing.');
  if (durationMs > DURATION_MAX_MS) {
    throw new InvalidArgumentError('It must be at most 576h, which are 24 days.');
  }
  return durationMs;
}

/** A whole number from 1 on. Nine digits fit the wire, and no fleet needs more. */
export function parseCount(text: string): number {
  if (/^\d{1,9}$/.test(text) && Number(text) > 0) return Number(text);
  throw new InvalidArgumentError('Expected is a whole number from 1 on.');
}

/** As `parseCount`; 0 means as many as there are. */
export function parseLimit(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected is a whole number; 0 means all.');
}
