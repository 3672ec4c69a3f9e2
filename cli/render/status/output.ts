/** Everything that `fleetctl status` prints when it is not watching. */
import type { Environment, ProcessListing } from '../../ports.ts';
import { screenOf } from '../../terminal/painter.ts';
import { renderList } from '../json.ts';
import { painter } from '../paint.ts';
import { escapeUnsafe } from '../text.ts';
import { type StatusEntry, statusEntries } from './entry.ts';
import { foldStatus } from './folded.ts';
import { foldedTable } from './folded-table.ts';
import { processListItems } from './json.ts';
import { processTable } from './status.ts';
import { summaryLine } from './summary.ts';
import { renderStatusTable } from './table.ts';

export type StatusFormat = 'table' | 'wide' | 'json' | 'jsonl' | 'name';

/** More hosts than a person takes in row by row. */
const HOSTS_UNFOLDED_MAX = 10;

/** @param more fields of the JSON document */
export function renderStatus(
  { stdout, terminal, clock }: Pick<Environment, 'stdout' | 'terminal' | 'clock'>,
  listing: ProcessListing,
  output: StatusFormat,
  more: object = {},
): string {
  const nowMs = clock.nowMs();
  if (output === 'json' || output === 'jsonl') {
    return renderList('ProcessList', processListItems(listing, nowMs), output, more);
  }
  const entries = statusEntries(listing);
  if (output === 'name') return entries.map(nameLine).join('');
  if (entries.length === 0) return 'no processes\n';
  const paint = painter(stdout.colours);
  if (output === 'wide' || !isFolded(listing)) {
    return renderStatusTable(processTable(entries, nowMs, output === 'wide'), paint);
  }
  const table = foldedTable(
    foldStatus(entries),
    nowMs,
    terminal === null ? null : screenOf(terminal).columns,
  );
  return `${renderStatusTable(table, paint)}${summaryLine(entries, hostCount(listing))}\n`;
}

export function isFolded(listing: ProcessListing): boolean {
  return hostCount(listing) > HOSTS_UNFOLDED_MAX;
}

/** An answer may tell of processes whose host it does not tell of. */
export function hostCount({ hosts, processes }: ProcessListing): number {
  return new Set([...hosts, ...processes].map(({ host }) => host)).size;
}

/** For `xargs`; a lost host without processes has no name to give. */
function nameLine({ host, status }: StatusEntry): string {
  return status === null ? '' : `${escapeUnsafe(`${host}/${status.process}`)}\n`;
}
