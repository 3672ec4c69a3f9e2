/** `fleetctl describe HOST/PROCESS`: every field that is known of it, in words. */
import type {
  HostProcess,
  HostStatus,
  ProcessStatus,
  StoredEvent,
} from '../../../proto/vocabulary.ts';
import { formatBytes } from '../bytes.ts';
import type { Paint } from '../paint.ts';
import { endingText, uptimeSeconds } from '../status/entry.ts';
import { healthComplaint, holdText, memoryText } from '../status/remarks.ts';
import { counted } from '../status/summary.ts';
import { formatUptime } from '../time.ts';
import { eventLines } from './events.ts';
import { type Field, fieldLines, momentText, secondsText } from './fields.ts';

export interface ProcessDescription {
  readonly entry: HostProcess;
  readonly host: HostStatus;
  /** Newest first. */
  readonly events: readonly StoredEvent[];
}

export function renderProcessDescription(
  { entry, host, events }: ProcessDescription,
  { nowMs, paint }: { readonly nowMs: number; readonly paint: Paint },
): string {
  const { status } = entry;
  return [
    fieldLines([
      ['process', status.process],
      ['host', entry.host],
      ...stateFields(entry, host, nowMs),
      ['hold', holdText(status)],
      ['restarts', String(status.restarts)],
      ['last exit', endingText(status)],
      ['last error', status.lastError],
      ['next try', momentText(status.nextTryAtMs, nowMs)],
      ['left behind', leftBehindField(status)],
      ['lost output', lostOutputField(status)],
      ['program', status.program],
      ['group', status.group],
      ['priority', `${status.priority}, its group ${status.groupPriority}`],
      ['generation', String(status.generation)],
      ['startsecs', secondsText(status.startMs)],
      ['stopwaitsecs', secondsText(status.stopWaitMs)],
      ['tier_wait', secondsText(status.tierWaitMs)],
      ['memory_max', status.memoryMaxBytes === null ? null : formatBytes(status.memoryMaxBytes)],
    ]),
    eventLines(events, { paint, isOfOneProcess: true }),
  ].join('');
}

/** Of a lost host everything is as it last was, and is called so. */
function stateFields(
  { hostConnected, status }: HostProcess,
  host: HostStatus,
  nowMs: number,
): readonly Field[] {
  const since = momentText(status.changedAtMs, nowMs);
  const state = since === null ? status.state : `${status.state} since ${since}`;
  const started = momentText(status.startedAtMs, nowMs);
  if (!hostConnected) {
    return [
      ['state', `UNREACHABLE, last seen ${momentText(host.lastSeenAtMs, nowMs) ?? 'never'}`],
      ['then it was', state],
      ['pid then', status.pid === null ? null : String(status.pid)],
      ['started', started],
      ['health then', healthField(status)],
      ['then it waited for', status.waitsFor],
      ['memory then', memoryText(status)],
    ];
  }
  const uptime = uptimeSeconds(status, nowMs);
  return [
    ['state', state],
    ['pid', status.pid === null ? null : String(status.pid)],
    uptime === null
      ? ['started', started]
      : ['up', `${formatUptime(uptime)}, since ${momentText(status.startedAtMs, nowMs)}`],
    ['health', healthField(status)],
    ['waits for', status.waitsFor],
    ['memory', memoryText(status)],
  ];
}

function healthField(status: ProcessStatus): string | null {
  const complaint = healthComplaint(status);
  return complaint === null ? status.health : `${status.health}: ${complaint}`;
}

function leftBehindField({ leftBehind }: ProcessStatus): string | null {
  return leftBehind <= 0 ? null : `${counted(leftBehind, 'process', 'processes')} at its last stop`;
}

function lostOutputField({ lostOutputBytes }: ProcessStatus): string | null {
  return lostOutputBytes <= 0 ? null : `${formatBytes(lostOutputBytes)} since its agent started`;
}
