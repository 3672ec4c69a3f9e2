/**
 * Which processes a word on the command line means on one host: `web`, `group:name`, `group:*`,
 * a glob, or `all`. A plain word is the process of that name, else all processes of the program or
 * group of that name (Supervisor makes people spell the latter `web:*`), else the member of a group.
 */
import { type Refusal, refusal } from './errors.ts';
import type { ProcessStatus } from './vocabulary.ts';
import { hasWildcard, matchesWildcard } from './wildcard.ts';

export type ProcessMatcher = (statuses: Iterable<ProcessStatus>) => readonly ProcessStatus[];

/** Each is held against every process of the fleet; more would stall the controller's one thread. */
const PATTERNS_MAX = 1_000;
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
  if (long === undefined) return null;
  return refusal('usage', `the process ${JSON.stringify(long.slice(0, 60))}… is no name`, {
    cause: `it has ${long.length} characters; at most ${PATTERN_LENGTH_MAX} are taken`,
  });
}

/** As a refusal names them. */
export function namesOfPatterns(patterns: readonly string[]): string {
  const shown = patterns.slice(0, 5).map((pattern) => JSON.stringify(pattern));
  const more = patterns.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/**
 * Names that nothing is called like on any of these hosts: slips of the keyboard, which must not
 * pass unnoticed beside names that exist. A pattern with a wildcard may match nothing.
 */
export function namesWithoutMatch(
  patterns: readonly string[],
  hosts: readonly (readonly ProcessStatus[])[],
): readonly string[] {
  return patterns.filter((pattern) => {
    if (pattern === 'all' || pattern.endsWith(':') || hasWildcard(pattern)) return false;
    const matches = compilePattern(pattern);
    return !hosts.some((statuses) => matches(statuses).length > 0);
  });
}

/** Compiles the patterns once for many hosts. No pattern at all matches nothing. */
export function compilePatterns(patterns: readonly string[]): ProcessMatcher {
  const matchers = patterns.map(compilePattern);
  return (statuses) => {
    const all = [...statuses];
    const matched = new Set(matchers.flatMap((matches) => matches(all)));
    return all.filter((status) => matched.has(status));
  };
}

type ListMatcher = (statuses: readonly ProcessStatus[]) => readonly ProcessStatus[];

/** One pattern alone, for whoever asks much of many hosts. */
export function compilePattern(pattern: string): ListMatcher {
  if (pattern === 'all') return (statuses) => statuses;
  // supervisorctl takes `group:` for `group:*`.
  const full = pattern.endsWith(':') ? `${pattern}*` : pattern;
  if (!hasWildcard(full)) return full.includes(':') ? exact(full) : word(full);
  const matches = (name: string): boolean => matchesWildcard(full, name);
  return full.includes(':')
    ? (statuses) => statuses.filter((status) => matches(`${status.group}:${status.name}`))
    : (statuses) => statuses.filter((status) => matches(status.process) || matches(status.name));
}

/** `web:web` names the process that is shown as `web`. */
function exact(pattern: string): ListMatcher {
  return (statuses) => statuses.filter((status) => `${status.group}:${status.name}` === pattern);
}

function word(pattern: string): ListMatcher {
  return (statuses) => {
    const named = statuses.filter((status) => status.process === pattern);
    if (named.length > 0) return named;
    const together = statuses.filter(
      (status) => status.group === pattern || status.program === pattern,
    );
    return together.length > 0 ? together : statuses.filter((status) => status.name === pattern);
  };
}
