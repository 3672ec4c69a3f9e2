/**
 * `fleetctl status` with one row for each process: what a person would ask next of it, in as many
 * columns as there are questions.
 */

import type { ProcessStatus } from '../../../proto/vocabulary.ts';
import { type Cell, cell } from '../table.ts';
import { formatUptime } from '../time.ts';
import { fullDetail, lastingDetail, type StatusEntry, toneOf, uptimeSeconds } from './entry.ts';
import type { StatusTable } from './table.ts';

/** @param isWide with the columns that are seldom needed */
export function processTable(
  entries: readonly StatusEntry[],
  nowMs: number,
  isWide: boolean,
): StatusTable {
  return {
    header: isWide
      ? [
          'HOST',
          'PROCESS',
          'STATE',
          'GROUP',
          'TIER',
          'GENERATION',
          'PID',
          'UPTIME',
          'RESTARTS',
          'EXIT',
          'DETAIL',
        ]
      : ['HOST', 'PROCESS', 'STATE', 'PID', 'UPTIME', 'RESTARTS', 'DETAIL'],
    rows: entries.map((entry) => ({
      key: processKey(entry),
      content: processContent(entry),
      cells: cells(entry, nowMs, isWide),
      below: '',
    })),
  };
}

/** The same for one process in every picture. */
export function processKey({ host, status }: StatusEntry): string {
  return JSON.stringify([host, status?.process]);
}

/** Differs when something happened to the process, not when only time passed. */
export function processContent(entry: StatusEntry): string {
  const { state, status } = entry;
  return JSON.stringify([state, status?.pid, status?.restarts, lastingDetail(entry)]);
}

function cells(entry: StatusEntry, nowMs: number, isWide: boolean): readonly Cell[] {
  const { host, state, status } = entry;
  // Of a lost host nothing is known but what was.
  const now = state === 'UNREACHABLE' ? null : status;
  const uptime = now === null ? null : uptimeSeconds(now, nowMs);
  return [
    cell(host),
    cell(status?.process ?? null),
    cell(state, toneOf(entry)),
    ...(isWide ? configuredCells(status) : []),
    cell(now?.pid ?? null),
    cell(uptime === null ? null : formatUptime(uptime)),
    cell(now?.restarts ?? null),
    ...(isWide ? [cell(now === null ? null : exitText(now))] : []),
    cell(fullDetail(entry, nowMs)),
  ];
}

/** What orders and counts it is known of a lost host too. */
function configuredCells(status: ProcessStatus | null): readonly Cell[] {
  return [
    cell(status?.group ?? null),
    cell(status === null ? null : `${status.groupPriority}/${status.priority}`),
    cell(status?.generation ?? null),
  ];
}

function exitText(status: ProcessStatus): string | null {
  return status.exitSignal ?? (status.exitCode === null ? null : String(status.exitCode));
}
