/**
 * Which logs an operator's selection means, of the fleet as it is now: chosen once for a call, so
 * that who follows is told at the beginning what is read, and what cannot be.
 */

import { isRefusal, type Refusal, refusal } from '../../proto/errors.ts';
import { groupBy } from '../../proto/group-by.ts';
import { LOG_GREP_STEPS_MAX } from '../../proto/log-messages.ts';
import { sortNaturally } from '../../proto/natural-order.ts';
import { targetKey } from '../../proto/target.ts';
import type { HostId, HostProcess, ProcessName } from '../../proto/vocabulary.ts';
import { accessOf, mayEverywhere } from './access.ts';
import { allowedProcesses, type Found } from './allowed.ts';
import { listProcesses } from './queries.ts';
import { noHostsNamed } from './select.ts';
import { compileRegex } from './selector/regex.ts';
import type { FleetState } from './state.ts';
import { statusOfName } from './visible.ts';

export interface LogQuery {
  /** A selector. */
  readonly hosts: string;
  /** Patterns. */
  readonly processes: readonly string[];
  readonly grep: string | null;
  /** What may not be read is left out, instead of being the reason to refuse it all. */
  readonly allowedOnly: boolean;
  /** Whose rights count. */
  readonly operator: string;
  readonly wallMs: number;
}

interface ChosenHost {
  readonly host: HostId;
  readonly processes: readonly ProcessName[];
}

/** In natural order. */
export interface ChosenLogs {
  /** Connected hosts that have such processes. */
  readonly sources: readonly ChosenHost[];
  /** Hosts that had such processes when they were last heard of, and are not connected. */
  readonly unreachable: readonly ChosenHost[];
}

/** @returns at least one host, connected or not; refused as other selections are */
export function chooseLogs(state: FleetState, query: LogQuery): ChosenLogs | Refusal {
  const problem = problemOf(query);
  if (problem !== null) return problem;
  const { hosts: selector, processes: patterns, wallMs } = query;
  const listing = listProcesses(state, { selector, wallMs }, patterns);
  if (isRefusal(listing)) return listing;
  const allowed = readable(state, listing.processes, query);
  if (isRefusal(allowed)) return allowed;
  const byHost = groupBy(allowed, ({ host }) => host);
  const chosen = (connected: boolean): readonly ChosenHost[] =>
    sortNaturally(byHost, ([host]) => host)
      .filter(([, [first]]) => first?.hostConnected === connected)
      .map(([host, entries]) => ({ host, processes: entries.map(({ status }) => status.process) }));
  return { sources: chosen(true), unreachable: chosen(false) };
}

/**
 * Why what was chosen may not be read any more, or null; for who follows it. Processes that are not
 * there just now are judged by their names.
 */
export function readingDenied(
  state: FleetState,
  { sources, unreachable }: ChosenLogs,
  { operator, wallMs }: Pick<LogQuery, 'operator' | 'wallMs'>,
): Refusal | null {
  const access = accessOf(state, operator, wallMs);
  if (mayEverywhere(access, 'logs')) return null;
  const found = [...sources, ...unreachable].flatMap(
    ({ host: id, processes }): readonly Found[] => {
      const host = state.hosts.get(id);
      if (host === undefined) return [];
      const statuses = processes.map((name) => host.processes.get(name) ?? statusOfName(name));
      return [{ host, statuses }];
    },
  );
  const judged = { act: READING, allowedOnly: false };
  const allowed = allowedProcesses(access, judged, found);
  return isRefusal(allowed) ? allowed : null;
}

const READING = { action: 'logs', signal: null, hasReason: true } as const;

/** As with operations: one that may not be read refuses them all, unless those were to be left out. */
function readable(
  state: FleetState,
  processes: readonly HostProcess[],
  { operator, allowedOnly, wallMs }: LogQuery,
): readonly HostProcess[] | Refusal {
  const access = accessOf(state, operator, wallMs);
  if (mayEverywhere(access, 'logs')) return processes;
  const byHost = groupBy(processes, ({ host }) => host);
  const found = [...byHost].flatMap(([id, entries]): readonly Found[] => {
    const host = state.hosts.get(id);
    return host === undefined ? [] : [{ host, statuses: entries.map(({ status }) => status) }];
  });
  const judged = { act: READING, allowedOnly };
  const allowed = allowedProcesses(access, judged, found);
  if (isRefusal(allowed)) return allowed;
  const kept = new Set(
    allowed.found.flatMap(({ host, statuses }) =>
      statuses.map(({ process }) => targetKey(host.host, process)),
    ),
  );
  return processes.filter(({ host, status }) => kept.has(targetKey(host, status.process)));
}

function problemOf({ hosts, processes, grep }: LogQuery): Refusal | null {
  if (hosts.trim() === '') return noHostsNamed('whoever reads logs says of which hosts');
  if (processes.length === 0) {
    return refusal('usage', 'no processes are named', {
      cause: 'an empty selection never means everything',
      fix: 'every process is spelled all',
    });
  }
  // Here, and not by each agent in its own words.
  return grep === null ? null : problemOfGrep(grep);
}

function problemOfGrep(grep: string): Refusal | null {
  const compiled = compileRegex(grep);
  if (compiled.kind === 'wrong') {
    return refusal('usage', `${JSON.stringify(grep)} is no regular expression`, {
      cause: compiled.why,
      fix: 'expressions are those of RE2: no look-around, no back-references; \\Q…\\E takes text as it is',
    });
  }
  if (compiled.steps <= LOG_GREP_STEPS_MAX) return null;
  return refusal('usage', `the expression ${JSON.stringify(grep)} is too large`, {
    cause: `${compiled.steps} steps for each byte of a line; at most ${LOG_GREP_STEPS_MAX} are taken`,
    fix: 'use smaller numbers in braces',
  });
}
