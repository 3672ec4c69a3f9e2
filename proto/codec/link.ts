/**
 * Frames of the agent's stream ⇄ what agent and controller say (`messages.ts`, `log-messages.ts`). A frame without a body,
 * or with one that this version does not know, is rejected: it would otherwise be lost in silence.
 */

import type { AgentFrame, AgentFrame__Output } from '../gen/fleet/v1/AgentFrame.ts';
import type { Answer__Output } from '../gen/fleet/v1/Answer.ts';
import type { ControllerFrame, ControllerFrame__Output } from '../gen/fleet/v1/ControllerFrame.ts';
import type { Event__Output } from '../gen/fleet/v1/Event.ts';
import type { Goodbye__Output } from '../gen/fleet/v1/Goodbye.ts';
import type { AgentLogMessage, ControllerLogMessage } from '../log-messages.ts';
import type { AgentMessage, ControllerMessage } from '../messages.ts';
import {
  clippedTo,
  LABEL_LENGTH_MAX,
  LABELS_MAX,
  REMARK_LENGTH_MAX,
  VERSION_LENGTH_MAX,
} from '../text-limits.ts';
import { journalId, type Labels, type SequencedEvent } from '../vocabulary.ts';
import { decodeCommand, decodeWithdrawal, encodeCommand, encodeWithdrawal } from './command.ts';
import { decodeHostAnswer, encodeHostAnswer, questionCodec } from './configuration.ts';
import { decodeEvent, encodeEvent } from './event.ts';
import { exact, malformed, orNull, present, short } from './fields.ts';
import {
  decodeAgentLogFrame,
  decodeControllerLogFrame,
  encodeAgentLogMessage,
  encodeControllerLogMessage,
} from './logs.ts';
import { decodeProcessStatus, decodeRemark, encodeProcessStatus } from './process.ts';

type Goodbye = Extract<AgentMessage & ControllerMessage, { readonly kind: 'goodbye' }>;

export function encodeAgentMessage(message: AgentMessage | AgentLogMessage): AgentFrame {
  switch (message.kind) {
    case 'hello':
      return {
        hello: {
          protocolVersion: message.protocolVersion,
          agentVersion: message.agentVersion,
          journalId: message.journalId,
          labels: { ...message.labels },
          ...present('adopted', message.adopted),
          ...present('stateProblem', message.stateProblem),
          instanceId: message.instanceId,
        },
      };
    case 'snapshot':
      return {
        snapshot: {
          sessionEpoch: message.sessionEpoch,
          seq: message.seq,
          processes: message.processes.map(encodeProcessStatus),
          last: message.last,
          ...present('configProblem', message.configProblem),
        },
      };
    case 'answer':
      return {
        answer: {
          sessionEpoch: message.sessionEpoch,
          questionId: message.questionId,
          answer: encodeHostAnswer(message.answer),
        },
      };
    case 'event':
      return { event: { sessionEpoch: message.sessionEpoch, ...encodeEvent(message) } };
    case 'events': {
      const { sessionEpoch, events } = message;
      return { events: { sessionEpoch, events: events.map(encodeEvent) } };
    }
    case 'logBlock':
    case 'logsNote':
    case 'logsEnd':
      return encodeAgentLogMessage(message);
    case 'heartbeat':
      return { heartbeat: { probe: message.probe } };
    case 'goodbye':
      return { goodbye: { reason: message.reason, reconnectAfterMs: message.reconnectAfterMs } };
  }
}

