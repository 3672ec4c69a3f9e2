/**
 * The grammar of selectors:
 *
 *   level   := operand { ("," | "!" | "&" | "^") operand }     left to right
 *            | [not] operand { ("and" | "or") [not] operand }  not before and before or
 *   operand := term | "(" level ")"
 *
 * One level is written in one notation. A word is an operator only between spaces or parentheses:
 * the `and` of `a,and,b` is a host. Two terms with nothing but space between them are a slip, never
 * a list, and a leading `!` is refused, because all of the fleet would be meant unsaid.
 *
 * No package is needed for this, so that fleetctl, which looks for `file:` in here, starts fast.
 */
import { addOperand, createLevel, finishLevel, type Level, type OperatorRead } from './level.ts';
import {
  COSTLY_PATTERNS,
  NAMES_MAX,
  NESTING_MAX,
  PATTERNS_MAX,
  PROCESS_PATTERNS,
  TEXT_LENGTH_MAX,
} from './limits.ts';
import { clipped, type Mistake, mistake } from './mistake.ts';
import { TOO_MANY_NAMES } from './ranges.ts';
import { createReader, isSpace, looksAt, peek, type Reader, skipSpace } from './reader.ts';
import type { Complement, Expression, Operator, Selector, Term } from './syntax.ts';
import { readTerm } from './term.ts';

/** All but the inside of regular expressions and addresses, which `parse.ts` adds. */
export function readSelectorSyntax(text: string): Selector | Mistake {
  if (text.length > TEXT_LENGTH_MAX) {
    return mistake(0, `it has ${text.length} characters; at most ${TEXT_LENGTH_MAX} are taken`);
  }
  // Alone it is the name of a host, and no operator.
  const word = /^\s*(and|or|not)\s*$/.exec(text)?.[1];
  if (word !== undefined) {
    return { text, expression: { kind: 'names', at: text.indexOf(word), names: [word] } };
  }
  const reader = createReader(text);
  const expression = readLevel(reader, 0);
  if (expression.kind === 'mistake') return expression;
  if (reader.at < text.length) return mistake(reader.at, 'this parenthesis was never opened');
  return { text, expression };
}

/** Up to the end, or a closing parenthesis, which is left to the caller. */
function readLevel(reader: Reader, depth: number): Expression | Mistake {
  skipSpace(reader);
  const level = createLevel(reader.at);
  let operator: OperatorRead | null = null;
  for (;;) {
    skipSpace(reader);
    const at = reader.at;
    const operand = readOperand(reader, level, operator, depth);
    if (operand.kind === 'mistake') return operand;
    addOperand(reader, level, operator, operand);
    if (reader.patterns > PATTERNS_MAX) {
      return mistake(at, `this makes more than ${PATTERNS_MAX} patterns and steps`);
    }
    skipSpace(reader);
    if (peek(reader) === undefined || peek(reader) === ')') return finishLevel(reader, level);
    const next = readOperator(reader, level);
    if ('kind' in next) return next;
    operator = next;
  }
}

function readOperand(
  reader: Reader,
  level: Level,
  after: OperatorRead | null,
  depth: number,
): Expression | Mistake {
  let complementAt: number | null = null;
  for (let word = wordOperator(reader); word === 'not'; word = wordOperator(reader)) {
    const mixed = settleNotation(reader, level, { notation: 'words', at: reader.at });
    if (mixed !== null) return mixed;
    // Said twice it is taken back.
    complementAt = complementAt === null ? reader.at : null;
    reader.at += word.length;
    skipSpace(reader);
  }
  const operand = peek(reader) === '(' ? readGrouped(reader, depth) : readCounted(reader, after);
  if (operand.kind === 'mistake' || complementAt === null) return operand;
  reader.patterns += 1;
  return { kind: 'not', at: complementAt, operand };
}

function readGrouped(reader: Reader, depth: number): Expression | Mistake {
  const open = reader.at;
  if (depth === NESTING_MAX) {
    return mistake(open, `more than ${NESTING_MAX} parentheses stand in one another`);
  }
  reader.at += 1;
  const inner = readLevel(reader, depth + 1);
  if (inner.kind === 'mistake') return inner;
  if (peek(reader) !== ')') return mistake(open, 'this parenthesis is never closed');
  reader.at += 1;
  return inner;
}

