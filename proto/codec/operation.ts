/** Operations and what changes of them ⇄ the vocabulary. */

import type { Halt as WireHalt, Halt__Output as WireHaltOutput } from '../gen/fleet/v1/Halt.ts';
import type {
  Operation as WireOperation,
  Operation__Output as WireOperationOutput,
} from '../gen/fleet/v1/Operation.ts';
import type {
  OperationSummary as WireOperationSummary,
  OperationSummary__Output as WireOperationSummaryOutput,
} from '../gen/fleet/v1/OperationSummary.ts';
import type {
  OperationUpdate as WireOperationUpdate,
  OperationUpdate__Output as WireOperationUpdateOutput,
} from '../gen/fleet/v1/OperationUpdate.ts';
import type {
  Target as WireTarget,
  Target__Output as WireTargetOutput,
} from '../gen/fleet/v1/Target.ts';
import type { Wave as WireWave, Wave__Output as WireWaveOutput } from '../gen/fleet/v1/Wave.ts';
import type {
  EarlyEnd,
  Halt,
  Operation,
  OperationFacts,
  OperationState,
  OperationSummary,
  OperationUpdate,
  Target,
  Wave,
} from '../operation.ts';
import {
  hostId,
  knownProcessName,
  operationId,
  TARGET_STATES,
  type TargetState,
} from '../vocabulary.ts';
import { enumCodec, malformed, orNull, present } from './fields.ts';
import { processStateCodec, targetStateCodec, verbCodec } from './process.ts';
import { decodeOperationRequest, encodeOperationRequest } from './submission.ts';

const operationStateCodec = enumCodec('operation state', {
  planned: 'OPERATION_STATE_PLANNED',
  running: 'OPERATION_STATE_RUNNING',
  paused: 'OPERATION_STATE_PAUSED',
  draining: 'OPERATION_STATE_DRAINING',
  succeeded: 'OPERATION_STATE_SUCCEEDED',
  failed: 'OPERATION_STATE_FAILED',
  aborted: 'OPERATION_STATE_ABORTED',
  cancelled: 'OPERATION_STATE_CANCELLED',
  expired: 'OPERATION_STATE_EXPIRED',
} as const satisfies Record<OperationState, string>);

const earlyEndCodec = enumCodec('early end', {
  aborted: 'OPERATION_STATE_ABORTED',
  cancelled: 'OPERATION_STATE_CANCELLED',
  expired: 'OPERATION_STATE_EXPIRED',
} as const satisfies Record<EarlyEnd, string>);

/** Of an operation that may go on. */
const NO_END = 'OPERATION_STATE_UNSPECIFIED';

export function encodeOperation(operation: Operation): WireOperation {
  return { ...encodeFacts(operation), targets: operation.targets.map(encodeTarget) };
}

export function decodeOperation(wire: WireOperationOutput): Operation {
  return { ...decodeFacts(wire), targets: wire.targets.map(decodeTarget) };
}

export function encodeOperationSummary(summary: OperationSummary): WireOperationSummary {
  return {
    operation: encodeFacts({ ...summary, leftOut: [] }),
    targetCounts: TARGET_STATES.filter((state) => summary.targetCounts[state] > 0).map((state) => ({
      state: targetStateCodec.toWire(state),
      count: summary.targetCounts[state],
    })),
    hostCount: summary.hostCount,
  };
}

export function decodeOperationSummary(wire: WireOperationSummaryOutput): OperationSummary {
  if (!wire.operation) throw malformed('a summary without its operation');
  const counts = wire.targetCounts.map(
    ({ state, count }) => [targetStateCodec.fromWire(state), count] as const,
  );
  const none = Object.fromEntries(TARGET_STATES.map((state) => [state, 0]));
  const { leftOut: _, ...facts } = decodeFacts(wire.operation);
  return {
    ...facts,
    targetCounts: { ...none, ...Object.fromEntries(counts) } as Record<TargetState, number>,
    hostCount: wire.hostCount,
  };
}

export function encodeOperationUpdate(update: OperationUpdate): WireOperationUpdate {
  switch (update.kind) {
    case 'operation':
      return { operation: encodeOperation(update.operation) };
    case 'targets':
      return { targets: { targets: update.targets.map(encodeTarget) } };
    case 'moved':
      return { moved: encodeFacts(update.facts) };
    case 'ended':
      return { ended: encodeFacts(update.facts) };
  }
}

