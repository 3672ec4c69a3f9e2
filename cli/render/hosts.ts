/** What `fleetctl hosts` shows of each host. All pure. */
import type { HostStatus, Labels } from '../../proto/vocabulary.ts';
import { compareNatural } from './natural-order.ts';
import type { Paint } from './paint.ts';
import { cell, renderTable } from './table.ts';
import { formatDistance, formatTimestamp } from './time.ts';

const HEADER = ['HOST', 'STATE', 'AGENT', 'LAST SEEN', 'LABELS'];

export function renderHostsTable(
  hosts: readonly HostStatus[],
  nowMs: number,
  paint: Paint,
): string {
  const rows = inOrder(hosts).map((host) => [
    cell(host.host),
    host.connected ? cell('connected', 'good') : cell('UNREACHABLE', 'bad'),
    cell(host.agentVersion === '' ? null : host.agentVersion),
    cell(lastSeen(host, nowMs)),
    cell(labelsText(host.labels)),
  ]);
  return renderTable(HEADER, rows, paint);
}

/** The items of `HostList`, in the order of the table. */
export function hostListItems(hosts: readonly HostStatus[]): readonly object[] {
  return inOrder(hosts).map((host) => ({
    host: host.host,
    state: host.connected ? 'connected' : 'unreachable',
    labels: host.labels,
    agentVersion: host.agentVersion === '' ? null : host.agentVersion,
    lastSeenAt: host.lastSeenAtMs === 0 ? null : formatTimestamp(host.lastSeenAtMs),
  }));
}

function inOrder(hosts: readonly HostStatus[]): readonly HostStatus[] {
  return [...hosts].sort((left, right) => compareNatural(left.host, right.host));
}

function lastSeen(host: HostStatus, nowMs: number): string {
  if (host.connected) return 'now';
  return host.lastSeenAtMs === 0 ? 'never' : `${formatDistance(nowMs - host.lastSeenAtMs)} ago`;
}

function labelsText(labels: Labels): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .sort(compareNatural)
    .join(',');
}
