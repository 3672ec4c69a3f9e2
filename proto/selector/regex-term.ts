/**
 * Where a regular expression ends. `~^web-(a|b)\d{1,3}$` holds characters that are operators
 * elsewhere, so brackets of all sorts are counted, and `^` is an anchor at the beginning, after `(`
 * and after `|`, where no operator could stand. Anything else can be quoted: `~"a, b"`.
 */
import { WORD_LENGTH_MAX } from './limits.ts';
import { type Mistake, mistake } from './mistake.ts';
import { isSpace, peek, type Reader, readQuoted } from './reader.ts';
import type { Term } from './syntax.ts';

/** The reader stands behind the tilde, which stood at `at`. */
export function readRegex(reader: Reader, at: number): Term | Mistake {
  let pattern: string;
  if (peek(reader) === '"') {
    const quoted = readQuoted(reader);
    if ('kind' in quoted) return quoted;
    pattern = quoted.raw;
  } else {
    const start = reader.at;
    reader.at = endOf(reader.text, start);
    pattern = reader.text.slice(start, reader.at);
  }
  // An empty one would be found in every name.
  if (pattern === '') return mistake(at, 'a regular expression is missing here, for example ~^web');
  if (pattern.length > WORD_LENGTH_MAX) {
    return mistake(at, `a regular expression has at most ${WORD_LENGTH_MAX} characters`);
  }
  return { kind: 'regex', at, pattern };
}

function endOf(text: string, start: number): number {
  let depth = 0;
  let at = start;
  for (; at < text.length; at += 1) {
    const character = text[at];
    if (isSpace(character)) break;
    if (depth === 0 && character !== undefined && ',!&)'.includes(character)) break;
    if (depth === 0 && character === '^' && !isAnchor(text, start, at)) break;
    if (character === '\\') at += 1;
    else if (character === '[') at = endOfClass(text, at);
    else if (character === '(' || character === '{') depth += 1;
    else if ((character === ')' || character === '}') && depth > 0) depth -= 1;
  }
  return Math.min(at, text.length);
}

const isAnchor = (text: string, start: number, at: number): boolean =>
  at === start || text[at - 1] === '|';

/** The closing bracket of a class; one that comes first in it is a member. */
function endOfClass(text: string, open: number): number {
  let at = open + 1;
  if (text[at] === '^') at += 1;
  if (text[at] === ']') at += 1;
  while (at < text.length && text[at] !== ']' && !isSpace(text[at])) {
    at += text[at] === '\\' ? 2 : 1;
  }
  // Never closed: the space that ended it is looked at again.
  return text[at] === ']' ? at : at - 1;
}
