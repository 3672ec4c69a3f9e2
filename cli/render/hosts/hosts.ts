/**
 * What `fleetctl hosts` shows. It ends in all hosts, folded, as an expression that means exactly
 * them: people look at it to check one before they use it. All pure.
 */

import { groupBy } from '../../../proto/group-by.ts';
import { sortNaturally } from '../../../proto/natural-order.ts';
import { foldedList, foldToParts } from '../../../proto/selector/fold.ts';
import type { HostStatus, Labels } from '../../../proto/vocabulary.ts';
import { isEnding } from '../authority/ending.ts';
import type { Paint } from '../paint.ts';
import { counted } from '../status/summary.ts';
import { type Cell, cell, GAP, renderTable, wholeCell } from '../table.ts';
import { displayWidth, escapeUnsafe, neutralise } from '../text.ts';
import { formatDistance, formatTimestamp } from '../time.ts';
import { fitNames } from './fitted.ts';
import { hostProblemLines } from './problems.ts';

/** What fits a screen; beyond it alike hosts share a row. */
const UNFOLDED_MAX = 50;
const NAMES_WIDTH_MIN = 20;

export interface HostsView {
  readonly nowMs: number;
  readonly paint: Paint;
  /** One row for each, with more columns, however many there are. */
  readonly isWide: boolean;
  /** Of the terminal; null: off a terminal. */
  readonly columns: number | null;
}

export function renderHosts(hosts: readonly HostStatus[], view: HostsView): string {
  if (hosts.length === 0) return 'no hosts have joined this fleet yet\n';
  const table =
    !view.isWide && hosts.length > UNFOLDED_MAX ? foldedHosts(hosts, view) : eachHost(hosts, view);
  const names = escapeUnsafe(foldedList(hosts.map(({ host }) => host)));
  const problems = hostProblemLines(hosts).map((line) => `${line}\n`);
  return `${table}${problems.join('')}${counted(hosts.length, 'host', 'hosts')}: ${names}\n`;
}

/** One name a line, for `xargs`. */
export function hostNameLines(hosts: readonly HostStatus[]): string {
  return inOrder(hosts)
    .map(({ host }) => `${escapeUnsafe(host)}\n`)
    .join('');
}

function eachHost(hosts: readonly HostStatus[], { nowMs, paint, isWide }: HostsView): string {
  const header = [
    'HOST',
    'STATE',
    ...(isWide ? ['ADDRESS', 'CONNECTED SINCE'] : []),
    'AGENT',
    ...(isWide ? ['ADOPTED', 'CERTIFICATE ENDS'] : []),
    'LAST SEEN',
    'LABELS',
  ];
  const rows = inOrder(hosts).map((host) => [
    cell(host.host),
    stateCell(host),
    ...(isWide ? [cell(host.address), cell(formatTimestamp(host.connectedSinceMs))] : []),
    cell(host.agentVersion === '' ? null : host.agentVersion),
    ...(isWide ? [cell(host.adopted), certificateCell(host, nowMs)] : []),
    cell(lastSeen(host, nowMs)),
    cell(labelsText(host.labels)),
  ]);
  return renderTable(header, rows, paint);
}

/** What is in trouble first; those that differ in nothing but their name in one row. */
function foldedHosts(hosts: readonly HostStatus[], { paint, columns }: HostsView): string {
  const alike = groupBy(inOrder(hosts), (host) =>
    JSON.stringify([stateCell(host).text, host.agentVersion, labelsText(host.labels)]),
  );
  const rows = [...alike.values()]
    .map((group) => ({ group, first: (group as [HostStatus])[0] }))
    .sort((left, right) => troubleOf(right.first) - troubleOf(left.first))
    .map(({ group, first }) => ({
      names: foldToParts(group.map(({ host }) => host)),
      cells: [
        stateCell(first),
        cell(group.length),
        cell(first.agentVersion === '' ? null : first.agentVersion),
        cell(labelsText(first.labels) || null),
      ],
    }));
  const header = ['STATE', 'COUNT', 'AGENT', 'LABELS'];
  const used = header.reduce((sum, word, column) => {
    const widths = rows.map(({ cells }) => displayWidth(neutralise(cells[column]?.text ?? '')));
    return (
      sum + widths.reduce((widest, width) => Math.max(widest, width), word.length) + GAP.length
    );
  }, 0);
  // The line below the table names them all.
  const room = columns === null ? Infinity : Math.max(NAMES_WIDTH_MIN, columns - used);
  return renderTable(
    [...header, 'HOSTS'],
    rows.map(({ names, cells }) => [...cells, wholeCell(fitNames(names, room, 'hosts'))]),
    paint,
  );
}

function inOrder(hosts: readonly HostStatus[]): readonly HostStatus[] {
  return sortNaturally(hosts, ({ host }) => host);
}

/** In red from when on an agent that renews would have done so. */
function certificateCell({ certificateEndsAtMs }: HostStatus, nowMs: number): Cell {
  if (certificateEndsAtMs === null) return cell(null);
  return cell(
    formatTimestamp(certificateEndsAtMs),
    isEnding(certificateEndsAtMs, nowMs) ? 'bad' : null,
  );
}

function stateCell({ connected, stateProblem, configProblem, identityProblem }: HostStatus): Cell {
  if (!connected) return cell('UNREACHABLE', 'bad');
  if (identityProblem !== null) return cell('identity in doubt', 'bad');
  if (stateProblem !== null) return cell('state lost', 'bad');
  return configProblem === null ? cell('connected', 'good') : cell('config rejected', 'bad');
}

function troubleOf({ connected, identityProblem, ...host }: HostStatus): number {
  const { stateProblem, configProblem } = host;
  return (
    8 * Number(!connected) +
    4 * Number(identityProblem !== null) +
    2 * Number(stateProblem !== null) +
    Number(configProblem !== null)
  );
}

function lastSeen(host: HostStatus, nowMs: number): string {
  if (host.connected) return 'now';
  return host.lastSeenAtMs === 0 ? 'never' : `${formatDistance(nowMs - host.lastSeenAtMs)} ago`;
}

/** `dc="New York",env=prod` */
export function labelsText(labels: Labels): string {
  return sortNaturally(
    Object.entries(labels).map(([key, value]) => `${key}=${valueText(value)}`),
    (label) => label,
  ).join(',');
}

/** As a selector takes it. */
function valueText(value: string): string {
  return /^[\p{L}\p{N}_./:@%+~-]+$/u.test(value) ? value : `"${value.replace(/["\\]/g, '\\$&')}"`;
}