export function decodeOperationUpdate(wire: WireOperationUpdateOutput): OperationUpdate {
  if (wire.operation) return { kind: 'operation', operation: decodeOperation(wire.operation) };
  if (wire.targets) return { kind: 'targets', targets: wire.targets.targets.map(decodeTarget) };
  if (wire.moved) return { kind: 'moved', facts: decodeFacts(wire.moved) };
  if (wire.ended) return { kind: 'ended', facts: decodeFacts(wire.ended) };
  throw malformed('an operation update without a body');
}

function encodeFacts(facts: OperationFacts): WireOperation {
  return {
    ...encodeOperationRequest(facts),
    requestedBy: facts.requestedBy,
    state: operationStateCodec.toWire(facts.state),
    startedAtMs: facts.startedAtMs,
    waves: facts.waves.map(encodeWave),
    leftOut: [...facts.leftOut],
    notAllowed: facts.notAllowed,
    withheld: facts.withheld,
    ...present('runbook', facts.runbook),
    ...present('retryOf', facts.retryOf),
    ...present('halt', facts.halt && encodeHalt(facts.halt)),
    ...present('endedAtMs', facts.endedAtMs),
  };
}

function decodeFacts(wire: WireOperationOutput): OperationFacts {
  return {
    ...decodeOperationRequest(wire),
    requestedBy: wire.requestedBy,
    runbook: orNull(wire.runbook),
    retryOf: wire.retryOf === undefined ? null : operationId(wire.retryOf),
    state: operationStateCodec.fromWire(wire.state),
    halt: wire.halt ? decodeHalt(wire.halt) : null,
    startedAtMs: wire.startedAtMs,
    endedAtMs: orNull(wire.endedAtMs),
    waves: wire.waves.map(decodeWave),
    leftOut: wire.leftOut.map(hostId),
    notAllowed: wire.notAllowed,
    withheld: wire.withheld,
  };
}

function encodeHalt({ by, because, atMs, endsAs, kill }: Halt): WireHalt {
  const end = endsAs === null ? NO_END : earlyEndCodec.toWire(endsAs);
  return { because, atMs, endsAs: end, kill, ...present('by', by) };
}

function decodeHalt({ by, because, atMs, endsAs, kill }: WireHaltOutput): Halt {
  const end = endsAs === NO_END ? null : earlyEndCodec.fromWire(endsAs);
  return { by: orNull(by), because, atMs, endsAs: end, kill };
}

function encodeWave(wave: Wave): WireWave {
  return { ...wave, action: verbCodec.toWire(wave.action) };
}

function decodeWave(wire: WireWaveOutput): Wave {
  return { ...wire, action: verbCodec.fromWire(wire.action) };
}

function encodeTarget(target: Target): WireTarget {
  return {
    host: target.host,
    process: target.process,
    wave: target.wave,
    state: targetStateCodec.toWire(target.state),
    stopped: target.stopped,
    overdue: target.overdue,
    processState: processStateCodec.toWire(target.processState),
    hostConnected: target.hostConnected,
    logTail: [...target.logTail],
    ...present('stopWave', target.stopWave),
    ...present('oldPid', target.oldPid),
    ...present('newPid', target.newPid),
    ...present('dispatchedAtMs', target.dispatchedAtMs),
    ...present('durationMs', target.durationMs),
    ...present('error', target.error),
    ...present('note', target.note),
  };
}

function decodeTarget(wire: WireTargetOutput): Target {
  return {
    host: hostId(wire.host),
    process: knownProcessName(wire.process),
    wave: wire.wave,
    stopWave: orNull(wire.stopWave),
    state: targetStateCodec.fromWire(wire.state),
    stopped: wire.stopped,
    overdue: wire.overdue,
    processState: processStateCodec.fromWire(wire.processState),
    hostConnected: wire.hostConnected,
    oldPid: orNull(wire.oldPid),
    newPid: orNull(wire.newPid),
    dispatchedAtMs: orNull(wire.dispatchedAtMs),
    durationMs: orNull(wire.durationMs),
    error: orNull(wire.error),
    note: orNull(wire.note),
    logTail: wire.logTail,
  };
}
