/**
 * The agent's own stdout and stderr as a log of its programs (`stdout_logfile = /dev/stdout`), which
 * containers and service managers collect. Whoever reads it may be slow or hang, and must then slow
 * down only the programs that write to it, as if they held it themselves: the agent never waits.
 */

import { closeSync, constants, fstatSync, openSync, type Stats, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { messageOf } from '../../../proto/errors.ts';
import { isSameFile } from '../host/same-file.ts';
import type { LogSink } from './log-sink.ts';

/** While something is kept no more is read; this is for what comes all the same, as at an exit. */
const KEPT_MAX_BYTES = 1_048_576;

/** Node cannot be told of room in a pipe, so it is tried now and then. */
const RETRY_MS = 20;

const FULL_WAIT_MS = 5;
const FULL_WAITS_MAX = 20;

/** One for all programs, so that a chunk that is written in two goes is not torn by another's. */
const shared = new Map<1 | 2, StandardStream>();

/**
 * Disposing it gives the last words a chance; the stream itself is never closed.
 * @param onLost told of so many bytes that could not be written
 */
export function standardSink(
  standard: 1 | 2,
  onProblem: (problem: string) => void,
  onLost: (bytes: number) => void = () => undefined,
): LogSink {
  const stream = shared.get(standard) ?? new StandardStream(standard, onProblem);
  shared.set(standard, stream);
  return {
    write: (chunk) => stream.write(chunk, onLost),
    isBehind: (resume) => stream.isBehind(resume),
    reopen: () => undefined,
    clear: () => null,
    [Symbol.dispose]: () => stream.settle(),
  };
}

interface KeptChunk {
  readonly bytes: Uint8Array;
  readonly onLost: (bytes: number) => void;
}

class StandardStream {
  readonly #standard: 1 | 2;
  readonly #descriptor: number;
  readonly #onProblem: (problem: string) => void;
  #kept: KeptChunk[] = [];
  #keptBytes = 0;
  #waiting: (() => void)[] = [];
  #timer: NodeJS.Timeout | null = null;
  #hasProblem = false;
  #isStuck = false;

  constructor(standard: 1 | 2, onProblem: (problem: string) => void) {
    this.#standard = standard;
    this.#descriptor = openWithoutWaiting(standard);
    this.#onProblem = onProblem;
  }

  /** Keeps a copy of what there is no room for now. */
  write(chunk: Uint8Array, onLost: KeptChunk['onLost']): void {
    const done = this.#keptBytes === 0 ? this.#writeSome(chunk, onLost) : 0;
    const rest = chunk.subarray(done);
    if (rest.length === 0) return;
    if (this.#keptBytes >= KEPT_MAX_BYTES) {
      this.#complain('its reader does not follow; output is lost');
      return onLost(rest.length);
    }
    this.#kept.push({ bytes: Uint8Array.from(rest), onLost });
    this.#keptBytes += rest.length;
    this.#retryLater();
  }

  /** True: nothing more should be written now; `resume` is called, once, when it may be. */
  isBehind(resume: () => void): boolean {
    if (this.#keptBytes === 0) return false;
    this.#waiting.push(resume);
    return true;
  }

  /** Last words, as the agent may end now: a reader who is only busy is given a moment, once. */
  settle(): void {
    this.#writeKept();
    for (let waits = 0; this.#keptBytes > 0 && !this.#isStuck; waits += 1) {
      this.#isStuck = waits === FULL_WAITS_MAX;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_WAIT_MS);
      this.#writeKept();
    }
  }

  #retryLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#writeKept();
      if (this.#keptBytes > 0) return this.#retryLater();
      const resumed = this.#waiting;
      this.#waiting = [];
      for (const resume of resumed) resume();
    }, RETRY_MS).unref();
  }

  #writeKept(): void {
    for (let first = this.#kept[0]; first !== undefined; first = this.#kept[0]) {
      const { bytes, onLost } = first;
      const done = this.#writeSome(bytes, onLost);
      this.#keptBytes -= done;
      if (done < bytes.length) {
        this.#kept[0] = { bytes: bytes.subarray(done), onLost };
        return;
      }
      this.#kept.shift();
    }
  }

  /** @returns how much is done with: there was room for it, or it cannot be written at all */
  #writeSome(chunk: Uint8Array, onLost: KeptChunk['onLost']): number {
    let from = 0;
    try {
      while (from < chunk.length) {
        from += writeSync(this.#descriptor, chunk, from);
        this.#isStuck = false;
      }
      this.#hasProblem = false;
      return from;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return from;
      this.#complain(messageOf(error));
      onLost(chunk.length - from);
      return chunk.length;
    }
  }

  #complain(why: string): void {
    if (this.#hasProblem) return;
    this.#hasProblem = true;
    const name = this.#standard === 1 ? 'stdout' : 'stderr';
    this.#onProblem(`cannot write the agent's own ${name}: ${why}`);
  }
}

/**
 * Others may share our stdout and rely on writes that wait, so a pipe or a terminal is opened once
 * more for ourselves. A socket (systemd's journal) cannot be; that one is ours alone.
 */
function openWithoutWaiting(standard: 1 | 2): number {
  const stats = fstatSync(standard);
  if (stats.isFile()) return standard;
  if (stats.isSocket()) return withoutWaiting(standard);
  return openedAgain(standard, stats) ?? standard;
}

function openedAgain(standard: 1 | 2, stats: Stats): number | null {
  try {
    const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
    const descriptor = openSync(`/dev/fd/${standard}`, flags);
    if (isSameFile(stats, fstatSync(descriptor))) return descriptor;
    closeSync(descriptor);
    return null;
  } catch {
    return null; // no /dev/fd, or a terminal of somebody else
  }
}

/** Never closed: it would take our stdout with it. */
const socketsForEver: Socket[] = [];

/** The one way that Node has to make a descriptor non-blocking; nothing goes through the object. */
function withoutWaiting(standard: 1 | 2): number {
  try {
    socketsForEver.push(new Socket({ fd: standard, readable: false, writable: true }).unref());
  } catch {
    // Of a kind that Node does not know; writing to it may then wait.
  }
  return standard;
}
