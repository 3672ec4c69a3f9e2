/**
 * What `fleetctl status` shows of each process. A process on a host that is not connected is
 * UNREACHABLE, whatever it was when its agent last spoke: an old picture must not pass for a new
 * one. All pure; `nowMs` is the clock of the machine that fleetctl runs on.
 */
import type { HostId, HostProcess, HostStatus, ProcessStatus } from '../../proto/vocabulary.ts';
import type { ProcessListing } from '../ports.ts';
import { compareNatural } from './natural-order.ts';
import type { Paint, Tone } from './paint.ts';
import { type Cell, cell, renderTable } from './table.ts';
import { formatDistance, formatTimestamp, formatUptime } from './time.ts';

const UNREACHABLE = 'UNREACHABLE';

const TONES: Readonly<Record<ProcessStatus['state'] | typeof UNREACHABLE, Tone>> = {
  STOPPED: 'faint',
  STARTING: 'busy',
  RUNNING: 'good',
  BACKOFF: 'busy',
  STOPPING: 'busy',
  EXITED: 'busy',
  FATAL: 'bad',
  UNKNOWN: 'bad',
  UNREACHABLE: 'bad',
};

const HEADER = ['HOST', 'PROCESS', 'STATE', 'PID', 'UPTIME', 'RESTARTS', 'DETAIL'];

/** Rows by host, then process; a lost host of which no process is known still gets a row. */
export function renderStatusTable(
  { processes, hosts }: ProcessListing,
  nowMs: number,
  paint: Paint,
): string {
  const lastSeen = new Map(hosts.map((host) => [host.host, host.lastSeenAtMs]));
  const rows = [
    ...processes.map((entry) => ({
      host: entry.host,
      process: entry.status.process as string,
      cells: entry.hostConnected
        ? connectedCells(entry.status, nowMs)
        : lostCells(lastSeen.get(entry.host) ?? null, `was ${entry.status.state}`, nowMs),
    })),
    ...hostsWithoutProcess({ processes, hosts })
      .filter((host) => !host.connected)
      .map(({ host, lastSeenAtMs }) => ({
        host,
        process: '-',
        cells: lostCells(lastSeenAtMs, null, nowMs),
      })),
  ].sort((left, right) => compareNatural(left.host, right.host) || byProcess(left, right));
  return renderTable(
    HEADER,
    rows.map(({ host, process, cells }) => [cell(host), cell(process), ...cells]),
    paint,
  );
}

/** The items of `ProcessList`, in the order of the table. */
export function processListItems(listing: ProcessListing, nowMs: number): readonly object[] {
  return [...listing.processes]
    .sort(
      (left, right) =>
        compareNatural(left.host, right.host) || byProcess(left.status, right.status),
    )
    .map((entry) => processListItem(entry, nowMs));
}

/** Those of which the controller knows no process, or none that was asked for. */
export function hostsWithoutProcess({ processes, hosts }: ProcessListing): readonly HostStatus[] {
  const withProcess = new Set<HostId>(processes.map((entry) => entry.host));
  return hosts.filter((host) => !withProcess.has(host.host));
}

/**
 * Of a host that is not connected everything but `state` and `uptimeSeconds` is as its agent last
 * reported it.
 */
function processListItem({ host, hostConnected, status }: HostProcess, nowMs: number): object {
  return {
    host,
    process: status.process,
    group: status.group,
    name: status.name,
    groupPriority: status.groupPriority,
    priority: status.priority,
    generation: status.generation,
    state: hostConnected ? status.state : UNREACHABLE,
    pid: status.pid,
    startedAt: formatTimestamp(status.startedAtMs),
    uptimeSeconds: hostConnected ? uptimeSeconds(status, nowMs) : null,
    exitCode: status.exitCode,
    exitSignal: status.exitSignal,
    restarts: status.restarts,
    lastError: status.lastError,
    nextTryAt: formatTimestamp(status.nextTryAtMs),
  };
}

/** Null while nothing runs. Never negative, although two clocks are compared. */
function uptimeSeconds(status: ProcessStatus, nowMs: number): number | null {
  if (status.pid === null || status.startedAtMs === null) return null;
  return Math.max(0, Math.floor((nowMs - status.startedAtMs) / 1000));
}

function connectedCells(status: ProcessStatus, nowMs: number): readonly Cell[] {
  const uptime = uptimeSeconds(status, nowMs);
  return [
    cell(status.state, TONES[status.state]),
    cell(status.pid),
    cell(uptime === null ? null : formatUptime(uptime)),
    cell(status.restarts),
    cell(detail(status, nowMs)),
  ];
}

function lostCells(
  lastSeenAtMs: number | null,
  before: string | null,
  nowMs: number,
): readonly Cell[] {
  const seen =
    lastSeenAtMs === null || lastSeenAtMs === 0
      ? 'never seen'
      : `last seen ${formatDistance(nowMs - lastSeenAtMs)} ago`;
  return [
    cell(UNREACHABLE, TONES[UNREACHABLE]),
    cell(null),
    cell(null),
    cell(null),
    cell(before === null ? seen : `${seen}; ${before}`),
  ];
}

function detail(status: ProcessStatus, nowMs: number): string {
  const parts = [ending(status), status.lastError, nextTry(status, nowMs)];
  return parts.filter((part) => part !== null && part !== '').join('; ');
}

/** How it ended last, where that is the news: not of a process that runs again. */
function ending(status: ProcessStatus): string | null {
  if (status.pid !== null) return null;
  if (status.exitSignal !== null) return `killed by ${status.exitSignal}`;
  if (status.exitCode !== null) return `exit status ${status.exitCode}`;
  return status.state === 'STOPPED' && status.startedAtMs === null ? 'not started' : null;
}

function nextTry(status: ProcessStatus, nowMs: number): string | null {
  if (status.nextTryAtMs === null) return null;
  const waitMs = status.nextTryAtMs - nowMs;
  return waitMs <= 0 ? 'next try now' : `next try in ${formatDistance(waitMs)}`;
}

function byProcess(
  left: { readonly process: string },
  right: { readonly process: string },
): number {
  return compareNatural(left.process, right.process);
}