function readCounted(reader: Reader, after: OperatorRead | null): Expression | Mistake {
  const character = peek(reader);
  if (character === undefined || ',!&^)'.includes(character) || wordOperator(reader) !== null) {
    return missingOperand(reader, after);
  }
  const at = reader.at;
  const read = readTerm(reader);
  if (read.kind === 'mistake') return read;
  count(reader, read);
  return reader.names > NAMES_MAX ? mistake(at, TOO_MANY_NAMES) : read;
}

/** The first pattern of a term is counted where it joins a level. */
function count(reader: Reader, read: Term | Complement): void {
  switch (read.kind) {
    case 'not':
      if (read.operand.kind === 'label') reader.patterns += read.operand.globs.length;
      return;
    case 'names':
      reader.names += read.names.length;
      return;
    case 'groups':
      reader.patterns += read.names.length - 1;
      return;
    case 'globs':
    case 'label':
      reader.patterns += read.globs.length - 1;
      return;
    case 'labelGroups':
      reader.patterns += read.values.length - 1;
      return;
    case 'live':
      reader.patterns += PROCESS_PATTERNS - 1;
      return;
    case 'network':
    case 'outcome':
      reader.patterns += COSTLY_PATTERNS - 1;
      return;
    case 'everything':
    case 'regex':
    case 'hasLabel':
    case 'list':
  }
}

function missingOperand(reader: Reader, after: OperatorRead | null): Mistake {
  const { at, text } = reader;
  if (peek(reader) === '!' && after === null) {
    const fix = "all but web-1, for example, is written '@*!web-1' or 'not web-1'";
    return mistake(at, 'nothing stands before "!", and nothing ever means all unsaid', fix);
  }
  if (after !== null && text[at] === text[at - 1] && text[at] === '&') {
    return mistake(at, '"&" is written once');
  }
  return mistake(at, 'a host name, a pattern or @* is missing here');
}

/** What stands between two operands. */
function readOperator(reader: Reader, level: Level): OperatorRead | Mistake {
  const at = reader.at;
  const symbol = looksAt(reader, /[,!&^]/y) as Operator | null;
  const word = symbol === null ? wordOperator(reader) : null;
  if (symbol === null && (word === null || word === 'not')) return missingOperator(reader, level);
  const notation = symbol === null ? 'words' : 'symbols';
  const mixed = settleNotation(reader, level, { notation, at });
  if (mixed !== null) return mixed;
  if (looksAt(reader, /!=/y) !== null) {
    return mistake(at, '"!=" compares the label that stands before it', 'but not is written !');
  }
  reader.at += (symbol ?? word ?? '').length;
  return { notation, operator: symbol ?? (word === 'and' ? '&' : ','), at };
}

function missingOperator(reader: Reader, level: Level): Mistake {
  const { at, text } = reader;
  const capitals = looksAt(reader, /(?:AND|OR|NOT)(?=[\s()]|$)/y);
  if (capitals !== null) {
    return mistake(at, `operators are written in small letters: ${capitals.toLowerCase()}`);
  }
  const before = clipped(text.slice(level.at, at).trimEnd());
  const isNot = wordOperator(reader) === 'not';
  if (level.notation === 'words' || isNot) {
    const fix = `for example ${before} ${isNot ? 'and not …' : 'or …'}`;
    return mistake(at, 'an operator is missing before this: "and" or "or"', fix);
  }
  const fix = `for both: ${before},…; other operators are ! & ^, or the words and, or, not`;
  return mistake(at, 'an operator is missing before this', fix);
}

const WORD_OPERATOR = /(?:and|or|not)(?=[\s()]|$)/y;

function wordOperator(reader: Reader): string | null {
  const { at, text } = reader;
  const before = text[at - 1];
  if (before !== undefined && before !== '(' && before !== ')' && !isSpace(before)) return null;
  return looksAt(reader, WORD_OPERATOR);
}

/** The first operator of a level decides how all of it is written. */
function settleNotation(
  reader: Reader,
  level: Level,
  found: Pick<OperatorRead, 'notation' | 'at'>,
): Mistake | null {
  level.notation ??= found.notation;
  if (level.notation === found.notation) return null;
  const before = clipped(reader.text.slice(level.at, found.at).trimEnd());
  const operator = found.notation === 'words' ? ` ${wordOperator(reader)} ` : reader.text[found.at];
  const fix =
    operator === ' not '
      ? 'with symbols, a but not b is written a!b; in words, a and not b'
      : `put what belongs together into parentheses, for example (${before})${operator}…`;
  return mistake(found.at, 'symbols and words do not mix without parentheses', fix);
}
