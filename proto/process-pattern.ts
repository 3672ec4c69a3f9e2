/**
 * Which processes words on the command line mean: `web`, `group:name`, `group:*`, a glob, or `all`.
 * A plain word is, on each host, the process of that name, else all processes of the program or
 * group of that name (Supervisor makes people spell the latter `web:*`), else the members of groups
 * that are called so.
 *
 * All words are held against all processes of the fleet, in the controller's one thread: so words
 * and groups are looked up, however many there are, and only globs are tried one after another.
 */
import { nearest } from './dialect/did-you-mean.ts';
import { type Refusal, refusal } from './errors.ts';
import type { ProcessStatus } from './vocabulary.ts';
import { hasWildcard, matchesWildcard } from './wildcard.ts';

const PATTERNS_MAX = 1_000;
/** Each may have to be tried on every name of the fleet. */
const GLOBS_MAX = 50;
/** Longer than any name; a refusal that repeats it must fit into a header. */
const PATTERN_LENGTH_MAX = 500;

/** What is wrong with patterns that no fleet could be asked for; `null` where nothing is. */
export function patternsProblem(patterns: readonly string[]): Refusal | null {
  if (patterns.length > PATTERNS_MAX) {
    return refusal('usage', `${patterns.length} names of processes are too many`, {
      cause: `at most ${PATTERNS_MAX} are taken at once`,
      fix: 'use a pattern, for example web-* or group:*',
    });
  }
  const long = patterns.find((pattern) => pattern.length > PATTERN_LENGTH_MAX);
  if (long !== undefined) {
    return refusal('usage', `the process ${JSON.stringify(long.slice(0, 60))}… is no name`, {
      cause: `it has ${long.length} characters; at most ${PATTERN_LENGTH_MAX} are taken`,
      fix: 'processes are told apart by blanks; use a pattern, for example web-* or group:*',
    });
  }
  const globs = patterns.filter((pattern) => kindOf(pattern) === 'glob').length;
  if (globs <= GLOBS_MAX) return null;
  return refusal('usage', `${globs} patterns of processes with * or ? are too many`, {
    cause: `at most ${GLOBS_MAX} are taken at once; whole groups (group:*) do not count`,
    fix: 'use names, groups, fewer and wider patterns, or all',
  });
}

