/**
 * Which processes a word on the command line means on one host: `web`, `group:name`, `group:*`,
 * a glob, or `all`. A plain word is the process of that name, else all processes of the program or
 * group of that name (Supervisor makes people spell the latter `web:*`).
 */
import picomatch from 'picomatch';
import type { ProcessStatus } from './vocabulary.ts';

export type ProcessMatcher = (statuses: Iterable<ProcessStatus>) => readonly ProcessStatus[];

/** Compiles the patterns once for many hosts. No pattern at all matches nothing. */
export function compilePatterns(patterns: readonly string[]): ProcessMatcher {
  const matchers = patterns.map(compile);
  return (statuses) => {
    const all = [...statuses];
    const matched = new Set(matchers.flatMap((matches) => matches(all)));
    return all.filter((status) => matched.has(status));
  };
}

type ListMatcher = (statuses: readonly ProcessStatus[]) => readonly ProcessStatus[];

function compile(pattern: string): ListMatcher {
  if (pattern === 'all') return (statuses) => statuses;
  // supervisorctl takes `group:` for `group:*`.
  const full = pattern.endsWith(':') ? `${pattern}*` : pattern;
  if (!/[*?]/.test(full)) return full.includes(':') ? exact(full) : word(full);
  const matches = picomatch(full, {
    dot: true,
    nobrace: true,
    nobracket: true,
    noextglob: true,
    nonegate: true,
  });
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
    return statuses.filter((status) => status.group === pattern || status.program === pattern);
  };
}
