/**
 * Replaces `file:PATH` and `-` in a selector by the names in them, folded and in parentheses. The
 * controller could not read them, and the operation that it keeps must say which hosts were meant
 * on that day.
 */
import { FleetError, refusal } from '../proto/errors.ts';
import { foldNames } from '../proto/selector/fold.ts';
import { readSelectorSyntax } from '../proto/selector/grammar.ts';
import { NAMES_MAX, TEXT_LENGTH_MAX } from '../proto/selector/limits.ts';
import { mistake, refusalOf } from '../proto/selector/mistake.ts';
import { type Term, termsOf } from '../proto/selector/syntax.ts';
import type { Environment } from './ports.ts';

/** Throws a `FleetError` where a list is no list of hosts. */
export async function replaceLists(
  selector: string,
  readText: Environment['readText'],
): Promise<string> {
  let replaced = '';
  let end = 0;
  for (const list of findLists(selector)) {
    const names = namesIn(await readText(list.path), list.path ?? 'standard input');
    replaced += `${selector.slice(end, list.at)}(${names})`;
    end = list.end;
  }
  replaced += selector.slice(end);
  if (replaced.length <= TEXT_LENGTH_MAX) return replaced;
  throw refused('these lists of hosts are too long together', {
    cause: `they have ${replaced.length} characters, folded; at most ${TEXT_LENGTH_MAX} are taken`,
    fix: 'use patterns, labels, or a group of hosts in the configuration of the controller',
  });
}

function findLists(text: string): readonly Extract<Term, { readonly kind: 'list' }>[] {
  const selector = readSelectorSyntax(text);
  if ('kind' in selector) throw new FleetError(refusalOf(text, selector));
  const lists = [...termsOf(selector.expression)].filter((term) => term.kind === 'list');
  const [, second] = lists.filter(({ path }) => path === null);
  if (second === undefined) return lists;
  const again = mistake(second.at, 'standard input can be read only once');
  throw new FleetError(refusalOf(text, again));
}

/** Ranges hold commas. What is not closed ends with its line, so that it is told where it stands. */
const WORD = /(?:\[[^\]\n]*\]?|[^\s,[]+)+/g;

/** @param source as people call it */
function namesIn(text: string, source: string): string {
  const names: string[] = [];
  const globs: string[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    for (const [word] of line.replace(/#.*/, '').matchAll(WORD)) {
      const found = readWord(word, `${source}:${index + 1}`);
      const kept = found.kind === 'names' ? names : globs;
      for (const one of found.texts) kept.push(one);
    }
    if (names.length > NAMES_MAX) throw refused(`${source} names more than ${NAMES_MAX} hosts`);
  }
  const pieces = [...foldNames(names), ...new Set(globs)];
  if (pieces.length === 0) {
    throw refused(`${source} names no host`, {
      cause: 'an empty selection never means everything',
      fix: 'names, ranges and patterns are separated by white space or commas, # begins a comment',
    });
  }
  // Between parentheses, such a host would be an operator.
  const isOperator = pieces.length === 1 && /^(?:and|or|not)$/.test(pieces[0] ?? '');
  return (isOperator ? [...pieces, ...pieces] : pieces).join(',');
}

interface Word {
  readonly kind: 'names' | 'globs';
  readonly texts: readonly string[];
}

const CHARACTERS_SHOWN_MAX = 60;

function readWord(word: string, place: string): Word {
  const selector = readSelectorSyntax(word);
  const expression = 'kind' in selector ? null : selector.expression;
  // One that does not begin where the word does stands in parentheses.
  const isName = expression !== null && 'at' in expression && expression.at === 0;
  if (isName && expression.kind === 'names') return { kind: 'names', texts: expression.names };
  if (isName && expression.kind === 'globs') return { kind: 'globs', texts: [word] };
  const isLong = word.length > CHARACTERS_SHOWN_MAX;
  const shown = JSON.stringify(isLong ? `${word.slice(0, CHARACTERS_SHOWN_MAX)}…` : word);
  throw refused(`${place}: ${shown} is not the name of a host`, {
    cause:
      'why' in selector ? selector.why : 'only names, ranges and patterns stand in such a list',
    fix: 'operators, groups and conditions belong into --hosts itself',
  });
}

const refused = (message: string, more: { cause?: string; fix?: string } = {}): FleetError =>
  new FleetError(refusal('usage', message, more));
