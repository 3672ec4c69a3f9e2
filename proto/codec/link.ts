/**
 * Frames of the agent's stream ⇄ `AgentMessage` and `ControllerMessage`. A frame without a body,
 * or with one that this version does not know, is rejected: it would otherwise be lost in silence.
 */

import type { AgentFrame, AgentFrame__Output } from '../gen/fleet/v1/AgentFrame.ts';
import type { ControllerFrame, ControllerFrame__Output } from '../gen/fleet/v1/ControllerFrame.ts';
import type {
  Event as WireEvent,
  Event__Output as WireEventOutput,
} from '../gen/fleet/v1/Event.ts';
import type { Goodbye__Output } from '../gen/fleet/v1/Goodbye.ts';
import type { TargetSettled__Output } from '../gen/fleet/v1/TargetSettled.ts';
import {
  clippedTo,
  LABEL_LENGTH_MAX,
  LABELS_MAX,
  lastLinesOf,
  REMARK_LENGTH_MAX,
  VERSION_LENGTH_MAX,
} from '../text-limits.ts';
import {
  type AgentEvent,
  type AgentMessage,
  type ControllerMessage,
  journalId,
  knownProcessName,
  type Labels,
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
  targetStateCodec,
  verbCodec,
} from './process.ts';

type Goodbye = Extract<AgentMessage & ControllerMessage, { readonly kind: 'goodbye' }>;

export function encodeAgentMessage(message: AgentMessage): AgentFrame {
  switch (message.kind) {
    case 'hello':
      return {
        hello: {
          protocolVersion: message.protocolVersion,
          agentVersion: message.agentVersion,
          journalId: message.journalId,
          labels: { ...message.labels },
        },
      };
    case 'snapshot':
      return {
        snapshot: {
          sessionEpoch: message.sessionEpoch,
          seq: message.seq,
          processes: message.processes.map(encodeProcessStatus),
          last: message.last,
        },
      };
    case 'event':
      return { event: { sessionEpoch: message.sessionEpoch, ...encodeEvent(message) } };
    case 'heartbeat':
      return { heartbeat: {} };
    case 'goodbye':
      return { goodbye: { reason: message.reason, reconnectAfterMs: message.reconnectAfterMs } };
  }
}

export function decodeAgentFrame(frame: AgentFrame__Output): AgentMessage {
  if (frame.hello) {
    return {
      kind: 'hello',
      protocolVersion: frame.hello.protocolVersion,
      agentVersion: short('a version', frame.hello.agentVersion, VERSION_LENGTH_MAX),
      journalId: journalId(short('a journal id', frame.hello.journalId)),
      labels: decodeLabels(frame.hello.labels),
    };
  }
  if (frame.snapshot) {
    return {
      kind: 'snapshot',
      sessionEpoch: exact('session epoch', frame.snapshot.sessionEpoch),
      seq: exact('seq', frame.snapshot.seq),
      processes: frame.snapshot.processes.map(decodeProcessStatus),
      last: frame.snapshot.last,
    };
  }
  if (frame.event) {
    return {
      kind: 'event',
      sessionEpoch: exact('session epoch', frame.event.sessionEpoch),
      ...decodeEvent(frame.event),
    };
  }
  if (frame.heartbeat) return { kind: 'heartbeat' };
  if (frame.goodbye) return decodeGoodbye(frame.goodbye);
  throw malformed('an agent frame without a body');
}

export function encodeControllerMessage(message: ControllerMessage): ControllerFrame {
  switch (message.kind) {
    case 'welcome':
      return {
        welcome: {
          protocolVersion: message.protocolVersion,
          sessionEpoch: message.sessionEpoch,
          acknowledgedSeq: message.acknowledgedSeq,
          reconnectSpreadMs: message.reconnectSpreadMs,
          heartbeatIntervalMs: message.heartbeatIntervalMs,
        },
      };
    case 'acknowledgement':
      return { acknowledgement: { sessionEpoch: message.sessionEpoch, seq: message.seq } };
    case 'command':
      return {
        command: {
          sessionEpoch: message.sessionEpoch,
          operationId: message.operationId,
          verb: verbCodec.toWire(message.verb),
          ...present('signal', message.signal),
          processes: [...message.processes],
          startFollows: message.startFollows,
        },
      };
    case 'heartbeat':
      return { heartbeat: {} };
    case 'goodbye':
      return { goodbye: { reason: message.reason, reconnectAfterMs: message.reconnectAfterMs } };
  }
}

