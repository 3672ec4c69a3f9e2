/**
 * What is shown of one process, before anybody decides how. A process on a host that is not
 * connected is UNREACHABLE, whatever it was when its agent last spoke: an old picture must not pass
 * for a new one.
 */
import { sortNaturally } from '../../../proto/natural-order.ts';
import type {
  Health,
  HostId,
  HostStatus,
  ProcessState,
  ProcessStatus,
} from '../../../proto/vocabulary.ts';
import type { ProcessListing } from '../../ports.ts';
import type { Tone } from '../paint.ts';
import { formatDistance } from '../time.ts';
import {
  healthComplaint,
  holdText,
  leftBehindText,
  lostOutputText,
  memoryText,
  waitingText,
} from './remarks.ts';

/** What is RUNNING and has a health check is only as well as that says. */
type CheckedState = `RUNNING (${Health})`;

export type ShownState = ProcessState | CheckedState | 'UNREACHABLE';

export interface StatusEntry {
  readonly host: HostId;
  readonly state: ShownState;
  /** Wall clock of its host; for a lost host when it was last seen. Null where nobody knows. */
  readonly sinceMs: number | null;
  /** Null for a lost host of which no process is known. */
  readonly status: ProcessStatus | null;
}

/** What a person should look at first comes first. */
export const STATES_BY_SEVERITY = [
  'FATAL',
  'UNKNOWN',
  'UNREACHABLE',
  'RUNNING (unhealthy)',
  'BACKOFF',
  'EXITED',
  'STOPPED',
  'STOPPING',
  'STARTING',
  'RUNNING (starting)',
  'RUNNING',
  'RUNNING (healthy)',
] as const satisfies readonly ShownState[];

const TONES: Readonly<Record<ShownState, Tone>> = {
  STOPPED: 'faint',
  STARTING: 'busy',
  RUNNING: 'good',
  'RUNNING (starting)': 'busy',
  'RUNNING (healthy)': 'good',
  'RUNNING (unhealthy)': 'bad',
  BACKOFF: 'busy',
  STOPPING: 'busy',
  EXITED: 'busy',
  FATAL: 'bad',
  UNKNOWN: 'bad',
  UNREACHABLE: 'bad',
};

export function shownStateOf({ state, health }: ProcessStatus): ProcessState | CheckedState {
  return state === 'RUNNING' && health !== null ? (`RUNNING (${health})` as const) : state;
}

export function toneOf({ state, status }: Pick<StatusEntry, 'state' | 'status'>): Tone {
  // Down, but not because anybody wants it to be.
  if (state === 'STOPPED' && status !== null && status.waitsFor !== null) return 'busy';
  return TONES[state];
}

/** By host, then process. */
export function statusEntries({ processes, hosts }: ProcessListing): readonly StatusEntry[] {
  const lastSeen = new Map(hosts.map((host) => [host.host, host.lastSeenAtMs]));
  const entries = processes.map(({ host, hostConnected, status }): StatusEntry => {
    return hostConnected
      ? { host, state: shownStateOf(status), sinceMs: stateSince(status), status }
      : { host, state: 'UNREACHABLE', sinceMs: known(lastSeen.get(host)), status };
  });
  for (const { host, connected, lastSeenAtMs } of hostsWithoutProcess({ processes, hosts })) {
    if (connected) continue;
    entries.push({ host, state: 'UNREACHABLE', sinceMs: known(lastSeenAtMs), status: null });
  }
  return sortNaturally(
    entries,
    ({ host }) => host,
    ({ status }) => status?.process ?? '',
  );
}

/** The order within one state stays. */
export function bySeverity(entries: readonly StatusEntry[]): readonly StatusEntry[] {
  return [...entries].sort(
    (left, right) =>
      STATES_BY_SEVERITY.indexOf(left.state) - STATES_BY_SEVERITY.indexOf(right.state),
  );
}

