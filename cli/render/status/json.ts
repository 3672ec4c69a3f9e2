/** The items of `ProcessList`. */
import { sortNaturally } from '../../../proto/natural-order.ts';
import type { Hold, HostProcess } from '../../../proto/vocabulary.ts';
import type { ProcessListing } from '../../ports.ts';
import { formatTimestamp } from '../time.ts';
import { uptimeSeconds } from './entry.ts';

/** In the order of the table. */
export function processListItems(listing: ProcessListing, nowMs: number): readonly object[] {
  return sortNaturally(
    listing.processes,
    ({ host }) => host,
    ({ status }) => status.process,
  ).map((entry) => processItem(entry, nowMs));
}

/**
 * Of a host that is not connected everything but `state` and `uptimeSeconds` is as its agent last
 * reported it.
 */
export function processItem({ host, hostConnected, status }: HostProcess, nowMs: number): object {
  return {
    host,
    process: status.process,
    group: status.group,
    name: status.name,
    groupPriority: status.groupPriority,
    priority: status.priority,
    generation: status.generation,
    state: hostConnected ? status.state : 'UNREACHABLE',
    pid: status.pid,
    startedAt: formatTimestamp(status.startedAtMs),
    uptimeSeconds: hostConnected ? uptimeSeconds(status, nowMs) : null,
    exitCode: status.exitCode,
    exitSignal: status.exitSignal,
    restarts: status.restarts,
    lastError: status.lastError,
    nextTryAt: formatTimestamp(status.nextTryAtMs),
    program: status.program,
    changedAt: formatTimestamp(status.changedAtMs),
    startMs: status.startMs,
    stopWaitMs: status.stopWaitMs,
    tierWaitMs: status.tierWaitMs,
    health: status.health,
    healthError: status.healthError,
    waitsFor: status.waitsFor,
    lostOutputBytes: status.lostOutputBytes,
    leftBehind: status.leftBehind,
    residentBytes: status.residentBytes,
    memoryMaxBytes: status.memoryMaxBytes,
    hold: holdItem(status.hold),
  };
}

export function holdItem(hold: Hold | null): object | null {
  if (hold === null) return null;
  return { by: hold.by, reason: hold.reason, until: formatTimestamp(hold.untilMs) };
}

/** Of a process that its host no longer has: as it was, without a state. */
export function goneItem(process: HostProcess, nowMs: number): object {
  const gone = {
    state: null,
    pid: null,
    uptimeSeconds: null,
    health: null,
    waitsFor: null,
    hold: null,
  };
  return { ...processItem(process, nowMs), ...gone };
}
