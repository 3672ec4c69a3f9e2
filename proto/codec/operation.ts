/** Operations, their requests and what changes of them ⇄ the vocabulary. */

import type {
  Operation as WireOperation,
  Operation__Output as WireOperationOutput,
} from '../gen/fleet/v1/Operation.ts';
import type {
  OperationRequest as WireOperationRequest,
  OperationRequest__Output as WireOperationRequestOutput,
} from '../gen/fleet/v1/OperationRequest.ts';
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
  Operation,
  OperationFacts,
  OperationRequest,
  OperationState,
  OperationSummary,
  OperationUpdate,
  Order,
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

const operationStateCodec = enumCodec('operation state', {
  planned: 'OPERATION_STATE_PLANNED',
  running: 'OPERATION_STATE_RUNNING',
  succeeded: 'OPERATION_STATE_SUCCEEDED',
  failed: 'OPERATION_STATE_FAILED',
} as const satisfies Record<OperationState, string>);

const orderCodec = enumCodec('order', {
  tier: 'ORDER_TIER',
  host: 'ORDER_HOST',
} as const satisfies Record<Order, string>);

export function encodeOperationRequest(request: OperationRequest): WireOperationRequest {
  return {
    id: request.id,
    verb: verbCodec.toWire(request.verb),
    hosts: request.hosts,
    processes: [...request.processes],
    reason: request.reason,
    order: orderCodec.toWire(request.order),
    fullStop: request.fullStop,
    ...present('signal', request.signal),
    ...present('expectHosts', request.expectHosts),
  };
}

export function decodeOperationRequest(wire: WireOperationRequestOutput): OperationRequest {
  return {
    id: operationId(wire.id),
    verb: verbCodec.fromWire(wire.verb),
    signal: orNull(wire.signal),
    hosts: wire.hosts,
    processes: wire.processes,
    reason: wire.reason,
    order: orderCodec.fromWire(wire.order),
    fullStop: wire.fullStop,
    expectHosts: orNull(wire.expectHosts),
  };
}

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
    case 'ended':
      return { ended: encodeFacts(update.facts) };
  }
}

export function decodeOperationUpdate(wire: WireOperationUpdateOutput): OperationUpdate {
  if (wire.operation) return { kind: 'operation', operation: decodeOperation(wire.operation) };
  if (wire.targets) return { kind: 'targets', targets: wire.targets.targets.map(decodeTarget) };
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
    ...present('endedAtMs', facts.endedAtMs),
  };
}

function decodeFacts(wire: WireOperationOutput): OperationFacts {
  return {
    ...decodeOperationRequest(wire),
    requestedBy: wire.requestedBy,
    state: operationStateCodec.fromWire(wire.state),
    startedAtMs: wire.startedAtMs,
    endedAtMs: orNull(wire.endedAtMs),
    waves: wire.waves.map(decodeWave),
    leftOut: wire.leftOut.map(hostId),
  };
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
    durationMs: orNull(wire.durationMs),
    error: orNull(wire.error),
    note: orNull(wire.note),
    logTail: wire.logTail,
  };
}
