/**
 * One log file of one process, rotated by size as Supervisor does (loggers.py
 * RotatingFileHandler): looked at after each write, `x.log` becomes `x.log.1`, and so on up to
 * `backups`; with none the file is begun anew. Writing is synchronous, because a chunk must be on
 * its way before the next is read, and it never stops the program: what cannot be written is lost,
 * counted, and said once for each spell of trouble.
 */

import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  writeSync,
} from 'node:fs';
import { messageOf } from '../../../proto/errors.ts';
import type { LogDefinition } from '../../core/definition.ts';
import { assertHarmless, findFilePlace, linkFlag } from '../host/file-place.ts';
import { leadsTo } from '../host/same-file.ts';
import { shiftBackups } from './log-backups.ts';

/** O_NONBLOCK: a FIFO that nobody reads must not stop the agent. O_NOCTTY: nor may a terminal own it. */
const OPEN_FLAGS =
  constants.O_WRONLY |
  constants.O_APPEND |
  constants.O_CREAT |
  constants.O_NONBLOCK |
  constants.O_NOCTTY;

/** As Python's `open`: less what the agent's umask takes away. */
const FILE_MODE = 0o666;

const NOTHING = Buffer.alloc(0);

/** For a FIFO or a terminal that is full: its reader may only be busy. Worth a moment, not more. */
const FULL_WAIT_MS = 5;
const FULL_WAITS_MAX = 20;

export interface LogFileOptions extends Pick<LogDefinition, 'maxBytes' | 'backups'> {
  /** Of a file that is not there yet; less what the umask takes away. */
  readonly mode?: number;
  /** Told of so many bytes that could not be written. */
  readonly onLost?: (bytes: number) => void;
}

export class LogFile implements Disposable {
  readonly path: string;
  readonly #options: LogFileOptions;
  readonly #onProblem: (problem: string) => void;
  #descriptor: number | null = null;
  /** Devices and FIFOs have no size and are never rotated. */
  #isFile = false;
  #sizeBytes = 0;
  #cannotWrite = false;
  #cannotRotate = false;

  constructor(path: string, options: LogFileOptions, onProblem: (problem: string) => void) {
    this.path = path;
    this.#options = options;
    this.#onProblem = onProblem;
    this.#open();
  }

