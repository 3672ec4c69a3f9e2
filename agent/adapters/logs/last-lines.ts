/**
 * The last few kilobytes that a process printed, kept so that a failed start can be reported with
 * the program's own words, whether or not it has a log file.
 */
import { lastLinesOf } from '../../../proto/text-limits.ts';

const KEPT_BYTES = 4_096;

export class LastLines {
  #chunks: Buffer[] = [];
  #bytes = 0;

  /** `chunk` may be reused by the caller; what is kept is a copy. */
  add(chunk: Uint8Array): void {
    const kept = Buffer.from(chunk.subarray(Math.max(0, chunk.length - KEPT_BYTES)));
    this.#chunks.push(kept);
    this.#bytes += kept.length;
    while (this.#bytes - (this.#chunks[0]?.length ?? 0) >= KEPT_BYTES) {
      this.#bytes -= this.#chunks.shift()?.length ?? 0;
    }
  }

  clear(): void {
    this.#chunks = [];
    this.#bytes = 0;
  }

  /** Oldest first; bytes that are not UTF-8 become replacement characters. */
  read(): readonly string[] {
    const text = Buffer.concat(this.#chunks).toString('utf8');
    const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
    return lastLinesOf(lines);
  }
}
