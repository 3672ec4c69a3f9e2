/**
 * `fleetctl status` of many hosts: what is equal becomes one row, the worst first. A person who is
 * called at night sees on one screen what is wrong, where, and for how long, and only then how much
 * is well.
 */

import { groupBy } from '../../../proto/group-by.ts';
import { sortNaturally } from '../../../proto/natural-order.ts';
import type { Tone } from '../paint.ts';
import {
  foldedDetail,
  type ShownState,
  STATES_BY_SEVERITY,
  type StatusEntry,
  toneOf,
} from './entry.ts';

/** Processes in one state with one detail, each of them on each of the hosts. */
export interface StatusFold {
  readonly state: ShownState;
  readonly tone: Tone;
  readonly detail: string;
  /** In natural order, as the hosts are. Empty: hosts of which no process is known. */
  readonly processes: readonly string[];
  readonly hosts: readonly string[];
  readonly sinceMs: Span | null;
  readonly nextTryAtMs: Span | null;
}

export interface Span {
  readonly first: number;
  readonly last: number;
}

/**
 * By severity; within a state what is most frequent first.
 * @param entries by host
 */
export function foldStatus(entries: readonly StatusEntry[]): readonly StatusFold[] {
  const byContent = groupBy(entries, (entry) =>
    JSON.stringify([entry.state, entry.status?.process ?? null, foldedDetail(entry)]),
  );
  const onHosts = groupBy([...byContent.values()].map(foldHosts), ({ state, detail, hosts }) =>
    JSON.stringify([state, detail, hosts]),
  );
  const folds = [...onHosts.values()].map(foldProcesses);
  return sortNaturally(folds, ({ processes }) => processes[0] ?? '').sort(
    (left, right) =>
      STATES_BY_SEVERITY.indexOf(left.state) - STATES_BY_SEVERITY.indexOf(right.state) ||
      countOf(right) - countOf(left),
  );
}

/** Of processes; 0 where none is known. */
export function countOf({ processes, hosts }: StatusFold): number {
  return processes.length * hosts.length;
}

/** @param entries of one process, alike but for the host */
function foldHosts(entries: readonly StatusEntry[]): StatusFold {
  const [first] = entries as [StatusEntry];
  return {
    state: first.state,
    tone: toneOf(first),
    detail: foldedDetail(first),
    processes: first.status === null ? [] : [first.status.process],
    hosts: entries.map(({ host }) => host),
    sinceMs: spanOf(entries.map(({ sinceMs }) => sinceMs)),
    nextTryAtMs: spanOf(
      entries.map(({ state, status }) =>
        state === 'UNREACHABLE' ? null : (status?.nextTryAtMs ?? null),
      ),
    ),
  };
}

/** @param folds of one process each, on the same hosts */
function foldProcesses(folds: readonly StatusFold[]): StatusFold {
  const [first] = folds as [StatusFold];
  return {
    ...first,
    processes: sortNaturally(
      folds.flatMap(({ processes }) => processes),
      (process) => process,
    ),
    sinceMs: spanOf(folds.flatMap(({ sinceMs }) => ends(sinceMs))),
    nextTryAtMs: spanOf(folds.flatMap(({ nextTryAtMs }) => ends(nextTryAtMs))),
  };
}

function ends(span: Span | null): readonly number[] {
  return span === null ? [] : [span.first, span.last];
}

function spanOf(times: readonly (number | null)[]): Span | null {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const time of times) {
    if (time === null) continue;
    first = Math.min(first, time);
    last = Math.max(last, time);
  }
  return first > last ? null : { first, last };
}
