/**
 * The text of a selector and how far it is read: the few movements that every part of the grammar
 * is made of. Each looks at a character a bounded number of times, so reading is linear.
 */
import { WORD_LENGTH_MAX } from './limits.ts';
import { type Mistake, mistake } from './mistake.ts';

/** Mutable only while one selector is read. */
export interface Reader {
  readonly text: string;
  at: number;
  /** Counted against `NAMES_MAX` and `PATTERNS_MAX`. */
  names: number;
  patterns: number;
}

export const createReader = (text: string): Reader => ({ text, at: 0, names: 0, patterns: 0 });

/** What ends every term, unless it is quoted. */
const STRUCTURE = new Set([',', '!', '&', '^', '(', ')']);

/** Nearly every character is told apart by the comparison alone. */
export function isSpace(character: string | undefined): boolean {
  if (character === undefined || (character > ' ' && character < '\u0080')) return false;
  return /\s/.test(character);
}

/** The end of the text counts. */
export function endsTerm(character: string | undefined): boolean {
  return character === undefined || STRUCTURE.has(character) || isSpace(character);
}

export function peek(reader: Reader): string | undefined {
  return reader.text[reader.at];
}

export function skipSpace(reader: Reader): void {
  while (isSpace(peek(reader))) reader.at += 1;
}

/** @param pattern sticky */
export function looksAt(reader: Reader, pattern: RegExp): string | null {
  pattern.lastIndex = reader.at;
  return pattern.exec(reader.text)?.[0] ?? null;
}

/** Up to what ends a term, or one of `stops`. May be empty. */
export function readBare(reader: Reader, stops: string): string {
  const start = reader.at;
  for (;;) {
    const character = peek(reader);
    if (endsTerm(character) || (character !== undefined && stops.includes(character))) break;
    reader.at += 1;
  }
  return reader.text.slice(start, reader.at);
}

/** A name with its ranges, in whose brackets commas stand. May be empty. */
export function readName(reader: Reader): string {
  const start = reader.at;
  for (;;) {
    readBare(reader, '[="<>');
    if (peek(reader) !== '[') break;
    const close = reader.text.indexOf(']', reader.at);
    reader.at = close === -1 ? reader.text.length : close + 1;
  }
  return reader.text.slice(start, reader.at);
}

/** The reader stands at the opening quote. Within, a backslash protects the next character. */
export function readQuoted(reader: Reader): { readonly raw: string } | Mistake {
  const start = reader.at;
  for (reader.at += 1; reader.at < reader.text.length; reader.at += 1) {
    const character = peek(reader);
    if (character === '\\') reader.at += 1;
    if (character !== '"') continue;
    reader.at += 1;
    return { raw: reader.text.slice(start + 1, reader.at - 1) };
  }
  return mistake(start, 'this quotation mark is never closed');
}

/** Other characters are likely slips: `||`, `==`, a `}` too many. */
const UNFIT_IN_VALUE = /[^\p{L}\p{N}\p{M}_.*?:/@%+~#-]/u;

/** A value, quoted or not, never empty unless quoted. `example` follows "for example". */
export function readValue(reader: Reader, example: string): { readonly value: string } | Mistake {
  const start = reader.at;
  if (peek(reader) === '"') {
    const quoted = readQuoted(reader);
    if ('kind' in quoted) return quoted;
    return fitting(start, quoted.raw.replace(/\\(.)/gsu, '$1'));
  }
  const value = readBare(reader, '"=<>');
  const unfit = UNFIT_IN_VALUE.exec(value);
  if (unfit !== null) {
    const found = JSON.stringify(unfit[0]);
    return mistake(start + unfit.index, `a value with ${found} in it needs quotation marks`);
  }
  if (value === '') return mistake(start, `a value is missing here, for example ${example}`);
  return fitting(start, value);
}

function fitting(at: number, value: string): { readonly value: string } | Mistake {
  if (value.length <= WORD_LENGTH_MAX) return { value };
  return mistake(at, `a value has at most ${WORD_LENGTH_MAX} characters`);
}