/** Those of which the controller knows no process, or none that was asked for. */
export function hostsWithoutProcess({ processes, hosts }: ProcessListing): readonly HostStatus[] {
  const withProcess = new Set<HostId>(processes.map((entry) => entry.host));
  return hosts.filter((host) => !withProcess.has(host.host));
}

/** Without anything that changes while nothing happens, so that equal troubles have equal words. */
export function lastingDetail({ state, sinceMs, status }: StatusEntry): string {
  if (status === null || state === 'UNREACHABLE') return sinceMs === null ? 'never seen' : '';
  return detailOf(status, { lostOutput: lostOutputText(status) === null ? null : OUTPUT_LOST });
}

/** As `lastingDetail`, where like stands with like: of what runs only what is wrong with it now. */
export function foldedDetail(entry: StatusEntry): string {
  const { state, status } = entry;
  if (status?.state !== 'RUNNING' || state === 'UNREACHABLE') return lastingDetail(entry);
  const lost = lostOutputText(status) === null ? null : OUTPUT_LOST;
  return joined([healthComplaint(status), leftBehindText(status), lost, holdText(status)]);
}

/** How much, nobody can tell in words that last. */
const OUTPUT_LOST = 'output lost';

/** Everything that the columns beside it do not say. */
export function fullDetail(entry: StatusEntry, nowMs: number): string {
  const { state, sinceMs, status } = entry;
  if (state !== 'UNREACHABLE' && status !== null) {
    const memory = memoryText(status);
    return joined([
      detailOf(status, { lostOutput: lostOutputText(status) }),
      memory === null ? null : `memory ${memory}`,
      nextTry(status, nowMs),
    ]);
  }
  const seen = sinceMs === null ? null : `last seen ${formatDistance(nowMs - sinceMs)} ago`;
  return joined([lastingDetail(entry), seen, status === null ? null : `was ${status.state}`]);
}

function detailOf(
  status: ProcessStatus,
  { lostOutput }: { readonly lostOutput: string | null },
): string {
  return joined([
    waitingText(status),
    healthComplaint(status),
    ending(status),
    status.lastError,
    leftBehindText(status),
    lostOutput,
    holdText(status),
  ]);
}

/** Null while nothing runs. Never negative, although two clocks are compared. */
export function uptimeSeconds(status: ProcessStatus, nowMs: number): number | null {
  if (status.pid === null || status.startedAtMs === null) return null;
  return Math.max(0, Math.floor((nowMs - status.startedAtMs) / 1000));
}

/** An agent that adopted a process saw it RUNNING later than it was; its start is true. */
function stateSince(status: ProcessStatus): number | null {
  const { state, pid, startedAtMs, changedAtMs, health } = status;
  // It ran well before, and nobody has noted when that ended.
  if (state === 'RUNNING' && health === 'unhealthy') return null;
  return state === 'RUNNING' && pid !== null && startedAtMs !== null
    ? startedAtMs
    : known(changedAtMs);
}

function known(atMs: number | undefined): number | null {
  return atMs === undefined || atMs === 0 ? null : atMs;
}

/** How it ended last, where that is the news: not of a process that runs again, or is about to. */
function ending(status: ProcessStatus): string | null {
  if (status.pid !== null || status.state === 'STARTING') return null;
  const how = endingText(status);
  if (how !== null) return status.lastError?.includes(how) ? null : how;
  const isNew = status.state === 'STOPPED' && status.startedAtMs === null;
  return isNew && status.waitsFor === null ? 'not started' : null;
}

export function endingText({ exitCode, exitSignal }: ProcessStatus): string | null {
  if (exitSignal !== null) return `killed by SIG${exitSignal}`;
  return exitCode === null ? null : `exit status ${exitCode}`;
}

function nextTry({ nextTryAtMs }: ProcessStatus, nowMs: number): string | null {
  if (nextTryAtMs === null) return null;
  const waitMs = nextTryAtMs - nowMs;
  return waitMs <= 0 ? 'next try now' : `next try in ${formatDistance(waitMs)}`;
}

function joined(parts: readonly (string | null)[]): string {
  return parts.filter((part) => part !== null && part !== '').join('; ');
}
