/**
 * How soon a program's pipe is looked at again. A program that prints a little all the time is read
 * a few times a second instead of once for each line: that is less work for the same bytes and,
 * above all, fewer moments at which a chunk is read and not yet in its log. A chunk that is in hand
 * when the agent is killed is lost: the kernel has no look at a pipe that leaves it full, and none of
 * Node's calls moves bytes from a pipe to a file without the agent in between. So what is left is to
 * be in that state seldom, and briefly.
 *
 * The program must not notice. It would if its pipe ran full, so the wait is as long as it takes to
 * fill a part of it at the rate of the last read, and there is none for a flood. How much the pipe
 * holds cannot be asked for; it is at least what it has held before.
 */

/** What a log may lag behind its program: nobody who watches sees it. */
export const PAUSE_MAX_MS = 50;

/**
 * Who prints no more often would not be met by another look either: the pipe is waited at, which costs
 * nothing. Twice the longest pause, because a look that finds something comes after one.
 */
const SELDOM_MS = 2 * PAUSE_MAX_MS;

/** What comes so fast keeps the agent busy anyway, and timers are not much finer. */
const PAUSE_MIN_MS = 2;

/** macOS and FreeBSD begin with so much, Linux has 64 KiB; smaller ones only shorten the pauses. */
const ROOM_BYTES = 16_384;

/** Of its room: the rate may rise to four times what it was before the program has to wait. */
const FILLED = 1 / 4;
/** So much more than was waited for: the rate has risen, and perhaps the program waits already. */
const SURPRISING = 1 / 2;
/** What follows upon a full pipe is no measure: the program was asleep. */
const SURPRISED_MS = 20;

export class ReadingPace {
  #roomBytes = ROOM_BYTES;
  #lastReadMs: number;
  /** What was printed before anybody read is no surprise. */
  #isFirst = true;
  #surprisedUntilMs = Number.NEGATIVE_INFINITY;

  /** @param nowMs monotonic, as in `pauseAfter` */
  constructor(nowMs: number) {
    this.#lastReadMs = nowMs;
  }

  /** @returns for how long nothing should be read, now that so much was; 0: read on */
  pauseAfter(bytes: number, nowMs: number): number {
    const elapsedMs = nowMs - this.#lastReadMs;
    this.#lastReadMs = nowMs;
    this.#roomBytes = Math.max(this.#roomBytes, bytes);
    const isSurprising = bytes > this.#roomBytes * SURPRISING && !this.#isFirst;
    this.#isFirst = false;
    if (isSurprising) this.#surprisedUntilMs = nowMs + SURPRISED_MS;
    if (nowMs < this.#surprisedUntilMs || elapsedMs > SELDOM_MS) return 0;
    const fillingMs = (this.#roomBytes * FILLED * elapsedMs) / bytes;
    const pauseMs = Math.min(PAUSE_MAX_MS, Math.floor(fillingMs));
    return pauseMs < PAUSE_MIN_MS ? 0 : pauseMs;
  }
}
