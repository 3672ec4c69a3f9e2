/**
 * Streams that were let in and go on. What let them in may end meanwhile: a certificate is revoked
 * or expires, a role is taken away. So each is judged again every second, and ended with the reason.
 * Those of 10,000 agents are judged a part at a time, so that nobody waits for all of them.
 */
import type { Refusal } from '../../proto/errors.ts';

export interface LiveCall {
  /** Why it may not go on; null: it may. */
  readonly judge: () => Refusal | null;
  /** Called once at most. */
  readonly end: (because: Refusal) => void;
}

export interface LiveCalls {
  /** Until it is disposed of, or ended. */
  join(call: LiveCall): Disposable;
}

/** Within two seconds an ended stream must be gone; this leaves half of that for its way. */
const ROUND_MS = 1_000;
const PARTS = 4;

/** Its timer runs only while there is something to judge. */
export function createLiveCalls(): LiveCalls {
  const rounds = new JudgingRounds(PARTS);
  let timer: NodeJS.Timeout | null = null;

  function judge(): void {
    rounds.judgePart();
    if (rounds.size > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  }

  return {
    join(call) {
      // What the calls run on keeps the program alive, not this.
      timer ??= setInterval(judge, ROUND_MS / PARTS).unref();
      return rounds.join(call);
    },
  };
}

/** Calls in as many parts as a round has; one part is judged at a time. */
export class JudgingRounds {
  readonly #parts: readonly Set<LiveCall>[];
  #joined = 0;
  #judged = 0;

  constructor(parts: number) {
    this.#parts = Array.from({ length: parts }, () => new Set());
  }

  get size(): number {
    return this.#parts.reduce((sum, part) => sum + part.size, 0);
  }

  join(call: LiveCall): Disposable {
    const part = this.#partOf(this.#joined);
    this.#joined += 1;
    part.add(call);
    return { [Symbol.dispose]: () => void part.delete(call) };
  }

  judgePart(): void {
    const part = this.#partOf(this.#judged);
    this.#judged += 1;
    for (const call of part) {
      const because = call.judge();
      if (because === null) continue;
      part.delete(call);
      call.end(because);
    }
  }

  #partOf(number: number): Set<LiveCall> {
    const part = this.#parts[number % this.#parts.length];
    if (part === undefined) throw new Error('a round has no parts');
    return part;
  }
}
