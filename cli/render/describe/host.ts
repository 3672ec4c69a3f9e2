/** `fleetctl describe HOST`: what is known of it, its processes with the worst first, what happened. */
import type { HostProcess, HostStatus, StoredEvent } from '../../../proto/vocabulary.ts';
import { labelsText } from '../hosts/hosts.ts';
import type { Paint } from '../paint.ts';
import { bySeverity, statusEntries } from '../status/entry.ts';
import { processTable } from '../status/status.ts';
import { counted, stateCounts } from '../status/summary.ts';
import { renderStatusTable, type StatusTable } from '../status/table.ts';
import { oneLine } from '../text.ts';
import { eventLines } from './events.ts';
import { type Field, fieldLines, momentText } from './fields.ts';

export interface HostDescription {
  readonly host: HostStatus;
  readonly processes: readonly HostProcess[];
  /** Newest first. */
  readonly events: readonly StoredEvent[];
}

export function renderHostDescription(
  { host, processes, events }: HostDescription,
  { nowMs, paint }: { readonly nowMs: number; readonly paint: Paint },
): string {
  const { configProblem, stateProblem, identityProblem, certificateEndsAtMs } = host;
  // Without a process there is no row; the host itself is told above the table.
  const entries = statusEntries({ hosts: processes.length === 0 ? [] : [host], processes });
  const fields: readonly Field[] = [
    ['host', host.host],
    connection(host, nowMs),
    ['address', host.address],
    ['agent', host.agentVersion === '' ? null : host.agentVersion],
    ['adopted', adoptedText(host)],
    ['labels', labelsText(host.labels) || null],
    ...(certificateEndsAtMs === null
      ? []
      : [['certificate', endText(certificateEndsAtMs, nowMs)] as const]),
    ...(identityProblem === null ? [] : [['identity', oneLine(identityProblem)] as const]),
    ...(stateProblem === null ? [] : [['state lost', oneLine(stateProblem)] as const]),
    ...(configProblem === null ? [] : [['config', `rejected: ${oneLine(configProblem)}`] as const]),
    [
      'processes',
      entries.length === 0 ? 'none is known' : `${entries.length}: ${stateCounts(entries)}`,
    ],
  ];
  const table = withoutHosts(processTable(bySeverity(entries), nowMs, false));
  return [
    fieldLines(fields),
    entries.length === 0 ? '' : `\n${renderStatusTable(table, paint)}`,
    eventLines(events, { paint, isOfOneProcess: false }),
  ].join('');
}

/** The first column would say the same in every row. */
function withoutHosts({ header, rows }: StatusTable): StatusTable {
  return {
    header: header.slice(1),
    rows: rows.map((row) => ({ ...row, cells: row.cells.slice(1) })),
  };
}

function endText(atMs: number, nowMs: number): string {
  return `${atMs > nowMs ? 'ends' : 'ended'} ${momentText(atMs, nowMs)}`;
}

function adoptedText({ adopted }: HostStatus): string | null {
  if (adopted === null) return null;
  return `${counted(adopted, 'running process', 'running processes')} when its agent started`;
}

function connection(host: HostStatus, nowMs: number): Field {
  if (!host.connected) {
    return ['state', `UNREACHABLE, last seen ${momentText(host.lastSeenAtMs, nowMs) ?? 'never'}`];
  }
  const since = momentText(host.connectedSinceMs, nowMs);
  return ['state', since === null ? 'connected' : `connected since ${since}`];
}
