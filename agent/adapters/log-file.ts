/**
 * One log file of one process, rotated by size as Supervisor does: `x.log` becomes `x.log.1`, and
 * so on up to `backups`. Writing is synchronous, because a chunk must be on its way before the next
 * is read, and it never stops the program: what cannot be written is lost, and said once.
 */
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { LogDefinition } from '../core/definition.ts';

const OPEN_FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT;
const WRITABLE_BY_OTHERS = 0o022;

export class LogFile implements Disposable {
  readonly path: string;
  readonly #maxBytes: number;
  readonly #backups: number;
  readonly #onProblem: (problem: string) => void;
  #descriptor: number | null = null;
  #sizeBytes = 0;
  #hasProblem = false;

  constructor(
    path: string,
    limits: Pick<LogDefinition, 'maxBytes' | 'backups'>,
    onProblem: (problem: string) => void,
  ) {
    this.path = path;
    this.#maxBytes = limits.maxBytes;
    this.#backups = limits.backups;
    this.#onProblem = onProblem;
    this.#open();
  }

  write(chunk: Uint8Array): void {
    if (this.#descriptor === null) this.#open();
    if (this.#descriptor === null) return;
    try {
      for (let from = 0; from < chunk.length; ) {
        from += writeSync(this.#descriptor, chunk, from);
      }
      this.#sizeBytes += chunk.length;
      this.#hasProblem = false;
    } catch (error) {
      this.#complain(error);
    }
    if (this.#maxBytes > 0 && this.#sizeBytes >= this.#maxBytes) this.#rotate();
  }

  /** For whoever has moved the file away: the next write makes a new one. */
  reopen(): void {
    this[Symbol.dispose]();
    this.#open();
  }

  [Symbol.dispose](): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }

  #open(): void {
    try {
      this.#descriptor = openSync(this.path, flagsFor(this.path), 0o644);
      this.#sizeBytes = fstatSync(this.#descriptor).size;
    } catch (error) {
      this.#complain(error);
    }
  }

  #rotate(): void {
    this[Symbol.dispose]();
    try {
      if (this.#backups === 0) rmSync(this.path, { force: true });
      for (let index = this.#backups; index >= 1; index -= 1) {
        renameIfThere(
          index === 1 ? this.path : `${this.path}.${index - 1}`,
          `${this.path}.${index}`,
        );
      }
    } catch (error) {
      this.#complain(error);
    }
    this.#open();
  }

  /** Once for each spell of trouble: a full disk would otherwise be reported with every chunk. */
  #complain(error: unknown): void {
    if (this.#hasProblem) return;
    this.#hasProblem = true;
    this.#onProblem(`cannot write ${this.path}: ${error instanceof Error ? error.message : error}`);
  }
}

/** Where others can write, a link could make the agent write to any file of its user. */
function flagsFor(path: string): number {
  const isExposed = (statSync(dirname(path)).mode & WRITABLE_BY_OTHERS) !== 0;
  return isExposed ? OPEN_FLAGS | constants.O_NOFOLLOW : OPEN_FLAGS;
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
