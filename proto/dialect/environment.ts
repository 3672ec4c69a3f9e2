/**
 * The grammar of `environment=`: `KEY="value",KEY2=value2`, also over several lines, and of our
 * `labels=`. It is Supervisor 4.2's (datatypes.py, `dict_of_key_value_pairs`), which takes the
 * words of Python's `shlex` in its non-POSIX mode by fours: key, equals sign, value, separator.
 *
 * So a backslash escapes nothing, a value with other characters than letters, digits and
 * `_/.+-():` needs quotes, and `#` outside quotes begins a comment. Values may be secrets: no
 * message ever shows one.
 */
import { matchAt } from './match-at.ts';

export type KeyValues =
  | {
      readonly ok: true;
      readonly values: ReadonlyMap<string, string>;
      /** Something that Supervisor takes silently, but which was hardly meant. */
      readonly doubt: string | null;
    }
  | { readonly ok: false; readonly why: string };

export function parseKeyValues(text: string): KeyValues {
  const words = splitWords(text);
  if (words === null) return { ok: false, why: 'a quotation mark is never closed' };
  const values = new Map<string, string>();
  let doubt: string | null = null;
  let last = 'the beginning';
  for (let at = 0; at < words.length; at += 4) {
    const [key, equals, value, separator] = words.slice(at, at + 4);
    if (key === undefined || equals !== '=' || value === undefined) {
      return { ok: false, why: `what follows ${last} is not KEY="value"; ${QUOTING}` };
    }
    values.set(key, stripQuotes(value));
    last = `the value of ${NAME.test(key) ? key : 'a key'}`;
    if (separator !== undefined && separator !== ',' && doubt === null) {
      doubt = `${last} ends where no comma stands; ${QUOTING}`;
    }
  }
  return { ok: true, values, doubt };
}

const QUOTING = 'values with other characters than letters, digits and _/.+-(): need quotes';

/** Only such a key is shown: others may be a piece of a value. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;

const SPACE = ' \t\r\n';
const WORD = /[A-Za-z0-9_/.+\-():]+/y;
/** A quote inside a word belongs to it. */
const WORD_OR_QUOTE = /[A-Za-z0-9_/.+\-():'"]+/y;

/** The words of `shlex.shlex(text)` with `/.+-():` counted as letters; null: an open quote. */
function splitWords(text: string): readonly string[] | null {
  const words: string[] = [];
  let at = 0;
  while (at < text.length) {
    const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
    if (SPACE.includes(character)) {
      at += 1;
    } else if (character === '#') {
      at = afterLine(text, at);
    } else if (character === '"' || character === "'") {
      const close = text.indexOf(character, at + 1);
      if (close === -1) return null;
      words.push(text.slice(at, close + 1));
      at = close + 1;
    } else if (matchAt(WORD, text, at) === '') {
      words.push(character);
      at += character.length;
    } else {
      const word = readWord(text, at);
      words.push(word.text);
      at = word.end;
    }
  }
  return words;
}

/** A comment within a word takes the rest of its line, and the word goes on in the next. */
function readWord(text: string, start: number): { readonly text: string; readonly end: number } {
  let word = '';
  let at = start;
  while (at < text.length) {
    const piece = matchAt(WORD_OR_QUOTE, text, at);
    word += piece;
    at += piece.length;
    if (text[at] !== '#') break;
    at = afterLine(text, at);
  }
  return { text: word, end: at };
}

function afterLine(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end === -1 ? text.length : end + 1;
}

/** All quotation marks at both ends, of either sort, as Python's `strip`. */
function stripQuotes(word: string): string {
  let start = 0;
  let end = word.length;
  while (start < end && isQuote(word[start])) start += 1;
  while (end > start && isQuote(word[end - 1])) end -= 1;
  return word.slice(start, end);
}

const isQuote = (character: string | undefined): boolean => character === '"' || character === "'";
