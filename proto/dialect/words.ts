/**
 * Splits a command into the words that its program is started with, as Supervisor does, with
 * Python's `shlex.split`: quotes and backslashes as in a POSIX shell, and nothing else of a shell.
 * So `$HOME`, `*`, `|` and `#` are plain characters, and a line break only separates.
 *
 * Not the npm package `shlex`, which differs from Python's: it drops an escaped line break, reads
 * `$'…'` as bash does, and words its errors its own way. The integration test `dialect-python`
 * holds this one to Python.
 */
import { matchAt } from './match-at.ts';
import { repr } from './repr.ts';

export type Words =
  | { readonly ok: true; readonly words: readonly string[] }
  /** In Python's words, which is what people search for. */
  | { readonly ok: false; readonly why: 'No closing quotation' | 'No escaped character' };

export function splitWords(text: string): Words {
  const words: string[] = [];
  // Null between words, because `''` is a word too.
  let word: string | null = null;
  let at = 0;
  while (at < text.length) {
    const piece = readPiece(text, at);
    if (!piece.ok) return piece;
    if (piece.text !== null) {
      word = (word ?? '') + piece.text;
    } else if (word !== null) {
      words.push(word);
      word = null;
    }
    at = piece.end;
  }
  return { ok: true, words: word === null ? words : [...words, word] };
}

/** Supervisor's line for a command that cannot be split (process.py, `get_execv_args`). */
export function cannotParse(command: string, why: string): string {
  return `can't parse command ${repr(command)}: ${why}`;
}

type Piece =
  /** What it adds to the word; null: it ends the word. */
  | { readonly ok: true; readonly text: string | null; readonly end: number }
  | (Words & { readonly ok: false });

const NO_QUOTE: Piece = { ok: false, why: 'No closing quotation' };
const NO_CHARACTER: Piece = { ok: false, why: 'No escaped character' };

/** Only these four: to Python's shlex, unlike to its `str.split`, other white space is text. */
const SPACE = /[ \t\r\n]+/y;
const PLAIN = /[^ \t\r\n\\'"]+/y;

function readPiece(text: string, at: number): Piece {
  switch (text[at]) {
    case ' ':
    case '\t':
    case '\r':
    case '\n':
      return { ok: true, text: null, end: at + matchAt(SPACE, text, at).length };
    case "'":
      return readSingleQuoted(text, at);
    case '"':
      return readDoubleQuoted(text, at);
    case '\\':
      if (at + 1 === text.length) return NO_CHARACTER;
      return { ok: true, text: text.charAt(at + 1), end: at + 2 };
    default: {
      const plain = matchAt(PLAIN, text, at);
      return { ok: true, text: plain, end: at + plain.length };
    }
  }
}

function readSingleQuoted(text: string, openAt: number): Piece {
  const closeAt = text.indexOf("'", openAt + 1);
  if (closeAt === -1) return NO_QUOTE;
  return { ok: true, text: text.slice(openAt + 1, closeAt), end: closeAt + 1 };
}

/** A backslash escapes itself and the quote; before anything else it is text. */
function readDoubleQuoted(text: string, openAt: number): Piece {
  let read = '';
  for (let at = openAt + 1; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '"') return { ok: true, text: read, end: at + 1 };
    if (character === '\\') {
      at += 1;
      if (at === text.length) return NO_CHARACTER;
      const escaped = text.charAt(at);
      read += escaped === '"' || escaped === '\\' ? escaped : `\\${escaped}`;
    } else {
      read += character;
    }
  }
  return NO_QUOTE;
}
