/**
 * Puts before each line of a program's output the time at which the agent read its first byte
 * (`log_timestamps`). Reads may cut lines anywhere, and what is no text at all has lines too: they
 * end with a newline, whatever else is in them, so the bytes are handled as characters of Latin-1,
 * which pass unchanged.
 */

const NEWLINE = 0x0a;

/** One for all, as what is in it is written before the next is made; empty lines grow to 26 times. */
let scratch = Buffer.alloc(0);

export class LineTimes {
  readonly #nowMs: () => number;
  #isInside: boolean;
  #stampMs = Number.NaN;
  #stamp = '';

  /**
   * @param nowMs wall time
   * @param isInside what was written before has left a line without an end
   */
  constructor(nowMs: () => number, isInside: boolean) {
    this.#nowMs = nowMs;
    this.#isInside = isInside;
  }

  /** @returns good until the next call: `chunk`, with `2026-11-22T20:15:00.123Z ` before each line that begins in it */
  stamp(chunk: Uint8Array): Uint8Array {
    if (chunk.length === 0) return chunk;
    const stamp = this.#stampOfNow();
    const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1');
    const first = this.#isInside ? '' : stamp;
    this.#isInside = chunk[chunk.length - 1] !== NEWLINE;
    // What comes after the last newline begins no line before there is a byte of it.
    const [begun, end] = this.#isInside ? [text, ''] : [text.slice(0, -1), '\n'];
    const stamped = first + begun.replaceAll('\n', `\n${stamp}`) + end;
    if (scratch.length < stamped.length) scratch = Buffer.allocUnsafe(stamped.length * 2);
    return scratch.subarray(0, scratch.write(stamped, 'latin1'));
  }

  /** What is written next begins a line: the log is another file now, or an empty one. */
  beginAnew(): void {
    this.#isInside = false;
  }

  #stampOfNow(): string {
    const nowMs = this.#nowMs();
    if (nowMs !== this.#stampMs) this.#stamp = `${new Date(nowMs).toISOString()} `;
    this.#stampMs = nowMs;
    return this.#stamp;
  }
}
