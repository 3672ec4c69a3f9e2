/** The `Operation` document of `-o json`, and the items of `OperationList`. */
import type {
  Operation,
  OperationFacts,
  OperationSummary,
  Target,
  Wave,
} from '../../../proto/operation.ts';
import { renderDocument } from '../json.ts';
import { formatTimestamp } from '../time.ts';

export function renderOperationJson(operation: Operation): string {
  return renderDocument('Operation', {
    ...factFields(operation),
    leftOut: operation.leftOut,
    waves: operation.waves.map(waveFields),
    targets: operation.targets.map(targetFields),
  });
}

/** Counts instead of targets, of which a list of operations may have millions. */
export function operationListItem(summary: OperationSummary): object {
  return {
    ...factFields(summary),
    waves: summary.waves.map(waveFields),
    hostCount: summary.hostCount,
    targetCounts: summary.targetCounts,
  };
}

function factFields(facts: Omit<OperationFacts, 'leftOut'>): object {
  const { startedAtMs, endedAtMs } = facts;
  return {
    id: facts.id,
    verb: facts.verb,
    signal: facts.signal,
    hosts: facts.hosts,
    processes: facts.processes,
    reason: facts.reason === '' ? null : facts.reason,
    order: facts.order,
    fullStop: facts.fullStop,
    expectHosts: facts.expectHosts,
    requestedBy: facts.requestedBy,
    state: facts.state,
    startedAt: startedAtMs === 0 ? null : formatTimestamp(startedAtMs),
    durationMs: endedAtMs === null ? null : endedAtMs - startedAtMs,
  };
}

/** Field by field, so that what comes to the vocabulary does not come out unasked. */
function waveFields({ index, action, groupPriority, priority, targets, waitMs }: Wave): object {
  return { index, action, groupPriority, priority, targets, waitMs };
}

function targetFields(target: Target): object {
  return {
    host: target.host,
    process: target.process,
    wave: target.wave,
    stopWave: target.stopWave,
    state: target.state,
    stopped: target.stopped,
    overdue: target.overdue,
    processState: target.processState,
    hostConnected: target.hostConnected,
    oldPid: target.oldPid,
    newPid: target.newPid,
    durationMs: target.durationMs,
    error: target.error,
    note: target.note,
    logTail: target.logTail,
  };
}
