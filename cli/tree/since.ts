/** Reads `--since`. What is not understood is refused with what would be. */
import { InvalidArgumentError } from 'commander';
import type { Since } from '../since.ts';

const UNIT_MS: Readonly<Record<string, number>> = {
  '': 1_000,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** RFC 3339 §5.6, in which the zone is never left to chance. */
const TIME = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})$/;

/** Beyond it there is no date in JavaScript. */
const DURATION_MAX_MS = 1_000_000 * 86_400_000;

/** `30`, `30s`, `10m`, `2h`, `1d`, or `2026-11-22T20:15:00Z`. */
export function parseSince(text: string): Since {
  const [, digits, unit] = /^(\d+)([smhd]?)$/.exec(text) ?? [];
  if (digits !== undefined && unit !== undefined) {
    const durationMs = Number(digits) * (UNIT_MS[unit] as number);
    if (durationMs <= DURATION_MAX_MS) return { kind: 'ago', durationMs };
    throw new InvalidArgumentError('It is longer ago than there is a date for.');
  }
  const wallMs = TIME.test(text) ? Date.parse(text.replace(' ', 'T').toUpperCase()) : Number.NaN;
  if (!Number.isNaN(wallMs)) return { kind: 'at', wallMs };
  throw new InvalidArgumentError(
    'Expected is how long ago, as 30s, 10m, 2h or 1d, or a time with its zone, as 2026-11-22T20:15:00Z.',
  );
}
