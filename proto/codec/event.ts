/** What agents report, on their stream and as the controller stored it ⇄ the vocabulary. */

import type {
  Event as WireEvent,
  Event__Output as WireEventOutput,
} from '../gen/fleet/v1/Event.ts';
import type { OrderedLocally__Output } from '../gen/fleet/v1/OrderedLocally.ts';
import type {
  TargetSettled as WireTargetSettled,
  TargetSettled__Output as WireTargetSettledOutput,
} from '../gen/fleet/v1/TargetSettled.ts';
import { COMMAND_LENGTH_MAX, clippedTo, lastLinesOf, NAME_LENGTH_MAX } from '../text-limits.ts';
import {
  type AgentEvent,
  type OperationId,
  operationId,
  type SequencedEvent,
  type SettledState,
} from '../vocabulary.ts';
import { exact, malformed, orNull, present, short } from './fields.ts';
import {
  decodeProcessName,
  decodeProcessStatus,
  decodeRemark,
  encodeProcessStatus,
  faultCodec,
  targetStateCodec,
  verbCodec,
} from './process.ts';

type Settled = Extract<AgentEvent, { readonly kind: 'targetSettled' }>;

export function encodeEvent({ seq, atMs, event }: SequencedEvent): WireEvent {
  return { seq, atMs, ...encodeBody(event) };
}

export function decodeEvent(wire: WireEventOutput): SequencedEvent {
  return { seq: exact('seq', wire.seq), atMs: exact('time', wire.atMs), event: decodeBody(wire) };
}

function encodeBody(event: AgentEvent): WireEvent {
  switch (event.kind) {
    case 'processChanged':
      return { processChanged: encodeProcessStatus(event.process) };
    case 'processRemoved':
      return { processRemoved: { process: event.process } };
    case 'localOrder': {
      const { requestedBy, command } = event;
      const operation = present('operationId', event.operationId);
      return { orderedLocally: { requestedBy, command, ...operation } };
    }
    case 'configJudged':
      return { configJudged: present('problem', event.problem) };
    case 'targetAccepted':
      return {
        targetAccepted: {
          operationId: event.operationId,
          process: event.process,
          generation: event.generation,
          verb: verbCodec.toWire(event.verb),
          ...present('oldPid', event.oldPid),
        },
      };
    case 'targetVerifying':
      return {
        targetVerifying: {
          operationId: event.operationId,
          process: event.process,
          verb: verbCodec.toWire(event.verb),
        },
      };
    case 'targetSettled':
      return { targetSettled: encodeSettled(event) };
    case 'eventsMissing':
      return { eventsMissing: { untilSeq: event.untilSeq } };
  }
}

function decodeBody(wire: WireEventOutput): AgentEvent {
  if (wire.processChanged) {
    return { kind: 'processChanged', process: decodeProcessStatus(wire.processChanged) };
  }
  if (wire.processRemoved) {
    return { kind: 'processRemoved', process: decodeProcessName(wire.processRemoved.process) };
  }
  if (wire.orderedLocally) return decodeLocalOrder(wire.orderedLocally);
  if (wire.configJudged) {
    return { kind: 'configJudged', problem: decodeRemark(wire.configJudged.problem) };
  }
  if (wire.targetAccepted) {
    return {
      kind: 'targetAccepted',
      operationId: decodeOperationId(wire.targetAccepted.operationId),
      process: decodeProcessName(wire.targetAccepted.process),
      verb: verbCodec.fromWire(wire.targetAccepted.verb),
      generation: exact('generation', wire.targetAccepted.generation),
      oldPid: orNull(wire.targetAccepted.oldPid),
    };
  }
  if (wire.targetVerifying) {
    return {
      kind: 'targetVerifying',
      operationId: decodeOperationId(wire.targetVerifying.operationId),
      process: decodeProcessName(wire.targetVerifying.process),
      verb: verbCodec.fromWire(wire.targetVerifying.verb),
    };
  }
  if (wire.targetSettled) return decodeSettled(wire.targetSettled);
  if (wire.eventsMissing) {
    return { kind: 'eventsMissing', untilSeq: exact('seq', wire.eventsMissing.untilSeq) };
  }
  throw malformed('an event without a body');
}

function decodeLocalOrder({ requestedBy, command, ...wire }: OrderedLocally__Output): AgentEvent {
  const id = orNull(wire.operationId);
  return {
    kind: 'localOrder',
    requestedBy: clippedTo(NAME_LENGTH_MAX, requestedBy),
    command: clippedTo(COMMAND_LENGTH_MAX, command),
    operationId: id === null ? null : decodeOperationId(id),
  };
}

function encodeSettled({ operationId, process, verb, outcome }: Settled): WireTargetSettled {
  return {
    operationId,
    process,
    verb: verbCodec.toWire(verb),
    state: targetStateCodec.toWire(outcome.state),
    durationMs: outcome.durationMs,
    fault: faultCodec.toWire(outcome.fault),
    logTail: [...outcome.logTail],
    ...present('oldPid', outcome.oldPid),
    ...present('newPid', outcome.newPid),
    ...present('error', outcome.error),
    ...present('note', outcome.note),
  };
}

function decodeSettled(wire: WireTargetSettledOutput): AgentEvent {
  return {
    kind: 'targetSettled',
    operationId: decodeOperationId(wire.operationId),
    process: decodeProcessName(wire.process),
    verb: verbCodec.fromWire(wire.verb),
    outcome: {
      state: settledState(wire.state),
      oldPid: orNull(wire.oldPid),
      newPid: orNull(wire.newPid),
      durationMs: exact('duration', wire.durationMs),
      error: decodeRemark(wire.error),
      fault: faultCodec.fromWire(wire.fault),
      note: decodeRemark(wire.note),
      logTail: lastLinesOf(wire.logTail),
    },
  };
}

function decodeOperationId(text: string): OperationId {
  return operationId(short('an operation id', text));
}

function settledState(name: string): SettledState {
  const state = targetStateCodec.fromWire(name);
  const settled = SETTLED_STATES.find((known) => known === state);
  if (settled !== undefined) return settled;
  throw malformed(`an agent may not settle a target as ${state}`);
}

const SETTLED_STATES: readonly SettledState[] = [
  'succeeded',
  'failed',
  'timed-out',
  'indeterminate',
  'skipped',
  'cancelled',
];
