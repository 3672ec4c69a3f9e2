/** The table of `fleetctl op list`: one operation a line, running ones first. */
import { ID_BEGINNING_MIN } from '../../../proto/find-operation.ts';
import type { OperationSummary } from '../../../proto/operation.ts';
import { cutToWidth } from '../fit.ts';
import type { Paint, Tone } from '../paint.ts';
import { type Cell, cell, renderTable } from '../table.ts';
import { formatDistance, formatDuration, formatTimestamp } from '../time.ts';
import { haltText, selectionText, verbText } from './words.ts';

/** What leaves the table within 120 columns. */
const SELECTION_SHOWN_MAX = 24;

const TONES: Readonly<Record<OperationSummary['state'], Tone | null>> = {
  planned: null,
  running: 'busy',
  paused: 'bad',
  draining: 'busy',
  succeeded: 'good',
  failed: 'bad',
  aborted: 'bad',
  cancelled: 'bad',
  expired: 'bad',
};

const HEADER = ['ID', 'STARTED', 'WHO', 'VERB', 'PROCESSES', 'HOSTS', 'STATE', 'DONE', 'TOOK'];

export function renderOperationTable(
  summaries: readonly OperationSummary[],
  nowMs: number,
  paint: Paint,
): string {
  const shownLength = shortestDistinct(summaries.map(({ id }) => id));
  const rows = summaries.map((summary) => [
    cell(summary.id.slice(0, shownLength)),
    cell(`${formatDistance(nowMs - summary.startedAtMs)} ago`),
    cell(summary.requestedBy),
    cell(verbText(summary)),
    cell(cutToWidth(selectionText(summary), SELECTION_SHOWN_MAX)),
    cell(`${cutToWidth(summary.hosts, SELECTION_SHOWN_MAX)} (${summary.hostCount})`),
    ...progressCells(summary, nowMs),
  ]);
  return renderTable(HEADER, rows, paint);
}

/** Nothing shortened, and what else is worth a column. */
export function renderWideOperationTable(
  summaries: readonly OperationSummary[],
  nowMs: number,
  paint: Paint,
): string {
  const rows = summaries.map((summary) => [
    cell(summary.id),
    cell(formatTimestamp(summary.startedAtMs)),
    cell(summary.requestedBy),
    cell(verbText(summary)),
    cell(selectionText(summary)),
    cell(`${summary.hosts} (${summary.hostCount})`),
    ...progressCells(summary, nowMs),
    cell(summary.order),
    cell(summary.runbook),
    cell(summary.reason === '' ? null : summary.reason),
    cell(haltText(summary)),
  ]);
  return renderTable([...HEADER, 'ORDER', 'RUNBOOK', 'REASON', 'HALT'], rows, paint);
}

function progressCells(summary: OperationSummary, nowMs: number): readonly Cell[] {
  const { state, targetCounts, startedAtMs, endedAtMs } = summary;
  const total = Object.values(targetCounts).reduce((sum, count) => sum + count, 0);
  return [
    cell(state, TONES[state]),
    cell(`${targetCounts.succeeded}/${total}`),
    cell(formatDuration((endedAtMs ?? nowMs) - startedAtMs)),
  ];
}

/** Characters of which no two ids have the same. */
function shortestDistinct(ids: readonly string[]): number {
  const longest = Math.max(0, ...ids.map((id) => id.length));
  for (let length = ID_BEGINNING_MIN; length < longest; length += 1) {
    if (new Set(ids.map((id) => id.slice(0, length))).size === ids.length) return length;
  }
  return longest;
}
