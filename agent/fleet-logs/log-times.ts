/**
 * When which part of a log came, for those whose lines do not say so themselves: the agent looks at
 * the sizes of all logs every few seconds and remembers them. Newer looks are kept more densely than
 * older ones, and so few that it costs next to no memory. Of what came before this agent was started,
 * only the times of the files are known.
 */
import type { FileFacts, FileIdentity } from './file-facts.ts';

/** For each log: three kilobytes, and a time is known to within a tenth of how long ago it is. */
const LOOKS_MAX = 128;

interface Looks {
  readonly path: string;
  readonly dev: number;
  readonly ino: number;
  /** When it was first seen with each size, and when last. */
  readonly firstMs: number[];
  readonly lastMs: number[];
  readonly bytes: number[];
}

export interface KnownTime {
  /** What is behind this came after `atMs`. */
  readonly offset: number;
  readonly atMs: number;
}

/** By the wall clock. */
export class LogTimes {
  readonly #looks = new Map<string, Looks>();

  look(path: string, { dev, ino, size }: FileFacts, nowMs: number): void {
    const key = keyOf({ dev, ino });
    let looks = this.#looks.get(key);
    // Emptied, or another file: the number of one that was removed is soon given to the next.
    if (looks === undefined || looks.path !== path || size < (looks.bytes.at(-1) ?? 0)) {
      looks = { path, dev, ino, firstMs: [], lastMs: [], bytes: [] };
      this.#looks.set(key, looks);
    }
    const last = looks.bytes.length - 1;
    if (looks.bytes[last] === size) {
      looks.lastMs[last] = nowMs;
      return;
    }
    looks.firstMs.push(nowMs);
    looks.lastMs.push(nowMs);
    looks.bytes.push(size);
    if (looks.bytes.length > LOOKS_MAX) thin(looks);
  }

  /** The last that is known to have been there at a time; null: nothing is known from so long ago. */
  before(file: FileFacts, atMs: number): KnownTime | null {
    const looks = this.#looks.get(keyOf(file));
    if (looks === undefined) return null;
    const index = looks.firstMs.findLastIndex((firstMs) => firstMs <= atMs);
    const offset = looks.bytes[index];
    const lastMs = looks.lastMs[index];
    if (offset === undefined || lastMs === undefined || offset > file.size) return null;
    return { offset, atMs: Math.min(lastMs, atMs) };
  }

  /** Since when anything is known of a file. */
  since(file: FileFacts): number | null {
    return this.#looks.get(keyOf(file))?.firstMs[0] ?? null;
  }

  /** @param isThere whether a file is still one of the log at this path */
  forgetGone(isThere: (path: string, file: FileIdentity) => boolean): void {
    for (const [key, { path, dev, ino }] of this.#looks) {
      if (!isThere(path, { dev, ino })) this.#looks.delete(key);
    }
  }
}

const keyOf = ({ dev, ino }: FileIdentity): string => `${dev}:${ino}`;

/** The one that is missed least: what it is between is close together for its age. */
function thin({ firstMs, lastMs, bytes }: Looks): void {
  const nowMs = firstMs.at(-1) ?? 0;
  const at = (index: number): number => firstMs[index] ?? nowMs;
  let least = 1;
  let leastLoss = Number.POSITIVE_INFINITY;
  for (let index = 1; index < firstMs.length - 1; index += 1) {
    const loss = (at(index + 1) - at(index - 1)) / (nowMs - at(index) + 1);
    if (loss < leastLoss) [least, leastLoss] = [index, loss];
  }
  for (const list of [firstMs, lastMs, bytes]) list.splice(least, 1);
}
