/**
 * Puts the terms of one level together, that is, of what stands between two parentheses. Symbols go
 * from left to right, each on all that came before. Words bind: `not` before `and` before `or`.
 *
 * Names that follow one another become one term, so that a list of thousands is one step.
 */
import type { Reader } from './reader.ts';
import type { Expression, Operator, Step } from './syntax.ts';

type Notation = 'symbols' | 'words';

/** An operator as it was written. */
export interface OperatorRead {
  readonly notation: Notation;
  readonly operator: Operator;
  readonly at: number;
}

export interface Level {
  /** Where its text begins. */
  readonly at: number;
  /** Null until the first operator decides. */
  notation: Notation | null;
  /** Joined by `or`; of symbols nothing. */
  readonly alternatives: ChainBuilder;
  /** All symbols, or what `and` joins. */
  current: ChainBuilder;
}

interface Link {
  readonly operator: Operator;
  readonly operand: Expression;
  /** Of an operand that is nothing but names, those and the ones that followed. */
  readonly names: string[] | null;
}

type ChainBuilder = Link[];

export const createLevel = (at: number): Level => ({
  at,
  notation: null,
  alternatives: [],
  current: [],
});

/** @param operator what stands before it; null for the first */
export function addOperand(
  reader: Reader,
  level: Level,
  operator: OperatorRead | null,
  operand: Expression,
): void {
  if (operator?.notation === 'words' && operator.operator === ',') {
    endAlternative(reader, level);
    append(reader, level.current, ',', operand);
  } else {
    append(reader, level.current, operator?.operator ?? ',', operand);
  }
}

export function finishLevel(reader: Reader, level: Level): Expression {
  if (level.alternatives.length === 0) return finishChain(level.current);
  endAlternative(reader, level);
  return finishChain(level.alternatives);
}

function endAlternative(reader: Reader, level: Level): void {
  // One alone moves; it is counted where it arrives, or joins a list there.
  if (level.current.length === 1) reader.patterns -= 1;
  append(reader, level.alternatives, ',', finishChain(level.current));
  level.current = [];
}

function append(
  reader: Reader,
  chain: ChainBuilder,
  operator: Operator,
  operand: Expression,
): void {
  const names = operand.kind === 'names' ? operand.names : null;
  const last = chain.at(-1);
  const isList = last?.operator === operator && (operator === ',' || operator === '!');
  if (names !== null && isList && last.names !== null) {
    for (const name of names) last.names.push(name);
    return;
  }
  reader.patterns += 1;
  chain.push({ operator, operand, names: names === null ? null : [...names] });
}

function finishChain(chain: ChainBuilder): Expression {
  const [first, ...steps] = chain.map(finishLink);
  if (first === undefined) throw new Error('a level without an operand');
  return steps.length === 0 ? first.operand : { kind: 'chain', first: first.operand, steps };
}

function finishLink({ operator, operand, names }: Link): Step {
  const isList = operand.kind === 'names' && names !== null;
  return { operator, operand: isList ? { ...operand, names } : operand };
}
