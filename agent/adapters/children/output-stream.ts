/**
 * Captures what one process prints. Its stdout and stderr are FIFOs (`fifos.ts`) that belong to the
 * process name, not to one child: the keeper holds them open, so a program may go on writing while
 * no agent reads, and the next agent drains them. Bytes are copied from the FIFO to the log in the
 * callback that reads them, outside the driver's queue. A log that cannot keep up is waited for by
 * not reading on, so that only the program waits.
 *
 * What the agent has read and not yet written when it is killed (SIGKILL, the kernel's out-of-memory
 * killer) is lost: one chunk of one stream, as there is one thread. From read(2) to write(2) it takes
 * 2 µs in a busy agent and 55 in one that has slept, whose caches are cold, where Node reads by
 * itself; so while a program prints, it is read from a timer, with the way to the log just walked
 * once for nothing (20 µs), and Node only tells when it begins to. How often it is read at all is up
 * to `reading-pace.ts`. Nothing is ever read twice, and any other end of the agent loses nothing.
 */
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import type { LastLines } from '../logs/last-lines.ts';
import type { LogSink } from '../logs/log-sink.ts';
import { ReadingPace } from './reading-pace.ts';

/** What the kernel's pipe holds at the most; one buffer serves every stream, as reads are copied. */
const CHUNK_BYTES = 65_536;
const sharedBuffer = Buffer.allocUnsafe(CHUNK_BYTES);

const NOTHING = Buffer.alloc(0);

/** Then it is somebody else's turn: other programs' output, heartbeats, orders. */
const TURN_MAX_BYTES = 131_072;

/** A grandchild may go on printing for ever; what its parent printed is long read by then. */
const DRAIN_MAX_BYTES = 4 * 1_048_576;

/** O_RDWR: opening never waits for a writer, and the last writer's end is no end of file. */
const FIFO_FLAGS = constants.O_RDWR | constants.O_NONBLOCK;

export class OutputStream implements Disposable {
  readonly #descriptor: number;
  readonly #socket: Socket;
  #log: LogSink | null;
  readonly #lastLines: LastLines;
  readonly #pace = new ReadingPace(performance.now());
  /** Read since others had their turn. */
  #turnBytes = 0;

  /** @param openLog is called once the FIFO is open, so that nothing is left open if it cannot be */
  constructor(fifoPath: string, openLog: () => LogSink | null, lastLines: LastLines) {
    this.#lastLines = lastLines;
    this.#descriptor = openSync(fifoPath, FIFO_FLAGS);
    const options: SocketConstructorOpts & { readonly onread: OnReadOpts } = {
      fd: this.#descriptor,
      readable: true,
      writable: false,
      onread: {
        buffer: sharedBuffer,
        callback: (length, buffer) => {
          this.#copy(buffer.subarray(0, length));
          return this.#mayReadOn(length);
        },
      },
    };
    try {
      this.#socket = new Socket(options);
    } catch (error) {
      closeSync(this.#descriptor);
      throw error;
    }
    this.#log = openLog();
    this.#socket.on('error', () => undefined);
    // The agent's life does not depend on its children's output.
    this.#socket.unref();
    // The code of the first copy in an agent's life is not compiled yet, which takes half a
    // millisecond; better with nothing in hand than with what was printed while no agent ran.
    this.#copy(NOTHING);
    this.#look();
  }

  /** Reads what is in the FIFO now: called when the process has ended, so that nothing is missed. */
  drain(): void {
    this.#log?.warmUp?.();
    this.#copyRest();
    this.#log?.flush?.();
  }

  reopenLog(): void {
    this.#log?.reopen();
  }

  /** The program is about to be started once more; its log may have been moved or removed. */
  reopenMovedLog(): void {
    this.#log?.reopenIfMoved?.();
  }

  /** Of what is said about the program, not by it: none of its last lines. */
  addToLog(text: string): void {
    this.#log?.write(Buffer.from(text));
    this.#log?.flush?.();
  }

  /** @returns why it could not be emptied, or null */
  clearLog(): string | null {
    return this.#log?.clear() ?? null;
  }

  /** What has been read is in the old log, all that follows goes to the new one. */
  replaceLog(openLog: () => LogSink | null): void {
    this.#log?.[Symbol.dispose]();
    this.#log = openLog();
    this.#readOn();
  }

  [Symbol.dispose](): void {
    this.drain();
    this.#socket.destroy();
    this.#log?.[Symbol.dispose]();
    this.#log = null;
  }

  /** False: not now; somebody will call `#readOn`, or look by himself. */
  #mayReadOn(length: number): boolean {
    if (this.#log?.isBehind?.(this.#readOn) ?? false) return false;
    this.#turnBytes += length;
    const pauseMs = this.#pace.pauseAfter(length, performance.now());
    if (pauseMs > 0) setTimeout(this.#look, pauseMs).unref();
    else if (this.#turnBytes < TURN_MAX_BYTES) return true;
    else setImmediate(this.#readOn);
    this.#turnBytes = 0;
    return false;
  }

  #readOn = (): void => {
    if (!this.#socket.destroyed) this.#socket.resume();
  };

  #look = (): void => {
    if (this.#socket.destroyed) return;
    this.#log?.warmUp?.();
    const length = this.#copyOnce();
    if (length === 0 || this.#mayReadOn(length)) this.#readOn();
  };

  #copyRest(): void {
    for (let total = 0; total < DRAIN_MAX_BYTES; ) {
      const length = this.#copyOnce();
      if (length === 0) return;
      total += length;
    }
  }

  /** @returns how much; 0: nothing is there now */
  #copyOnce(): number {
    try {
      const length = readSync(this.#descriptor, sharedBuffer, 0, CHUNK_BYTES, null);
      this.#copy(sharedBuffer.subarray(0, length));
      return length;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).syscall === 'read') return 0; // EAGAIN: empty
      throw error;
    }
  }

  #copy(chunk: Uint8Array): void {
    this.#log?.write(chunk);
    this.#lastLines.add(chunk);
  }
}