export function decodeControllerFrame(frame: ControllerFrame__Output): ControllerMessage {
  if (frame.welcome) {
    return {
      kind: 'welcome',
      ...frame.welcome,
      sessionEpoch: exact('session epoch', frame.welcome.sessionEpoch),
      acknowledgedSeq: exact('seq', frame.welcome.acknowledgedSeq),
    };
  }
  if (frame.acknowledgement) {
    return {
      kind: 'acknowledgement',
      sessionEpoch: exact('session epoch', frame.acknowledgement.sessionEpoch),
      seq: exact('seq', frame.acknowledgement.seq),
    };
  }
  if (frame.command) {
    return {
      kind: 'command',
      sessionEpoch: exact('session epoch', frame.command.sessionEpoch),
      operationId: operationId(frame.command.operationId),
      verb: verbCodec.fromWire(frame.command.verb),
      signal: orNull(frame.command.signal),
      processes: frame.command.processes.map(knownProcessName),
      startFollows: frame.command.startFollows,
    };
  }
  if (frame.heartbeat) return { kind: 'heartbeat' };
  if (frame.goodbye) return decodeGoodbye(frame.goodbye);
  throw malformed('a controller frame without a body');
}

export function encodeEvent({ seq, atMs, event }: SequencedEvent): WireEvent {
  return { seq, atMs, ...encodeEventBody(event) };
}

export function decodeEvent(wire: WireEventOutput): SequencedEvent {
  return {
    seq: exact('seq', wire.seq),
    atMs: exact('time', wire.atMs),
    event: decodeEventBody(wire),
  };
}

function encodeEventBody(
  event: AgentEvent,
): Pick<WireEvent, 'processChanged' | 'targetAccepted' | 'targetSettled'> {
  switch (event.kind) {
    case 'processChanged':
      return { processChanged: encodeProcessStatus(event.process) };
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
    case 'targetSettled':
      return {
        targetSettled: {
          operationId: event.operationId,
          process: event.process,
          verb: verbCodec.toWire(event.verb),
          state: targetStateCodec.toWire(event.outcome.state),
          durationMs: event.outcome.durationMs,
          logTail: [...event.outcome.logTail],
          ...present('oldPid', event.outcome.oldPid),
          ...present('newPid', event.outcome.newPid),
          ...present('error', event.outcome.error),
        },
      };
  }
}

function decodeEventBody(wire: WireEventOutput): AgentEvent {
  if (wire.processChanged) {
    return { kind: 'processChanged', process: decodeProcessStatus(wire.processChanged) };
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
  if (wire.targetSettled) return decodeSettled(wire.targetSettled);
  throw malformed('an event without a body');
}

function decodeSettled(wire: TargetSettled__Output): AgentEvent {
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
      logTail: lastLinesOf(wire.logTail),
    },
  };
}

function decodeGoodbye({ reason, reconnectAfterMs }: Goodbye__Output): Goodbye {
  return { kind: 'goodbye', reason: clippedTo(REMARK_LENGTH_MAX, reason), reconnectAfterMs };
}

function decodeLabels(labels: Labels): Labels {
  const entries = Object.entries(labels);
  if (entries.length > LABELS_MAX) {
    throw malformed(`${entries.length} labels; at most ${LABELS_MAX} are taken`);
  }
  for (const [key, value] of entries) {
    short('the key of a label', key, LABEL_LENGTH_MAX);
    short('the value of a label', value, LABEL_LENGTH_MAX);
  }
  return labels;
}

function decodeOperationId(text: string): OperationId {
  return operationId(short('an operation id', text));
}

function settledState(name: string): SettledState {
  const state = targetStateCodec.fromWire(name);
  if (state === 'succeeded' || state === 'failed' || state === 'indeterminate') return state;
  throw malformed(`an agent may not settle a target as ${state}`);
}
