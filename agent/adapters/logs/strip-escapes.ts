/**
 * Takes the escape sequences of terminals (colours, cursor movements) out of what a program prints:
 * `strip_ansi`. What counts as one is what Supervisor takes for one (dispatchers.py `stripEscapes`):
 * from `ESC [` to the first of its fifteen final letters, whatever stands between. Supervisor looks
 * at each piece that it happens to read by itself, and leaves the rest of a sequence in the log that
 * two reads have cut in two; here such a one is put together again.
 */

const ESCAPE = 0x1b;
const BEGIN = Buffer.from('\x1b[');

const isFinal = new Uint8Array(256);
for (const letter of 'HfABCDRsuJKhlpm') isFinal[letter.charCodeAt(0)] = 1;

/**
 * What may follow ESC in a sequence that is one by the standard (ECMA-48 §5.4: parameters,
 * intermediates) and has not ended. Anything else that has no end is not waited for.
 */
const UNFINISHED = /^(?:\[[0-?]*[ -/]*)?$/;
/** The longest in use set colours of 24 bits, for both grounds at once. */
const UNFINISHED_MAX = 64;

const NOTHING = Buffer.alloc(0);

export class EscapeStripper {
  #kept: Buffer = NOTHING;
  /** What came before `#kept` ended in a sequence without an end. */
  #isInside = false;

  /** @returns what is left of `chunk`; it may be `chunk` itself, or share its memory */
  strip(chunk: Uint8Array): Uint8Array {
    if (this.#kept.length === 0 && chunk.indexOf(ESCAPE) === -1) return chunk;
    const whole = Buffer.concat([this.#kept, chunk]);
    const end = unfinishedAt(whole);
    this.#kept = whole.subarray(end);
    const { left, isInside } = stripped(whole.subarray(0, end));
    this.#isInside = isInside;
    return left;
  }

  /** No more follows: what looked like the beginning of a sequence is judged as it stands. */
  end(): Uint8Array {
    const rest = this.#isInside ? NOTHING : stripped(this.#kept).left;
    this.#kept = NOTHING;
    return rest;
  }
}

interface Stripped {
  readonly left: Buffer;
  /** The text has ended before its last sequence has. */
  readonly isInside: boolean;
}

function stripped(text: Buffer): Stripped {
  const result = Buffer.allocUnsafe(text.length);
  let length = 0;
  let from = 0;
  while (from < text.length) {
    const begin = text.indexOf(BEGIN, from);
    const end = begin === -1 ? text.length : begin;
    length += text.copy(result, length, from, end);
    if (begin === -1) return { left: result.subarray(0, length), isInside: false };
    from = begin + BEGIN.length;
    while (from < text.length && isFinal[text[from] ?? 0] === 0) from += 1;
    from += 1;
  }
  return { left: result.subarray(0, length), isInside: from > text.length };
}

/** Where the sequence begins that `text` ends in the middle of; its length where there is none. */
function unfinishedAt(text: Buffer): number {
  const begin = text.lastIndexOf(ESCAPE);
  if (begin === -1 || text.length - begin > UNFINISHED_MAX) return text.length;
  return UNFINISHED.test(text.toString('latin1', begin + 1)) ? begin : text.length;
}
