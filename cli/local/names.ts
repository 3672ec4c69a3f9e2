/**
 * Which processes a word means, as supervisorctl reads words: `name`, `group:name`, `group:*`,
 * `group:`, `all`; and beyond it as fleetctl does everywhere (globs, names of programs and groups).
 */
import { matchProcesses } from '../../proto/process-pattern.ts';
import { type ProcessStatus, processName } from '../../proto/vocabulary.ts';
import { escapeUnsafe } from '../render/text.ts';

/** What supervisorctl understands by `all`, wherever it stands among other words. */
export const ALL = 'all';

/** The others beside `all` are not even looked at, as supervisorctl has it. */
export function withoutNeedless(names: readonly string[]): readonly string[] {
  return names.includes(ALL) ? [ALL] : names;
}

/** Of `group:*` and `group:`; null for every other word. */
export function groupOf(typed: string): string | null {
  const { group, name } = split(typed);
  return name === '' || name === '*' ? group : null;
}

/** As the process would be shown if there were one: `web` for `web:web`. */
export function shownName(typed: string): string {
  const { group, name } = split(typed);
  return processName(group, name);
}

/** What is said of a word that means nothing here. */
export function unknownNameLine(typed: string): string {
  const group = groupOf(typed);
  return group === null
    ? errorLine(shownName(typed), 'no such process')
    : errorLine(group, 'no such group');
}

/** A reason that begins with the name itself is told without it: the line has it already. */
export function errorLine(name: string, reason: string): string {
  const prefix = `${name}: `;
  const shown = reason.startsWith(prefix) ? reason.slice(prefix.length) : reason;
  return `${escapeUnsafe(name)}: ERROR (${escapeUnsafe(shown)})\n`;
}

export interface Selected {
  /** In the order of the words; what two words mean is there twice. */
  readonly processes: readonly ProcessStatus[];
  readonly unknown: readonly string[];
}

export function selectProcesses(
  names: readonly string[],
  processes: readonly ProcessStatus[],
): Selected {
  const byName = new Map<string, ProcessStatus>(processes.map((known) => [known.process, known]));
  const found: ProcessStatus[] = [];
  const unknown: string[] = [];
  for (const typed of names) {
    const named = byName.get(shownName(typed));
    const meant = named === undefined ? allMeantBy(typed, processes) : [named];
    if (meant.length === 0) unknown.push(typed);
    found.push(...meant);
  }
  return { processes: found, unknown };
}

function allMeantBy(typed: string, processes: readonly ProcessStatus[]): readonly ProcessStatus[] {
  return matchProcesses([typed], [processes]).byHost[0] ?? [];
}

function split(typed: string): { readonly group: string; readonly name: string } {
  const colon = typed.indexOf(':');
  if (colon < 0) return { group: typed, name: typed };
  return { group: typed.slice(0, colon), name: typed.slice(colon + 1) };
}
