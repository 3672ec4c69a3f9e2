/**
 * Which hosts an expression means: `prod-*`, `web[01-40]`, `db-1,db-2`, `@*!dev-*`. Terms are joined
 * left to right by `,` (and also) and `!` (but not). Brackets are ranges of numbers, never classes
 * of characters (ClusterShell). An expression that means no host is refused; nothing ever means
 * "all" but `@*`.
 */
import picomatch from 'picomatch';
import { type Refusal, refusal } from './errors.ts';
import { type HostId, hostId } from './vocabulary.ts';

type Operator = ',' | '!';

interface Term {
  readonly operator: Operator;
  readonly text: string;
  /** Where the term begins, for the caret. */
  readonly at: number;
}

export type Selection =
  | { readonly kind: 'selected'; readonly hosts: ReadonlySet<HostId> }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** A range that means more names than this is a slip of the keyboard. */
const RANGE_MAX = 100_000;
const NAMES_SHOWN_MAX = 5;

/**
 * @param known every host of the fleet
 * @returns the hosts that are meant; refused when the expression is wrong, names a host that does
 *   not exist, or means none
 */
export function selectHosts(expression: string, known: ReadonlySet<HostId>): Selection {
  const terms = splitTerms(expression);
  if ('code' in terms) return { kind: 'refused', refusal: terms };
  const selected = new Set<HostId>();
  for (const term of terms) {
    const meant = resolve(expression, term, known);
    if ('code' in meant) return { kind: 'refused', refusal: meant };
    for (const host of meant) {
      if (term.operator === ',') selected.add(host);
      else selected.delete(host);
    }
  }
  if (selected.size > 0) return { kind: 'selected', hosts: selected };
  return {
    kind: 'refused',
    refusal: refusal('nothing-matched', `no host matches ${JSON.stringify(expression)}`, {
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

function resolve(
  expression: string,
  term: Term,
  known: ReadonlySet<HostId>,
): Iterable<HostId> | Refusal {
  if (term.text === '@*') return known;
  if (term.text.startsWith('@')) {
    return mistake(expression, term.at, 'groups of hosts are not understood in this version');
  }
  const invalid = /[^\w.*?[\],/:-]/.exec(term.text);
  if (invalid !== null) {
    return mistake(
      expression,
      term.at + invalid.index,
      `"${invalid[0]}" cannot stand in a host name`,
    );
  }
  const names = expandRanges(expression, term);
  if ('code' in names) return names;
  if (/[*?]/.test(term.text)) return matchGlobs(names, known);
  const unknown = names.filter((name) => !known.has(hostId(name)));
  if (unknown.length > 0) return unknownHosts(unknown, known);
  return names.map(hostId);
}

function matchGlobs(patterns: readonly string[], known: ReadonlySet<HostId>): readonly HostId[] {
  const matchers = patterns.map((pattern) =>
    picomatch(pattern, {
      dot: true,
      nobrace: true,
      nobracket: true,
      noextglob: true,
      nonegate: true,
    }),
  );
  return [...known].filter((host) => matchers.some((matches) => matches(host)));
}

function unknownHosts(unknown: readonly string[], known: ReadonlySet<HostId>): Refusal {
  const shown = unknown.slice(0, NAMES_SHOWN_MAX).join(', ');
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
  let at = term.at;
  for (const part of parts) {
    if (part.startsWith('[')) {
      const numbers = numbersOf(part);
      if (numbers === null)
        return mistake(expression, at, 'a range is written [01-40], [1,4,7-9] or [0-20/2]');
      if (names.length * numbers.length > RANGE_MAX) {
        return mistake(expression, at, `this range means more than ${RANGE_MAX} hosts`);
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

/** `null` where the text in brackets is no list of numbers. */
function numbersOf(bracketed: string): readonly string[] | null {
  if (!bracketed.endsWith(']')) return null;
  const numbers: string[] = [];
  for (const item of bracketed.slice(1, -1).split(',')) {
    const match = /^(\d{1,9})(?:-(\d{1,9})(?:\/(\d{1,9}))?)?$/.exec(item);
    if (match === null) return null;
    const [, first = '', last = first, step = '1'] = match;
    const from = Number(first);
    const to = Number(last);
    const by = Number(step);
    if (to < from || by === 0 || (to - from) / by > RANGE_MAX) return null;
    const width = first.startsWith('0') ? first.length : 0;
    for (let number = from; number <= to; number += by) {
      numbers.push(String(number).padStart(width, '0'));
    }
  }
  return numbers;
}

function mistake(expression: string, at: number, why: string): Refusal {
  const caret = `${expression}\n${' '.repeat(Math.max(0, at))}^ ${why}`;
  return refusal('usage', `--hosts is not understood: ${why}`, {
    cause: caret,
    fix: "for example --hosts='prod-*', --hosts='web[01-40],db-1', or --hosts='@*' for the whole fleet",
  });
}
