/** The `Operation` document of `-o json`, and the items of `OperationList`. */
import type {
  Halt,
  Operation,
  OperationFacts,
  OperationSummary,
  Target,
  Wave,
} from '../../../proto/operation.ts';
import type { Amount, Strategy } from '../../../proto/strategy.ts';
import { amountText } from '../../../proto/strategy-text.ts';
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

export function factFields(facts: Omit<OperationFacts, 'leftOut'>): object {
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
    allowedOnly: facts.allowedOnly,
    notAllowed: facts.notAllowed,
    withheld: facts.withheld,
    strategy: strategyFields(facts.strategy),
    requestedBy: facts.requestedBy,
    runbook: facts.runbook,
    retryOf: facts.retryOf,
    state: facts.state,
    halt: facts.halt === null ? null : haltFields(facts.halt),
    startedAt: startedAtMs === 0 ? null : formatTimestamp(startedAtMs),
    durationMs: endedAtMs === null ? null : endedAtMs - startedAtMs,
  };
}

/** Amounts are numbers, or strings with a percent sign. */
export function strategyFields(strategy: Strategy): object {
  const { offline } = strategy;
  return {
    batch: strategy.batch.map(amountField),
    canary: strategy.canary,
    batchWaitMs: strategy.batchWaitMs,
    maxErrors: amountField(strategy.maxErrors),
    maxUnreachable: amountField(strategy.maxUnreachable),
    minHealthyMs: strategy.minHealthyMs,
    onError: strategy.onError,
    offline: offline.kind,
    offlineTtlMs: offline.kind === 'queue' ? offline.ttlMs : null,
    deadlineMs: strategy.deadlineMs,
    lockWaitMs: strategy.lockWaitMs,
  };
}

function amountField(amount: Amount): number | string {
  return amount.kind === 'count' ? amount.count : amountText(amount);
}

function haltFields({ by, because, atMs, endsAs, kill }: Halt): object {
  const reason = because === '' ? null : because;
  return { by, because: reason, at: formatTimestamp(atMs), endsAs, kill };
}

/** Field by field, so that what comes to the vocabulary does not come out unasked. */
function waveFields(wave: Wave): object {
  const { index, action, groupPriority, priority, targets, waitMs } = wave;
  const { batch, batches, isCanary } = wave;
  return {
    index,
    action,
    groupPriority,
    priority,
    targets,
    waitMs,
    batch,
    batches,
    canary: isCanary,
  };
}

export function targetFields(target: Target): object {
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
    dispatchedAt: formatTimestamp(target.dispatchedAtMs),
    durationMs: target.durationMs,
    error: target.error,
    note: target.note,
    logTail: target.logTail,
  };
}
