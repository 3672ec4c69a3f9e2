/** How long certificates live: in whole days, from a little before the moment they are made. */
import { BACKDATED_MS } from '../certificates.ts';
import { type Refusal, refusal } from '../errors.ts';

const DAY_MS = 86_400_000;

export function lifeFrom(nowMs: number, days: number) {
  const fromMs = wholeSecond(nowMs);
  return { notBeforeMs: fromMs - BACKDATED_MS, notAfterMs: fromMs + days * DAY_MS };
}

/** How many whole days are left of something that ends then. */
export function daysUntil(endMs: number, nowMs: number): number {
  return Math.floor((endMs - wholeSecond(nowMs)) / DAY_MS);
}

export function daysRefusal(days: number): Refusal | null {
  if (Number.isInteger(days) && days >= 1 && days <= DAYS_MAX) return null;
  return refusal('usage', `a certificate cannot be valid for ${days} days`, {
    fix: `give a whole number of days from 1 to ${DAYS_MAX}`,
  });
}

/** Twenty years; a longer life is more likely a slip than a wish. */
const DAYS_MAX = 7300;

/** Certificates know no fractions. */
function wholeSecond(timeMs: number): number {
  return Math.floor(timeMs / 1000) * 1000;
}