export function decodeAgentFrame(frame: AgentFrame__Output): AgentMessage | AgentLogMessage {
  if (frame.hello) {
    return {
      kind: 'hello',
      protocolVersion: frame.hello.protocolVersion,
      agentVersion: short('a version', frame.hello.agentVersion, VERSION_LENGTH_MAX),
      journalId: journalId(short('a journal id', frame.hello.journalId)),
      labels: decodeLabels(frame.hello.labels),
      adopted: orNull(frame.hello.adopted),
      stateProblem: decodeRemark(frame.hello.stateProblem),
      instanceId: short('an instance id', frame.hello.instanceId),
    };
  }
  if (frame.snapshot) {
    return {
      kind: 'snapshot',
      sessionEpoch: exact('session epoch', frame.snapshot.sessionEpoch),
      seq: exact('seq', frame.snapshot.seq),
      processes: frame.snapshot.processes.map(decodeProcessStatus),
      configProblem: decodeRemark(frame.snapshot.configProblem),
      last: frame.snapshot.last,
    };
  }
  if (frame.answer) return decodeAnswer(frame.answer);
  if (frame.event) {
    const sessionEpoch = exact('session epoch', frame.event.sessionEpoch);
    return { kind: 'event', sessionEpoch, ...decodeEventOfAgent(frame.event) };
  }
  if (frame.events) {
    const sessionEpoch = exact('session epoch', frame.events.sessionEpoch);
    return { kind: 'events', sessionEpoch, events: frame.events.events.map(decodeEventOfAgent) };
  }
  if (frame.heartbeat) return { kind: 'heartbeat', probe: exact('number', frame.heartbeat.probe) };
  if (frame.goodbye) return decodeGoodbye(frame.goodbye);
  const aboutLogs = decodeAgentLogFrame(frame);
  if (aboutLogs !== null) return aboutLogs;
  throw malformed('an agent frame without a body');
}

export function encodeControllerMessage(
  message: ControllerMessage | ControllerLogMessage,
): ControllerFrame {
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
      return { command: encodeCommand(message) };
    case 'withdraw':
      return { withdraw: encodeWithdrawal(message) };
    case 'question':
      return {
        question: {
          sessionEpoch: message.sessionEpoch,
          questionId: message.questionId,
          question: questionCodec.toWire(message.question),
        },
      };
    case 'readLogs':
    case 'logCredit':
    case 'stopLogs':
      return encodeControllerLogMessage(message);
    case 'heartbeat':
      return { controllerHeartbeat: { atMs: message.atMs, probe: message.probe } };
    case 'goodbye':
      return { goodbye: { reason: message.reason, reconnectAfterMs: message.reconnectAfterMs } };
  }
}

export function decodeControllerFrame(
  frame: ControllerFrame__Output,
): ControllerMessage | ControllerLogMessage {
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
  if (frame.command) return decodeCommand(frame.command);
  if (frame.withdraw) return decodeWithdrawal(frame.withdraw);
  if (frame.question) {
    return {
      kind: 'question',
      sessionEpoch: exact('session epoch', frame.question.sessionEpoch),
      questionId: exact('question id', frame.question.questionId),
      question: questionCodec.fromWire(frame.question.question),
    };
  }
  if (frame.controllerHeartbeat) {
    const { atMs, probe } = frame.controllerHeartbeat;
    return { kind: 'heartbeat', atMs: exact('time', atMs), probe: exact('number', probe) };
  }
  if (frame.goodbye) return decodeGoodbye(frame.goodbye);
  const aboutLogs = decodeControllerLogFrame(frame);
  if (aboutLogs !== null) return aboutLogs;
  throw malformed('a controller frame without a body');
}

function decodeEventOfAgent(wire: Event__Output): SequencedEvent {
  const event = decodeEvent(wire);
  if (event.event.kind !== 'eventsMissing') return event;
  throw malformed('an agent that tells what its controller is to find out');
}

function decodeAnswer(wire: Answer__Output): AgentMessage {
  if (!wire.answer) throw malformed('an answer without what was answered');
  const answer = decodeHostAnswer(wire.answer);
  if (answer.kind === 'unreachable') throw malformed('an agent that says it is unreachable');
  return {
    kind: 'answer',
    sessionEpoch: exact('session epoch', wire.sessionEpoch),
    questionId: exact('question id', wire.questionId),
    answer,
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
