/**
 * Which hosts an expression means: `prod-*`, `web[01-40]`, `db-1,db-2`, `@*!dev-*`. Terms are joined
 * left to right by `,` (and also) and `!` (but not). Brackets are ranges of numbers, never classes
 * of characters (ClusterShell). An expression that means no host is refused; nothing ever means
 * "all" unsaid.
 */
import { type Refusal, refusal } from './errors.ts';
import { type HostId, hostId } from './vocabulary.ts';
import { hasWildcard, matchesWildcard } from './wildcard.ts';

type Operator = ',' | '!';

interface Term {
  readonly operator: Operator;
  readonly text: string;
  /** Where the term begins, for the caret. */
  readonly at: number;
}

/** `names` are hosts that must exist, `patterns` may match none. */
type Meaning =
  | { readonly kind: 'everything' }
  | { readonly kind: 'names' | 'patterns'; readonly texts: readonly string[] };

export type Selection =
  | { readonly kind: 'selected'; readonly hosts: ReadonlySet<HostId> }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** An expression whose ranges mean more names than this is a slip of the keyboard. */
const NAMES_MAX = 100_000;
/** Each is held against every host; more would stall the controller's one thread. */
const PATTERNS_MAX = 1_000;
/** Of one name: more cannot mean a host, and each would copy every name once more. */
const RANGES_MAX = 8;

const NAMES_SHOWN_MAX = 5;
/** Of a long expression, before and after the caret: a refusal travels in a small header. */
const CHARACTERS_SHOWN_MAX = 60;

/**
 * @param known every host of the fleet
 * @returns the hosts that are meant; refused when the expression is wrong, names a host that does
 *   not exist, or means none
 */
export function selectHosts(expression: string, known: ReadonlySet<HostId>): Selection {
  const terms = splitTerms(expression);
  if ('code' in terms) return { kind: 'refused', refusal: terms };
  const meanings = understandAll(expression, terms);
  if ('code' in meanings) return { kind: 'refused', refusal: meanings };
  const selected = new Set<HostId>();
  for (const [index, meaning] of meanings.entries()) {
    const meant = lookUp(meaning, known);
    if ('code' in meant) return { kind: 'refused', refusal: meant };
    const isAdded = terms[index]?.operator === ',';
    for (const host of meant) {
      if (isAdded) selected.add(host);
      else selected.delete(host);
    }
  }
  if (selected.size > 0) return { kind: 'selected', hosts: selected };
  return {
    kind: 'refused',
    refusal: refusal('nothing-matched', `no host matches ${JSON.stringify(clipped(expression))}`, {
      cause: known.size === 0 ? 'the fleet has no hosts yet' : `the fleet has ${known.size} hosts`,
      fix: 'see all of them with: fleetctl hosts',
    }),
  };
}

function splitTerms(expression: string): readonly Term[] | Refusal {
  const terms: Term[] = [];
  let operator: Operator = ',';
  let start = 0;
  let depth = 0;
  for (let index = 0; index <= expression.length; index += 1) {
    const character = expression[index];
    if (character === '[') depth += 1;
    if (character === ']') depth -= 1;
    const isEnd = character === undefined;
    const isOperator = depth === 0 && (character === ',' || character === '!');
    if (character !== undefined && '&^()'.includes(character)) {
      return mistake(expression, index, `"${character}" is not understood in this version`);
    }
    if (!isEnd && !isOperator) continue;
    const text = expression.slice(start, index).trim();
    // A leading "!" would mean "all but", and nothing may mean all unsaid.
    if (text === '')
      return mistake(expression, start, 'a host name, a pattern or @* is missing here');
    terms.push({ operator, text, at: start + expression.slice(start, index).search(/\S/) });
    start = index + 1;
    if (isOperator) operator = character;
  }
  return terms;
}

/** Before any host is looked at, so that an expression that means too much costs nothing. */
function understandAll(expression: string, terms: readonly Term[]): readonly Meaning[] | Refusal {
  const meanings: Meaning[] = [];
  let names = 0;
  let patterns = 0;
  for (const term of terms) {
    const meaning = understand(expression, term);
    if ('code' in meaning) return meaning;
    meanings.push(meaning);
    if (meaning.kind === 'names') names += meaning.texts.length;
    else patterns += meaning.kind === 'patterns' ? meaning.texts.length : 1;
    if (names > NAMES_MAX) return mistake(expression, term.at, TOO_MANY_NAMES);
    if (patterns > PATTERNS_MAX) return mistake(expression, term.at, TOO_MANY_PATTERNS);
  }
  return meanings;
}

