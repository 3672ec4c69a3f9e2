/**
 * Reads the logs of programs for whoever watches them: the end of one, and what is added to it from
 * then on. Programs may write faster than a watcher reads; so little is read at a time, and no more
 * until it is taken.
 */
import {
  closeSync,
  type FSWatcher,
  fstatSync,
  readSync,
  type Stats,
  statSync,
  watch,
} from 'node:fs';
import { isSameFile } from '../host/same-file.ts';
import { type OpenLog, openLog } from './open-log.ts';

/** Takes a piece; the next is read when it is done. It owns the piece. */
export type ChunkTaker = (chunk: Buffer) => void | Promise<void>;

const CHUNK_BYTES = 65_536;

/** Changes are told by the kernel; looking is for where it cannot (NFS), and for what it dropped. */
const LOOK_INTERVAL_MS = 1_000;

/** @returns at most the last `bytes` bytes; null where there is no such file, or none to be shown */
export function readTail(path: string, bytes: number): Buffer | null {
  const log = openLog(path);
  if (log === null) return null;
  try {
    const from = Math.max(0, log.stats.size - bytes);
    const tail = Buffer.alloc(log.stats.size - from);
    let length = 0;
    while (length < tail.length) {
      const read = readSync(log.descriptor, tail, length, tail.length - length, from + length);
      if (read === 0) break; // emptied meanwhile
      length += read;
    }
    return tail.subarray(0, length);
  } finally {
    closeSync(log.descriptor);
  }
}

/**
 * What is added from now on, through rotation and emptying; before it the last `tailBytes` of what
 * is there. The file need not be there yet. Ends when disposed, or when `take` fails.
 */
export function followLog(
  path: string,
  take: ChunkTaker,
  { tailBytes = 0 }: { readonly tailBytes?: number } = {},
): Disposable {
  return new LogFollower(path, take, tailBytes);
}

class LogFollower implements Disposable {
  readonly #path: string;
  readonly #take: ChunkTaker;
  readonly #interval: NodeJS.Timeout;
  #log: OpenLog | null = null;
  #position = 0;
  #watcher: FSWatcher | null = null;
  #isLooking = false;
  #mustLookAgain = false;
  #isDisposed = false;

  constructor(path: string, take: ChunkTaker, tailBytes: number) {
    this.#path = path;
    this.#take = take;
    this.#open(path);
    this.#position = Math.max(0, (this.#log?.stats.size ?? 0) - tailBytes);
    this.#interval = setInterval(() => this.#look(), LOOK_INTERVAL_MS).unref();
    queueMicrotask(() => this.#look());
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    clearInterval(this.#interval);
    this.#close();
  }

  #look(): void {
    this.#mustLookAgain = true;
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#readAll()
      .catch(() => this[Symbol.dispose]())
      .finally(() => {
        this.#isLooking = false;
      });
  }

  async #readAll(): Promise<void> {
    while (this.#mustLookAgain) {
      this.#mustLookAgain = false;
      for (let chunk = this.#next(); chunk !== null; chunk = this.#next()) await this.#take(chunk);
    }
  }

  /** Null: there is no more for now. */
  #next(): Buffer | null {
    if (this.#isDisposed) return null;
    if (this.#log === null) this.#open(this.#path);
    for (let log = this.#log; log !== null; log = this.#log) {
      const chunk = this.#read(log.descriptor);
      if (chunk !== null) return chunk;
      // Once it is another file, nobody adds to this one; but somebody may have until just now.
      const isCurrent = isSameFile(log.stats, statSync(this.#path, { throwIfNoEntry: false }));
      const last = this.#read(log.descriptor);
      if (last !== null) return last;
      if (isCurrent) return null;
      this.#open(successorOf(this.#path, log.stats));
    }
    return null;
  }

  #read(descriptor: number): Buffer | null {
    const { size } = fstatSync(descriptor);
    if (size < this.#position) this.#position = 0; // emptied
    if (size === this.#position) return null;
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, size - this.#position));
    const length = readSync(descriptor, chunk, 0, chunk.length, this.#position);
    this.#position += length;
    return length === 0 ? null : chunk.subarray(0, length);
  }

  #open(path: string): void {
    this.#close();
    this.#log = openLog(path);
    this.#position = 0;
    if (this.#log === null) return;
    try {
      this.#watcher = watch(this.#path, { persistent: false }, () => this.#look());
      this.#watcher.on('error', () => undefined);
    } catch {
      // The kernel gives out few watches; the interval finds what is new.
    }
  }

  #close(): void {
    this.#watcher?.close();
    this.#watcher = null;
    if (this.#log !== null) closeSync(this.#log.descriptor);
    this.#log = null;
  }
}

/** Where `x.log` was rotated more than once meanwhile, the next one is `x.log.2` or so. */
function successorOf(path: string, old: Stats): string {
  for (let index = 1; index <= BACKUPS_SEARCHED_MAX; index += 1) {
    const stats = statSync(`${path}.${index}`, { throwIfNoEntry: false });
    if (stats === undefined) return path;
    if (isSameFile(old, stats)) return index === 1 ? path : `${path}.${index - 1}`;
  }
  return path;
}

/** Where others may write there can be any number of them. */
const BACKUPS_SEARCHED_MAX = 1_000;
