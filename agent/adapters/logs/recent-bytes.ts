/**
 * The last few kilobytes of something that is written for ever, for readers who come late: a ring
 * that can be read and followed like a file. Who follows too slowly misses what fell out of it.
 */
import type { ChunkTaker } from './log-reader.ts';

export class RecentBytes {
  readonly #ring: Buffer;
  readonly #followers = new Set<() => void>();
  /** Ever; `#written % size` is where the next byte goes. */
  #written = 0;
  /** What was written before does not exist any more. */
  #clearedAt = 0;

  constructor(bytesMax: number) {
    this.#ring = Buffer.alloc(bytesMax);
  }

  add(bytes: Uint8Array): void {
    const kept = bytes.subarray(Math.max(0, bytes.length - this.#ring.length));
    const start = (this.#written + bytes.length - kept.length) % this.#ring.length;
    const untilEnd = this.#ring.length - start;
    this.#ring.set(kept.subarray(0, untilEnd), start);
    this.#ring.set(kept.subarray(untilEnd));
    this.#written += bytes.length;
    for (const wake of this.#followers) wake();
  }

  /** At most the last `bytes`. */
  tail(bytes: number): Buffer {
    return this.#from(Math.max(this.#oldest(), this.#written - bytes));
  }

  clear(): void {
    this.#clearedAt = this.#written;
  }

  /** One piece at a time, the next when `take` is done; ends when disposed, or when `take` fails. */
  follow(take: ChunkTaker, tailBytes: number): Disposable {
    let position = Math.max(this.#oldest(), this.#written - tailBytes);
    let isTaking = false;
    const wake = (): void => {
      if (!isTaking) void takeAll();
    };
    const end = (): void => {
      this.#followers.delete(wake);
    };
    const takeAll = async (): Promise<void> => {
      isTaking = true;
      await null; // what is written in this very turn comes as one piece
      try {
        while (position < this.#written && this.#followers.has(wake)) {
          const chunk = this.#from(Math.max(position, this.#oldest()));
          position = this.#written;
          await take(chunk);
        }
      } catch {
        end();
      }
      isTaking = false;
    };
    this.#followers.add(wake);
    wake();
    return { [Symbol.dispose]: end };
  }

  #oldest(): number {
    return Math.max(this.#clearedAt, this.#written - this.#ring.length, 0);
  }

  #from(position: number): Buffer {
    const result = Buffer.alloc(this.#written - position);
    const start = position % this.#ring.length;
    const untilEnd = this.#ring.copy(result, 0, start);
    this.#ring.copy(result, untilEnd, 0);
    return result;
  }
}