/** As a refusal names them. */
export function namesOfPatterns(patterns: readonly string[]): string {
  const shown = patterns.slice(0, 5).map((pattern) => JSON.stringify(pattern));
  const more = patterns.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Comparing names is slow, and a fleet whose names all differ has too many of them. */
const NAMES_COMPARED_MAX = 2_000;

/** What was probably meant by a name that nothing is called like on any of these hosts. */
export function nearestProcess(
  name: string,
  hosts: Iterable<Iterable<ProcessStatus>>,
): string | null {
  const known = new Set<string>();
  for (const statuses of hosts) {
    for (const { process, group, name: own, program } of statuses) {
      for (const word of [process, group, own, program]) known.add(word);
    }
    if (known.size >= NAMES_COMPARED_MAX) break;
  }
  return nearest(name, known);
}

export interface ProcessMatches {
  /** What is meant of each host, in the order of the hosts and of the processes of each. */
  readonly byHost: readonly (readonly ProcessStatus[])[];
  /**
   * Names that nothing is called like on any of these hosts: slips of the keyboard, which must not
   * pass unnoticed beside names that exist. Globs and whole groups may match nothing.
   */
  readonly unmatched: readonly string[];
}

/** The union of what the patterns mean; none at all means nothing. */
export function matchProcesses(
  patterns: readonly string[],
  hosts: Iterable<Iterable<ProcessStatus>>,
): ProcessMatches {
  const wanted = compile(patterns);
  const found = new Set<string>();
  const byHost = Array.from(hosts, (statuses) => matchHost(wanted, [...statuses], found));
  const unmatched = patterns.filter((pattern) => isName(pattern) && !found.has(pattern));
  return { byHost, unmatched };
}

/** The same for hosts that come one at a time: the patterns are read once. */
export function processMatcher(
  patterns: readonly string[],
): (statuses: readonly ProcessStatus[]) => readonly ProcessStatus[] {
  const wanted = compile(patterns);
  return (statuses) => matchHost(wanted, statuses, new Set());
}

/**
 * On one host, where nothing is left out in silence: the patterns of every kind that mean nothing
 * there. `all` always means something.
 */
export function meaningless(
  patterns: readonly string[],
  statuses: readonly ProcessStatus[],
): readonly string[] {
  const slips = new Set(matchProcesses(patterns.filter(isName), [statuses]).unmatched);
  const groups = new Set<string>(statuses.map(({ group }) => group));
  const isMeaningless = (pattern: string): boolean => {
    switch (kindOf(pattern)) {
      case 'all':
        return false;
      case 'word':
      case 'full':
        return slips.has(pattern);
      case 'group':
        return !groups.has(groupOf(pattern));
      case 'glob':
        return matchProcesses([pattern], [statuses]).byHost[0]?.length === 0;
    }
  };
  return patterns.filter(isMeaningless);
}

type Kind = 'all' | 'word' | 'full' | 'group' | 'glob';

function kindOf(pattern: string): Kind {
  if (pattern === 'all') return 'all';
  // supervisorctl takes `group:` for `group:*`.
  if (/^[^:*?]*:\*?$/.test(pattern)) return 'group';
  if (hasWildcard(pattern) || pattern.endsWith(':')) return 'glob';
  return pattern.includes(':') ? 'full' : 'word';
}

/** Of `group:*` and `group:`. */
const groupOf = (pattern: string): string => pattern.replace(/:\*?$/, '');

function isName(pattern: string): boolean {
  const kind = kindOf(pattern);
  return kind === 'word' || kind === 'full';
}

interface Wanted {
  readonly isAll: boolean;
  readonly words: ReadonlySet<string>;
  /** `group:name`; `web:web` names the process that is shown as `web`. */
  readonly full: ReadonlySet<string>;
  readonly groups: ReadonlySet<string>;
  /** Of the name, or of `group:name` where the glob has a colon. */
  readonly matchesGlob: (text: string) => boolean;
  readonly matchesFullGlob: (text: string) => boolean;
}

function compile(patterns: readonly string[]): Wanted {
  const of = (kind: Kind) => patterns.filter((pattern) => kindOf(pattern) === kind);
  const globs = of('glob').map((glob) => (glob.endsWith(':') ? `${glob}*` : glob));
  return {
    isAll: patterns.includes('all'),
    words: new Set(of('word')),
    full: new Set(of('full')),
    groups: new Set(of('group').map(groupOf)),
    matchesGlob: anyOf(globs.filter((glob) => !glob.includes(':'))),
    matchesFullGlob: anyOf(globs.filter((glob) => glob.includes(':'))),
  };
}

/** Hosts run the same processes, so each name is tried once for the whole fleet. */
function anyOf(globs: readonly string[]): (text: string) => boolean {
  const [only, ...others] = globs;
  if (only === undefined) return () => false;
  if (others.length === 0) return (text) => matchesWildcard(only, text);
  const known = new Map<string, boolean>();
  return (text) => {
    let isMatch = known.get(text);
    if (isMatch === undefined) {
      isMatch = globs.some((glob) => matchesWildcard(glob, text));
      known.set(text, isMatch);
    }
    return isMatch;
  };
}

/** @param found names that mean something on this host are added to it */
function matchHost(
  wanted: Wanted,
  statuses: readonly ProcessStatus[],
  found: Set<string>,
): readonly ProcessStatus[] {
  const meanings = meaningsOf(wanted.words, statuses);
  for (const word of meanings.keys()) found.add(word);
  return statuses.filter((status) => {
    const { process, group, name, program } = status;
    const full = `${group}:${name}`;
    const isNamed = wanted.full.has(full);
    if (isNamed) found.add(full);
    return (
      isNamed ||
      wanted.isAll ||
      wanted.groups.has(group) ||
      meanings.get(process) === PROCESS ||
      meanings.get(group) === TOGETHER ||
      meanings.get(program) === TOGETHER ||
      meanings.get(name) === MEMBER ||
      wanted.matchesGlob(process) ||
      wanted.matchesGlob(name) ||
      wanted.matchesFullGlob(full)
    );
  });
}

/** What a word means on one host: of these the highest that it can mean there. */
const PROCESS = 3;
const TOGETHER = 2;
const MEMBER = 1;

/** Of the words that mean anything on this host. */
function meaningsOf(
  words: ReadonlySet<string>,
  statuses: readonly ProcessStatus[],
): ReadonlyMap<string, number> {
  const meanings = new Map<string, number>();
  if (words.size === 0) return meanings;
  const raise = (word: string, meaning: number): void => {
    if (words.has(word)) meanings.set(word, Math.max(meaning, meanings.get(word) ?? 0));
  };
  for (const { process, group, name, program } of statuses) {
    raise(process, PROCESS);
    raise(group, TOGETHER);
    raise(program, TOGETHER);
    raise(name, MEMBER);
  }
  return meanings;
}
