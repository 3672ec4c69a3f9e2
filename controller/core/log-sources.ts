/**
 * Which logs an operator's selection means, of the fleet as it is now: chosen once for a call, so
 * that who follows is told at the beginning what is read, and what cannot be.
 */

import { isRefusal, type Refusal, refusal } from '../../proto/errors.ts';
import { groupBy } from '../../proto/group-by.ts';
import { LOG_GREP_STEPS_MAX } from '../../proto/log-messages.ts';
import { sortNaturally } from '../../proto/natural-order.ts';
import type { HostId, ProcessName } from '../../proto/vocabulary.ts';
import { listProcesses } from './queries.ts';
import { noHostsNamed } from './select.ts';
import { compileRegex } from './selector/regex.ts';
import type { FleetState } from './state.ts';

export interface LogQuery {
  /** A selector. */
  readonly hosts: string;
  /** Patterns. */
  readonly processes: readonly string[];
  readonly grep: string | null;
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
  const byHost = groupBy(listing.processes, ({ host }) => host);
  const chosen = (connected: boolean): readonly ChosenHost[] =>
    sortNaturally(byHost, ([host]) => host)
      .filter(([, [first]]) => first?.hostConnected === connected)
      .map(([host, entries]) => ({ host, processes: entries.map(({ status }) => status.process) }));
  return { sources: chosen(true), unreachable: chosen(false) };
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
