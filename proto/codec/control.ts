/** Requests and answers of the `Control` service ⇄ the vocabulary. */

import type { Host as WireHost, Host__Output as WireHostOutput } from '../gen/fleet/v1/Host.ts';
import type {
  HostProcess as WireHostProcess,
  HostProcess__Output as WireHostProcessOutput,
} from '../gen/fleet/v1/HostProcess.ts';
import type {
  Operation as WireOperation,
  Operation__Output as WireOperationOutput,
} from '../gen/fleet/v1/Operation.ts';
import type {
  OperationRequest as WireOperationRequest,
  OperationRequest__Output as WireOperationRequestOutput,
} from '../gen/fleet/v1/OperationRequest.ts';
import type {
  OperationUpdate as WireOperationUpdate,
  OperationUpdate__Output as WireOperationUpdateOutput,
} from '../gen/fleet/v1/OperationUpdate.ts';
import type {
  Target as WireTarget,
  Target__Output as WireTargetOutput,
} from '../gen/fleet/v1/Target.ts';
import {
  type HostProcess,
  type HostStatus,
  hostId,
  knownProcessName,
  type Operation,
  type OperationRequest,
  type OperationState,
  type OperationUpdate,
  operationId,
  type Target,
} from '../vocabulary.ts';
import { enumCodec, malformed, orNull, present } from './fields.ts';
import {
  decodeProcessStatus,
  encodeProcessStatus,
  targetStateCodec,
  verbCodec,
} from './process.ts';

const operationStateCodec = enumCodec('operation state', {
  planned: 'OPERATION_STATE_PLANNED',
  running: 'OPERATION_STATE_RUNNING',
  succeeded: 'OPERATION_STATE_SUCCEEDED',
  failed: 'OPERATION_STATE_FAILED',
} as const satisfies Record<OperationState, string>);

export function encodeHost(status: HostStatus): WireHost {
  return { ...status, labels: { ...status.labels } };
}

export function decodeHost(wire: WireHostOutput): HostStatus {
  return {
    host: hostId(wire.host),
    connected: wire.connected,
    labels: wire.labels,
    agentVersion: wire.agentVersion,
    lastSeenAtMs: wire.lastSeenAtMs,
  };
}

export function encodeHostProcess(entry: HostProcess): WireHostProcess {
  return {
    host: entry.host,
    hostConnected: entry.hostConnected,
    status: encodeProcessStatus(entry.status),
  };
}

export function decodeHostProcess(wire: WireHostProcessOutput): HostProcess {
  if (!wire.status) throw malformed('a process without its status');
  return {
    host: hostId(wire.host),
    hostConnected: wire.hostConnected,
    status: decodeProcessStatus(wire.status),
  };
}

export function encodeOperationRequest(request: OperationRequest): WireOperationRequest {
  return {
    id: request.id,
    verb: verbCodec.toWire(request.verb),
    hosts: request.hosts,
    processes: [...request.processes],
    reason: request.reason,
    ...present('signal', request.signal),
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
  };
}

export function encodeOperation(operation: Operation): WireOperation {
  return {
    ...encodeOperationRequest(operation),
    requestedBy: operation.requestedBy,
    state: operationStateCodec.toWire(operation.state),
    startedAtMs: operation.startedAtMs,
    waves: operation.waves.map((wave) => ({ ...wave })),
    targets: operation.targets.map(encodeTarget),
    ...present('endedAtMs', operation.endedAtMs),
  };
}

export function decodeOperation(wire: WireOperationOutput): Operation {
  return {
    ...decodeOperationRequest(wire),
    requestedBy: wire.requestedBy,
    state: operationStateCodec.fromWire(wire.state),
    startedAtMs: wire.startedAtMs,
    endedAtMs: orNull(wire.endedAtMs),
    waves: wire.waves,
    targets: wire.targets.map(decodeTarget),
  };
}

export function encodeOperationUpdate(update: OperationUpdate): WireOperationUpdate {
  switch (update.kind) {
    case 'operation':
      return { operation: encodeOperation(update.operation) };
    case 'target':
      return { target: encodeTarget(update.target) };
  }
}

export function decodeOperationUpdate(wire: WireOperationUpdateOutput): OperationUpdate {
  if (wire.operation) return { kind: 'operation', operation: decodeOperation(wire.operation) };
  if (wire.target) return { kind: 'target', target: decodeTarget(wire.target) };
  throw malformed('an operation update without a body');
}

function encodeTarget(target: Target): WireTarget {
  return {
    host: target.host,
    process: target.process,
    wave: target.wave,
    state: targetStateCodec.toWire(target.state),
    logTail: [...target.logTail],
    ...present('oldPid', target.oldPid),
    ...present('newPid', target.newPid),
    ...present('durationMs', target.durationMs),
    ...present('error', target.error),
  };
}

function decodeTarget(wire: WireTargetOutput): Target {
  return {
    host: hostId(wire.host),
    process: knownProcessName(wire.process),
    wave: wire.wave,
    state: targetStateCodec.fromWire(wire.state),
    oldPid: orNull(wire.oldPid),
    newPid: orNull(wire.newPid),
    durationMs: orNull(wire.durationMs),
    error: orNull(wire.error),
    logTail: wire.logTail,
  };
}
