/**
 * How much time a program has spent listening. One that was busy, stopped or asleep finds its timers
 * first and what lies unread in its sockets afterwards, so whoever measures silence by the clock
 * alone takes others for dead because it has not listened itself: a whole fleet at once.
 */

export interface Attention {
  /** To be called by a timer, every so often; what it comes late is time in which nobody listened. */
  tick(nowMs: number): void;
  /** Grows like the clock, but for that time. Only differences mean something. */
  listenedMs(nowMs: number): number;
}

/** @param nowMs of a monotonic clock, as everywhere here */
export function createAttention(intervalMs: number, nowMs: number): Attention {
  let tickedAtMs = nowMs;
  let deafMs = 0;
  return {
    tick(atMs) {
      deafMs += Math.max(0, atMs - tickedAtMs - intervalMs);
      tickedAtMs = atMs;
    },
    // The same before and after the tick that comes late: what is heard first counts as heard now.
    listenedMs: (atMs) => Math.min(atMs, tickedAtMs + intervalMs) - deafMs,
  };
}
