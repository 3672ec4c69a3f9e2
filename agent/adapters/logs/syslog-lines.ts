/**
 * Cuts a program's output into the lines that go to the system's log: each begins with the name of
 * the process, as Supervisor's do (dispatchers.py), holds nothing that could end or disguise it, and
 * is short enough for logger(1). Reads may cut lines anywhere; what has no end yet is kept, as far
 * as one line goes.
 *
 * Bytes are handled as characters of Latin-1, so that what is not UTF-8 passes unchanged.
 */

/** ASCII's control characters but the tab, and those that UTF-8 writes as two bytes. */
const CONTROL = /[^\t -~\x80-\xff]|\xc2[\x80-\x9f]/g;

export class SyslogLines {
  readonly #prefix: string;
  readonly #lineBytesMax: number;
  #kept = '';

  /** @param lineBytesMax of the prefix and a piece of a line; longer ones become several */
  constructor(name: string, lineBytesMax: number) {
    this.#prefix = `${Buffer.from(name).toString('latin1')} `;
    this.#lineBytesMax = Math.max(16, lineBytesMax - this.#prefix.length);
  }

  /** Of a line that has no end yet. */
  get keptBytes(): number {
    return this.#kept.length;
  }

  /** The lines that are complete now, without newlines. */
  take(chunk: Uint8Array): readonly string[] {
    const text = this.#kept + latin1(chunk);
    const lines = text.split('\n');
    this.#kept = lines.pop() ?? '';
    const taken = lines.flatMap((line) => this.#pieces(line));
    if (this.#kept.length < this.#lineBytesMax) return taken;
    const pieces = this.#pieces(this.#kept);
    this.#kept = '';
    return [...taken, ...pieces];
  }

  /** No more follows: what has no newline is a line too. */
  end(): readonly string[] {
    const rest = this.#kept;
    this.#kept = '';
    return rest === '' ? [] : this.#pieces(rest);
  }

  #pieces(line: string): readonly string[] {
    const text = line.replace(/\r$/, '').replace(CONTROL, inOctal);
    const pieces: string[] = [];
    for (let from = 0; from < text.length || pieces.length === 0; ) {
      const end = endOfCharacter(text, from + this.#lineBytesMax);
      pieces.push(this.#prefix + text.slice(from, end));
      from = end;
    }
    return pieces;
  }
}

const latin1 = ({ buffer, byteOffset, length }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, length).toString('latin1');

/** As rsyslog writes them: `#033`. */
function inOctal(characters: string): string {
  return Array.from(characters, (one) => `#${one.charCodeAt(0).toString(8).padStart(3, '0')}`).join(
    '',
  );
}

/** Not in the middle of a character of UTF-8, which has at most three bytes of this kind. */
function endOfCharacter(text: string, end: number): number {
  for (let back = 0; back <= 3 && end < text.length; back += 1) {
    const code = text.charCodeAt(end - back);
    if (code < 0x80 || code > 0xbf) return end - back;
  }
  return Math.min(end, text.length);
}