  write(chunk: Uint8Array): void {
    if (this.#descriptor === null) this.#open();
    const written = this.#descriptor === null ? 0 : this.#writeMost(this.#descriptor, chunk);
    if (written < chunk.length) this.#options.onLost?.(chunk.length - written);
    const { maxBytes } = this.#options;
    const hasReachedIt = maxBytes > 0 && this.#sizeBytes >= maxBytes && this.#isFile;
    // As under Supervisor, a log that was too large before is left alone until something is printed.
    if (hasReachedIt && chunk.length > 0) this.#rotate();
  }

  /** A write of nothing, which changes nothing, brings all that writing needs into the caches. */
  warmUp(): void {
    if (this.#descriptor === null || !this.#isFile) return;
    try {
      writeSync(this.#descriptor, NOTHING);
    } catch {
      // What is wrong is told by the write of something.
    }
  }

  /** For whoever has moved the file away: a new one is made. */
  reopen(): void {
    this[Symbol.dispose]();
    this.#open();
  }

  /**
   * Where a new one cannot be opened, what is written goes on into the one that was moved.
   * @returns whether it goes into another file now
   */
  reopenIfMoved(): boolean {
    const before = this.#descriptor;
    if (before !== null) {
      const stats = fstatSync(before);
      this.#sizeBytes = stats.size;
      if (leadsTo(this.path, stats)) return false;
    }
    this.#open();
    const isAnother = this.#descriptor !== before;
    if (before !== null && isAnother) closeSync(before);
    return isAnother;
  }

  /** Empties the file; those rotated away stay. @returns why it could not, or null */
  clear(): string | null {
    try {
      if (this.#descriptor === null) this.#open();
      if (this.#descriptor !== null && this.#isFile) ftruncateSync(this.#descriptor);
      this.#sizeBytes = 0;
      return this.#descriptor === null ? `cannot open ${this.path}` : null;
    } catch (error) {
      return `cannot clear ${this.path}: ${reasonOf(error)}`;
    }
  }

  [Symbol.dispose](): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }

  #open(): void {
    try {
      this.#descriptor = openForAppending(this.path, this.#options.mode ?? FILE_MODE);
      const stats = fstatSync(this.#descriptor);
      this.#isFile = stats.isFile();
      this.#sizeBytes = stats.size;
    } catch (error) {
      this.#complain(error);
    }
  }

  /** @returns how much; the rest cannot be written */
  #writeMost(descriptor: number, chunk: Uint8Array): number {
    let from = 0;
    for (let waits = 0; from < chunk.length; ) {
      try {
        const length = writeSync(descriptor, chunk, from);
        from += length;
        this.#sizeBytes += length;
      } catch (error) {
        waits += 1;
        // Whoever did not read the last chunk in time is not waited for again.
        const isWorthWaiting = isFull(error) && !this.#cannotWrite && waits <= FULL_WAITS_MAX;
        if (!isWorthWaiting) {
          this.#complain(error);
          return from;
        }
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_WAIT_MS);
      }
    }
    this.#cannotWrite = false;
    return from;
  }

  #rotate(): void {
    if (this.#descriptor === null) return;
    const stats = fstatSync(this.#descriptor);
    const { backups } = this.#options;
    let isOurs = true;
    try {
      isOurs = backups > 0 ? shiftBackups(this.path, backups, stats) : leadsTo(this.path, stats);
      this.#cannotRotate = false;
    } catch (error) {
      if (!this.#cannotRotate) this.#onProblem(`cannot rotate ${this.path}: ${reasonOf(error)}`);
      this.#cannotRotate = true;
    }
    this.reopen();
    if (backups === 0 && isOurs) this.clear();
    // Where it could not be moved away, the next try is after as much again, not with each chunk.
    else if (this.#cannotRotate) this.#sizeBytes = 0;
  }

  /** Once for each spell of trouble: a full disk would otherwise be reported with every chunk. */
  #complain(error: unknown): void {
    if (this.#cannotWrite) return;
    this.#cannotWrite = true;
    this.#onProblem(`cannot write ${this.path}: ${reasonOf(error)}`);
  }
}

/** Empties a log that nothing has open. @returns why it could not, or null; none there is fine */
export function clearLogFile(path: string): string | null {
  try {
    using place = findFilePlace(path);
    // Merely opening a device can have effects, and there is nothing in it to be emptied.
    if (isSpecial(place.path)) return null;
    const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
    const descriptor = openSync(place.path, flags | linkFlag(place));
    try {
      const stats = fstatSync(descriptor);
      assertHarmless(place, stats);
      if (stats.isFile()) ftruncateSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    return null;
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return isMissing ? null : `cannot clear ${path}: ${reasonOf(error)}`;
  }
}

function openForAppending(path: string, mode: number): number {
  using place = findFilePlace(path);
  const descriptor = openSync(place.path, OPEN_FLAGS | linkFlag(place), mode);
  try {
    assertHarmless(place, fstatSync(descriptor));
    return descriptor;
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

function isSpecial(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found !== undefined && !found.isFile() && !found.isDirectory() && !found.isSymbolicLink();
}

const isFull = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'EAGAIN';

/** `EACCES: permission denied`, without the call and the path that Node adds, which is not as configured. */
function reasonOf(error: unknown): string {
  const text = messageOf(error);
  const { syscall } = error as NodeJS.ErrnoException;
  return syscall === undefined ? text : text.slice(0, text.lastIndexOf(`, ${syscall}`));
}
