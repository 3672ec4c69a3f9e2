/**
 * The last few kilobytes that a process printed, kept so that a failed start can be reported with
 * the program's own words, whether or not it has a log file.
 */
import { lastLinesOf } from '../../../proto/text-limits.ts';
import { RecentBytes } from './recent-bytes.ts';

const KEPT_BYTES = 4_096;

export class LastLines {
  /** Null until something is printed: most programs of a host may never do. */
  #recent: RecentBytes | null = null;

  /** `chunk` may be reused by the caller; what is kept is a copy. */
  add(chunk: Uint8Array): void {
    this.#recent ??= new RecentBytes(KEPT_BYTES);
    this.#recent.add(chunk);
  }

  clear(): void {
    this.#recent?.clear();
  }

  /** Oldest first; bytes that are not UTF-8 become replacement characters. */
  read(): readonly string[] {
    const text = this.#recent?.tail(KEPT_BYTES).toString('utf8') ?? '';
    const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
    return lastLinesOf(lines);
  }
}
