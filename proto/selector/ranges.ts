/**
 * `web[01-03,7]` → web01, web02, web03, web7. Brackets are ranges of numbers, never classes of
 * characters (ClusterShell, pdsh). The padding of a range's first number is kept; `/step` is
 * allowed, and so are several brackets in a name.
 */
import { NAMES_MAX, RANGES_MAX, WORD_LENGTH_MAX } from './limits.ts';
import { type Mistake, mistake } from './mistake.ts';

export const TOO_MANY_NAMES = `this means more than ${NAMES_MAX} names`;

/**
 * @param at where the word begins, for the caret
 * @param unfit finds what may not stand outside of brackets; `what` names the whole
 */
export function expandRanges(
  word: string,
  at: number,
  { unfit, what }: { readonly unfit: RegExp; readonly what: string },
): readonly string[] | Mistake {
  const parts = word.split(/(\[[^\]]*\]?)/);
  if (parts.length > 2 * RANGES_MAX + 1) {
    return mistake(at, `${what} has at most ${RANGES_MAX} ranges`);
  }
  let names: readonly string[] = [''];
  let literalLength = 0;
  let partAt = at;
  for (const part of parts) {
    if (part.startsWith('[')) {
      const numbers = numbersOf(part);
      if (numbers === 'malformed') {
        return mistake(partAt, 'a range is written [01-40], [1,4,7-9] or [0-20/2]');
      }
      if (numbers === 'too-many' || names.length * numbers.length > NAMES_MAX) {
        return mistake(partAt, TOO_MANY_NAMES);
      }
      names = names.flatMap((name) => numbers.map((number) => name + number));
    } else {
      const wrong = problemOf(part, partAt, unfit, what);
      if (wrong !== null) return wrong;
      literalLength += part.length;
      // Before it is copied for every number.
      if (literalLength > WORD_LENGTH_MAX) {
        return mistake(at, `${what} has at most ${WORD_LENGTH_MAX} characters`);
      }
      names = names.map((name) => name + part);
    }
    partAt += part.length;
  }
  return names;
}

function problemOf(part: string, at: number, unfit: RegExp, what: string): Mistake | null {
  const found = unfit.exec(part);
  if (found === null) return null;
  const where = at + found.index;
  if (found[0] === ']') return mistake(where, 'this bracket was never opened');
  return unfitCharacter(found[0], where, what);
}

export function unfitCharacter(character: string, at: number, what: string): Mistake {
  const shown = character === '"' ? 'a quotation mark' : JSON.stringify(character);
  return mistake(at, `${shown} cannot stand in ${what}`, hintFor(character));
}

function hintFor(character: string): string | null {
  if (character === '|') return 'a or b is written a,b or, in words, a or b';
  if (character === '{') return 'ranges are written in brackets: web[1,2], web[01-40]';
  if (character === '"') return 'values of labels and paths are quoted, names are not';
  return null;
}

function numbersOf(bracketed: string): readonly string[] | 'malformed' | 'too-many' {
  if (!bracketed.endsWith(']')) return 'malformed';
  const numbers: string[] = [];
  for (const item of bracketed.slice(1, -1).split(',')) {
    const match = /^\s*(\d{1,9})(?:-(\d{1,9})(?:\/(\d{1,9}))?)?\s*$/.exec(item);
    if (match === null) return 'malformed';
    const [, first = '', last = first, step = '1'] = match;
    const from = Number(first);
    const to = Number(last);
    const by = Number(step);
    if (to < from || by === 0) return 'malformed';
    if (numbers.length + (to - from) / by >= NAMES_MAX) return 'too-many';
    const width = first.startsWith('0') ? first.length : 0;
    for (let number = from; number <= to; number += by) {
      numbers.push(String(number).padStart(width, '0'));
    }
  }
  return numbers;
}