const TOO_MANY_NAMES = `this means more than ${NAMES_MAX} hosts`;
const TOO_MANY_PATTERNS = `this makes more than ${PATTERNS_MAX} patterns`;

function understand(expression: string, term: Term): Meaning | Refusal {
  if (term.text === '@*') return { kind: 'everything' };
  if (term.text.startsWith('@')) {
    return mistake(expression, term.at, 'groups of hosts are not understood in this version');
  }
  const invalid = /[^\w.*?[\],/:-]/u.exec(term.text);
  if (invalid !== null) {
    const found = JSON.stringify(invalid[0]);
    return mistake(expression, term.at + invalid.index, `${found} cannot stand in a host name`);
  }
  const texts = expandRanges(expression, term);
  if ('code' in texts) return texts;
  return { kind: hasWildcard(term.text) ? 'patterns' : 'names', texts };
}

function lookUp(meaning: Meaning, known: ReadonlySet<HostId>): Iterable<HostId> | Refusal {
  switch (meaning.kind) {
    case 'everything':
      return known;
    case 'patterns': {
      const { texts } = meaning;
      return [...known].filter((host) => texts.some((pattern) => matchesWildcard(pattern, host)));
    }
    case 'names': {
      const hosts = meaning.texts.map(hostId);
      const unknown = hosts.filter((host) => !known.has(host));
      return unknown.length > 0 ? unknownHosts(unknown, known) : hosts;
    }
  }
}

function unknownHosts(unknown: readonly HostId[], known: ReadonlySet<HostId>): Refusal {
  const shown = unknown.slice(0, NAMES_SHOWN_MAX).map(clipped).join(', ');
  const more = unknown.length - NAMES_SHOWN_MAX;
  const names = more > 0 ? `${shown} and ${more} more` : shown;
  return refusal('nothing-matched', `no such host: ${names}`, {
    cause: `the fleet has ${known.size} hosts`,
    fix: 'see all of them with: fleetctl hosts; a pattern such as web-* may match none of some',
  });
}

/** `web[01-03,7]` → web01, web02, web03, web7. Zero padding is kept; `/step` is allowed. */
function expandRanges(expression: string, term: Term): readonly string[] | Refusal {
  let names: readonly string[] = [''];
  const parts = term.text.split(/(\[[^\]]*\]?)/);
  if (parts.length > 2 * RANGES_MAX + 1) {
    return mistake(expression, term.at, `a name has at most ${RANGES_MAX} ranges`);
  }
  let at = term.at;
  for (const part of parts) {
    if (part.startsWith('[')) {
      const numbers = numbersOf(part);
      if (numbers === 'malformed')
        return mistake(expression, at, 'a range is written [01-40], [1,4,7-9] or [0-20/2]');
      if (numbers === 'too-many' || names.length * numbers.length > NAMES_MAX) {
        return mistake(expression, at, TOO_MANY_NAMES);
      }
      names = names.flatMap((name) => numbers.map((number) => name + number));
    } else if (part.includes(']')) {
      return mistake(expression, at + part.indexOf(']'), 'this bracket was never opened');
    } else {
      names = names.map((name) => name + part);
    }
    at += part.length;
  }
  return names;
}

function numbersOf(bracketed: string): readonly string[] | 'malformed' | 'too-many' {
  if (!bracketed.endsWith(']')) return 'malformed';
  const numbers: string[] = [];
  for (const item of bracketed.slice(1, -1).split(',')) {
    const match = /^(\d{1,9})(?:-(\d{1,9})(?:\/(\d{1,9}))?)?$/.exec(item);
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

function mistake(expression: string, at: number, why: string): Refusal {
  const from = Math.max(0, at - CHARACTERS_SHOWN_MAX);
  const shown = expression.slice(from, at + CHARACTERS_SHOWN_MAX);
  const caret = `${shown}\n${' '.repeat(at - from)}^ ${why}`;
  return refusal('usage', `--hosts is not understood: ${why}`, {
    cause: caret,
    fix: "for example --hosts='prod-*', --hosts='web[01-40],db-1', or --hosts='@*' for the whole fleet",
  });
}

function clipped(text: string): string {
  return text.length > CHARACTERS_SHOWN_MAX ? `${text.slice(0, CHARACTERS_SHOWN_MAX)}…` : text;
}
