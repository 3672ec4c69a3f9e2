/**
 * Who tries to get in without a certificate gets a few failures a minute and is then refused for a
 * minute, before anything of what it sent is looked at. Guessing a secret of 256 bits is hopeless in
 * any case; what this saves is the work, and the log.
 */
import { type Refusal, refusal } from '../../proto/errors.ts';
import { neighbourhoodOf } from './peer-address.ts';

export interface AttemptLimit {
  /** Why this address has to wait, or null. */
  refusalFor(address: string | null): Refusal | null;
  /** @returns whether that was one too many, so that it is told once */
  failed(address: string | null): boolean;
}

const FAILURES_MAX = 10;
const WINDOW_MS = 60_000;

/** Of addresses that failed lately; beyond that the oldest is forgotten. */
const ADDRESSES_MAX = 10_000;

interface Failures {
  readonly sinceMs: number;
  readonly count: number;
}

/** @param nowMs of a clock that never jumps */
export function createAttemptLimit(nowMs: () => number): AttemptLimit {
  const failing = new Map<string, Failures>();

  const current = (key: string): Failures | null => {
    const failures = failing.get(key);
    return failures !== undefined && nowMs() - failures.sinceMs < WINDOW_MS ? failures : null;
  };

  return {
    refusalFor(address) {
      const failures = current(neighbourhoodOf(address));
      return failures !== null && failures.count >= FAILURES_MAX ? TOO_MANY : null;
    },
    failed(address) {
      const key = neighbourhoodOf(address);
      const before = current(key);
      const count = (before?.count ?? 0) + 1;
      // The minute of waiting begins with the last failure that was allowed.
      const sinceMs = before === null || count === FAILURES_MAX ? nowMs() : before.sinceMs;
      failing.delete(key);
      failing.set(key, { sinceMs, count });
      const [oldest] = failing.keys();
      if (failing.size > ADDRESSES_MAX && oldest !== undefined) failing.delete(oldest);
      return count === FAILURES_MAX;
    },
  };
}

const TOO_MANY = refusal('exhausted', 'too many failed attempts from this address', {
  cause: `there were ${FAILURES_MAX} within a minute`,
  fix: 'wait a minute, and check the join string: it counts once, and only for a while',
});
