/** What operators want to have done, and what they do to an operation ⇄ the vocabulary. */

import type {
  OperationRequest as WireOperationRequest,
  OperationRequest__Output as WireOperationRequestOutput,
} from '../gen/fleet/v1/OperationRequest.ts';
import type {
  Runbook as WireRunbook,
  Runbook__Output as WireRunbookOutput,
} from '../gen/fleet/v1/Runbook.ts';
import type {
  SteerOperationRequest as WireSteering,
  SteerOperationRequest__Output as WireSteeringOutput,
} from '../gen/fleet/v1/SteerOperationRequest.ts';
import type {
  Submission as WireSubmission,
  Submission__Output as WireSubmissionOutput,
} from '../gen/fleet/v1/Submission.ts';
import type { OperationRequest, Order, Runbook, Steering, Submission } from '../operation.ts';
import { operationId } from '../vocabulary.ts';
import { enumCodec, malformed, orNull, present, short } from './fields.ts';
import { verbCodec } from './process.ts';
import { decodeStrategy, encodeStrategy } from './strategy.ts';

const orderCodec = enumCodec('order', {
  tier: 'ORDER_TIER',
  host: 'ORDER_HOST',
} as const satisfies Record<Order, string>);

const steeringCodec = enumCodec('steering', {
  pause: 'STEERING_PAUSE',
  resume: 'STEERING_RESUME',
  cancel: 'STEERING_CANCEL',
} as const satisfies Record<Steering['action'], string>);

export function encodeSubmission(submission: Submission): WireSubmission {
  switch (submission.kind) {
    case 'operation':
      return { operation: encodeOperationRequest(submission.request) };
    case 'runbook': {
      const { id, runbook, reason, expectHosts } = submission;
      return { runbook: { id, runbook, reason, ...present('expectHosts', expectHosts) } };
    }
    case 'retry': {
      const { id, of, reason, expectHosts, allowedOnly } = submission;
      return { retry: { id, of, reason, allowedOnly, ...present('expectHosts', expectHosts) } };
    }
  }
}

export function decodeSubmission(wire: WireSubmissionOutput): Submission {
  if (wire.operation) {
    return { kind: 'operation', request: decodeOperationRequest(wire.operation) };
  }
  const asked = wire.runbook ?? wire.retry;
  if (!asked) throw malformed('a submission without a body');
  const common = {
    id: operationId(short('an operation id', asked.id)),
    reason: asked.reason,
    expectHosts: orNull(asked.expectHosts),
  };
  if (wire.runbook) {
    return { kind: 'runbook', ...common, runbook: short('a runbook', wire.runbook.runbook) };
  }
  const of = short('an operation id', wire.retry?.of ?? '');
  return { kind: 'retry', ...common, of, allowedOnly: wire.retry?.allowedOnly === true };
}

export function encodeOperationRequest(request: OperationRequest): WireOperationRequest {
  return {
    id: request.id,
    verb: verbCodec.toWire(request.verb),
    hosts: request.hosts,
    processes: [...request.processes],
    reason: request.reason,
    order: orderCodec.toWire(request.order),
    fullStop: request.fullStop,
    strategy: encodeStrategy(request.strategy),
    allowedOnly: request.allowedOnly,
    ...present('signal', request.signal),
    ...present('expectHosts', request.expectHosts),
  };
}

export function decodeOperationRequest(wire: WireOperationRequestOutput): OperationRequest {
  return {
    id: operationId(short('an operation id', wire.id)),
    verb: verbCodec.fromWire(wire.verb),
    signal: orNull(wire.signal),
    hosts: wire.hosts,
    processes: wire.processes,
    reason: wire.reason,
    order: orderCodec.fromWire(wire.order),
    fullStop: wire.fullStop,
    expectHosts: orNull(wire.expectHosts),
    strategy: decodeStrategy(wire.strategy),
    allowedOnly: wire.allowedOnly,
  };
}

export function encodeSteering({ operation: id, ...steering }: Steering): WireSteering {
  const { action, kill, reason } = steering;
  return { id, action: steeringCodec.toWire(action), kill, reason };
}

export function decodeSteering({ id, action, kill, reason }: WireSteeringOutput): Steering {
  const operation = short('an operation id', id);
  return { operation, action: steeringCodec.fromWire(action), kill, reason };
}

export function encodeRunbook({ name, description, ...saved }: Runbook): WireRunbook {
  const nothing = { id: operationId(''), expectHosts: null, allowedOnly: false };
  const request = encodeOperationRequest({ ...saved, ...nothing });
  return { name, description, request };
}

export function decodeRunbook({ name, description, request }: WireRunbookOutput): Runbook {
  if (!request) throw malformed('a runbook without its request');
  const {
    id: _id,
    expectHosts: _hosts,
    allowedOnly: _only,
    ...saved
  } = decodeOperationRequest(request);
  return { name, description, ...saved };
}
