/**
 * Conditions on labels: `env=prod`, `env!=prod`, `role in (web,api)`, `role not in (…)`,
 * `has(role)`. Values are globs. As in Kubernetes, `!=` and `not in` are also true of hosts that do
 * not have the label.
 */
import type { Labels } from '../vocabulary.ts';
import { hasWildcard, matchesWildcard } from '../wildcard.ts';
import { WORD_LENGTH_MAX } from './limits.ts';
import { type Mistake, mistake } from './mistake.ts';
import { looksAt, peek, type Reader, readBare, readValue, skipSpace } from './reader.ts';
import type { Complement, Term } from './syntax.ts';

/**
 * The condition that begins with a word which was just read, and that stood at `at`; null where
 * the word is no key of a condition.
 */
export function readLabelCondition(
  reader: Reader,
  word: string,
  at: number,
): Term | Complement | Mistake | null {
  const end = reader.at;
  skipSpace(reader);
  if (word === 'has' && peek(reader) === '(') return readHas(reader, at);
  const comparison = looksAt(reader, /!?=/y);
  if (comparison !== null) {
    const wrong = keyProblem(word, at);
    if (wrong !== null) return wrong;
    reader.at += comparison.length;
    return negated(readComparison(reader, word, at), comparison === '!=');
  }
  const set = reader.at > end ? looksAt(reader, /(?:not\s+)?in(?=[\s(])/y) : null;
  if (set === null) {
    reader.at = end;
    return null;
  }
  const wrong = keyProblem(word, at);
  if (wrong !== null) return wrong;
  reader.at += set.length;
  return negated(readSet(reader, word, at), set !== 'in');
}

/** @returns whether a value is one of these, for many values */
export function compileGlobs(globs: readonly string[]): (text: string) => boolean {
  const literals = new Set(globs.filter((glob) => !hasWildcard(glob)));
  const patterns = globs.filter(hasWildcard);
  return (text) => literals.has(text) || patterns.some((pattern) => matchesWildcard(pattern, text));
}

export function labelOf(labels: Labels, key: string): string | null {
  return Object.hasOwn(labels, key) ? (labels[key] ?? null) : null;
}

/** As the configuration of agents has it (`labels`), so that no condition asks for the impossible. */
export function keyProblem(key: string, at: number): Mistake | null {
  if (key === '') return mistake(at, 'the key of a label is missing here, for example env=prod');
  const unfit = /^[^A-Za-z_]|[^\w./-]/u.exec(key);
  if (unfit !== null) {
    const found = JSON.stringify(unfit[0]);
    const where = unfit.index === 0 ? 'begin' : 'stand in';
    return mistake(at + unfit.index, `${found} cannot ${where} the key of a label`);
  }
  if (key.length <= WORD_LENGTH_MAX) return null;
  return mistake(at, `the key of a label has at most ${WORD_LENGTH_MAX} characters`);
}

function negated(term: Term | Mistake, isNegated: boolean): Term | Complement | Mistake {
  if (term.kind === 'mistake' || !isNegated) return term;
  return { kind: 'not', at: term.at, operand: term };
}

function readComparison(reader: Reader, key: string, at: number): Term | Mistake {
  if (peek(reader) === '=') return mistake(reader.at, 'a comparison is written = or !=');
  skipSpace(reader);
  const found = readValue(reader, `${key}=prod`);
  if ('kind' in found) return found;
  return { kind: 'label', at, key, globs: [found.value] };
}

function readSet(reader: Reader, key: string, at: number): Term | Mistake {
  skipSpace(reader);
  const open = reader.at;
  const example = `${key} in (web,api)`;
  if (peek(reader) !== '(') {
    return mistake(open, `after "in" comes a list in parentheses, for example ${example}`);
  }
  const globs: string[] = [];
  for (let next: string | undefined = ','; next === ','; next = peek(reader)) {
    reader.at += 1;
    skipSpace(reader);
    const found = readValue(reader, example);
    if ('kind' in found) return found;
    globs.push(found.value);
    skipSpace(reader);
  }
  if (peek(reader) === undefined) return mistake(open, 'this parenthesis is never closed');
  if (peek(reader) !== ')') return mistake(reader.at, 'between values stands a comma');
  reader.at += 1;
  return { kind: 'label', at, key, globs };
}

function readHas(reader: Reader, at: number): Term | Mistake {
  const open = reader.at;
  reader.at += 1;
  skipSpace(reader);
  const keyAt = reader.at;
  const key = readBare(reader, '');
  const wrong = keyProblem(key, keyAt);
  if (wrong !== null) return wrong;
  skipSpace(reader);
  if (peek(reader) === undefined) return mistake(open, 'this parenthesis is never closed');
  if (peek(reader) !== ')') return mistake(reader.at, 'has(…) takes the key of one label');
  reader.at += 1;
  return { kind: 'hasLabel', at, key };
}
