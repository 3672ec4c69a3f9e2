/**
 * What is found out about a process by looking at it, not by what it does: whether its health check
 * passes, how much memory it has, how much of its output was lost. The core keeps what is shown in
 * status, and draws what follows: a program that has too much memory is restarted, as if somebody on
 * the host had ordered it.
 */
import type { OperationId, ProcessName } from '../../proto/vocabulary.ts';
import { findHindrance, requestTargets, WITHOUT_CONDITIONS } from './accept-targets.ts';
import { emit, putProcess } from './apply-process.ts';
import { judgeProbe, nextProbeMs, probeOf } from './health.ts';
import { noteOrder } from './local-orders.ts';
import { type Child, type ProcessRuntime, statusOf } from './process.ts';
import { isSameValue } from './same-value.ts';
import type { Turn } from './state.ts';

export type ProbeResult =
  | { readonly isPassing: true }
  /** Why not, for people. */
  | { readonly isPassing: false; readonly error: string };

export type Observation =
  | {
      readonly kind: 'probed';
      /** Of the effect `probe` that it answers. */
      readonly sinceMonotonicMs: number;
      readonly result: ProbeResult;
    }
  /** Bytes of its output that could not be written, since the agent was started. */
  | { readonly kind: 'outputLost'; readonly totalBytes: number }
  | {
      readonly kind: 'resident';
      readonly child: Child;
      readonly bytes: number;
      /** For the restart that may follow: ids are made by chance, which the core does not know. */
      readonly operationId: OperationId;
    };

export function observe(turn: Turn, name: ProcessName, observation: Observation): void {
  const process = turn.state.processes.get(name);
  if (process === undefined) return;
  switch (observation.kind) {
    case 'probed':
      return noteProbe(turn, process, observation);
    case 'outputLost':
      return noteLost(turn, process, observation.totalBytes);
    case 'resident':
      return noteResident(turn, process, observation);
  }
}

/** An answer to a checking that is over comes too late. */
function noteProbe(
  turn: Turn,
  process: ProcessRuntime,
  { sinceMonotonicMs, result }: Extract<Observation, { readonly kind: 'probed' }>,
): void {
  const { health: before } = process;
  const { healthCheck: check, process: name } = process.definition;
  if (before?.sinceMonotonicMs !== sinceMonotonicMs || check === null) return;
  const health = judgeProbe(before, check, result, turn.at);
  const checked = { ...process, health };
  // A healthy program is looked at for years; the journal need not hear of each time.
  if (!isSameValue(health, before)) putProcess(turn, checked);
  for (const effect of probeOf(health, nextProbeMs(health, check))) {
    turn.effects.push({ kind: 'process', process: name, effect });
  }
  if (health.health === before.health) return;
  const status = statusOf(checked);
  emit(turn, { kind: 'processChanged', process: status });
  // Operations and other starts may have waited for it.
  turn.entered.push(status);
}

/** On a full disk it grows every second, for days: it is an event only when it has doubled. */
function noteLost(turn: Turn, process: ProcessRuntime, lostOutputBytes: number): void {
  const counted = { ...process, lostOutputBytes };
  const isNews = magnitudeOf(lostOutputBytes) > magnitudeOf(process.lostOutputBytes);
  if (isNews) return show(turn, counted);
  putProcess(turn, counted);
}

const magnitudeOf = (bytes: number): number => (bytes === 0 ? -1 : Math.floor(Math.log2(bytes)));

/** Once for each time that it goes above the limit; what is under way with it is over first. */
function noteResident(
  turn: Turn,
  process: ProcessRuntime,
  { child, bytes, operationId }: Extract<Observation, { readonly kind: 'resident' }>,
): void {
  const { memoryMaxBytes: limit, process: name } = process.definition;
  if (process.child?.pid !== child.pid || process.child.startToken !== child.startToken) return;
  if (limit === null) return;
  const measured = { ...process, residentBytes: bytes };
  if (bytes <= limit) {
    const isNews = tenthsOf(limit, bytes) !== tenthsOf(limit, process.residentBytes ?? -limit);
    return isNews ? show(turn, measured) : putProcess(turn, measured);
  }
  const isBusy = process.state !== 'RUNNING' || turn.state.queues.get(name) !== undefined;
  if (isBusy || findHindrance(turn) !== null) return;
  const wasAbove = (process.residentBytes ?? 0) > limit;
  if (wasAbove) return putProcess(turn, measured);
  show(turn, measured);
  const command = `restart ${name} (${megabytes(bytes)} resident, memory_max is ${megabytes(limit)})`;
  noteOrder(turn, { requestedBy: 'memory_max', command });
  const order = { operationId, verb: 'restart', signal: null, groups: [] } as const;
  requestTargets(turn, { ...order, origin: 'host', ...WITHOUT_CONDITIONS }, [name]);
}

const tenthsOf = (limit: number, bytes: number): number => Math.round((10 * bytes) / limit);

const megabytes = (bytes: number): string => `${(bytes / 1_048_576).toFixed(1)} MB`;

function show(turn: Turn, process: ProcessRuntime): void {
  putProcess(turn, process);
  emit(turn, { kind: 'processChanged', process: statusOf(process) });
}
