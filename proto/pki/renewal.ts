/**
 * When a certificate is to be renewed, when somebody must hear that this does not succeed, and how
 * long to wait after a try that failed. Pure: clock and chance come from whoever asks.
 */

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** Wall-clock milliseconds. */
export interface Life {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Early enough for many tries, late enough that few certificates are made. */
const RENEWED_AFTER = 2 / 3;

/** Hosts that were enrolled together would otherwise renew together for ever. */
const SPREAD = 1 / 10;

/** Two days are a weekend; for short lives, when nobody renews any more by himself. */
const WARNED_BEFORE_MS = 2 * DAY_MS;

const FIRST_PAUSE_MS = MINUTE_MS;
const LONGEST_PAUSE_MS = 60 * MINUTE_MS;
const SHORTEST_PAUSE_MS = 1_000;

/** How many tries there are to be, at least, in what is left of a short life. */
const TRIES_LEFT = 10;

/** At two thirds of the life, up to a tenth of it earlier or later. @param chance from 0 up to, not including, 1 */
export function renewalDueMs(life: Life, chance: number): number {
  return life.notBeforeMs + lengthOf(life) * (RENEWED_AFTER + (2 * chance - 1) * SPREAD);
}

/** From when on it is told that the end comes nearer; never before renewal was due for certain. */
export function warningDueMs(life: Life): number {
  return Math.max(life.notAfterMs - WARNED_BEFORE_MS, renewalDueMs(life, 1));
}

/** After so many failed tries in a row; shorter where the life will have ended by then. */
export function renewalPauseMs(failures: number, leftMs: number, chance: number): number {
  const growing = FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 10);
  const longest = Math.min(LONGEST_PAUSE_MS, leftMs / TRIES_LEFT);
  const pauseMs = Math.max(SHORTEST_PAUSE_MS, Math.min(growing, longest));
  return pauseMs * (1 - chance * SPREAD);
}

function lengthOf({ notBeforeMs, notAfterMs }: Life): number {
  return notAfterMs - notBeforeMs;
}
