/**
 * The agent's end of a session: what the controller says, and what is said first. After Welcome
 * goes the whole picture as of the last event, then what the controller had not confirmed; from
 * there on every change as it happens.
 */
import type { ConfiguredProcess } from '../../proto/host-questions.ts';
import type { ControllerMessage } from '../../proto/messages.ts';
import { clippedTo, REMARK_LENGTH_MAX } from '../../proto/text-limits.ts';
import { type ProcessStatus, WHOLE_HOST } from '../../proto/vocabulary.ts';
import { requestTargets } from './accept-targets.ts';
import { configuredProcesses } from './compare-configuration.ts';
import { hear } from './controller-clock.ts';
import { acknowledge, recordOf } from './outbox.ts';
import { verbAgainst } from './policy.ts';
import { statusOf } from './process.ts';
import { sendAnswer } from './reading.ts';
import type { Turn } from './state.ts';
import { inStartOrder } from './tiers.ts';
import { withdraw } from './withdraw.ts';

/** One message, which a session must not break on. */
const ANSWER_MAX_BYTES = 900_000;

/**
 * It lay in a socket while this agent was stopped. By now the controller has given the session up; if
 * it still wants it done, it says so again in the next. Longer than a session survives silence, which
 * is judged with every heartbeat (20 s at the most): a command that is ignored in a session that goes
 * on would be waited for for ever.
 */
const TOO_LATE_MS = 25_000;

/** Keeps a frame near 64 KiB, far below the message limit of 1 MiB. */
const SNAPSHOT_CHUNK = 200;

export function receive(turn: Turn, message: ControllerMessage): void {
  switch (message.kind) {
    case 'welcome':
      return welcome(turn, message.sessionEpoch, message.acknowledgedSeq);
    case 'acknowledgement':
      if (message.sessionEpoch === turn.state.sessionEpoch) confirm(turn, message.seq);
      return;
    case 'command':
      // A command of a session that is over was given to an agent that may since have changed.
      if (message.sessionEpoch === turn.state.sessionEpoch) take(turn, message);
      return;
    case 'withdraw':
      if (message.sessionEpoch === turn.state.sessionEpoch) withdraw(turn, message);
      return;
    case 'question':
      if (message.sessionEpoch === turn.state.sessionEpoch) answer(turn, message);
      return;
    case 'heartbeat':
      if (turn.state.sessionEpoch !== null) delayOf(turn, message.atMs);
      return;
    case 'goodbye':
      return;
  }
}

export function disconnected(turn: Turn): void {
  turn.state = { ...turn.state, sessionEpoch: null, controllerClock: null };
}

type Command = Extract<ControllerMessage, { readonly kind: 'command' }>;

function take(turn: Turn, command: Command): void {
  const { operationId, verb, processes, expiresInMs, sentAtMs } = command;
  const delayMs = delayOf(turn, sentAtMs);
  if (delayMs >= TOO_LATE_MS) {
    const text = `ignoring ${verb} ${processes.join(' ')} of ${operationId}`;
    const why = `it comes ${Math.round(delayMs / 1_000)} s late`;
    turn.effects.push({ kind: 'warn', text: `${clippedTo(REMARK_LENGTH_MAX, text)}: ${why}` });
    // If it is wanted still, it is said again in the next one.
    turn.effects.push({ kind: 'endSession', because: 'what the controller says comes late' });
    return;
  }
  const deadlineMonotonicMs =
    expiresInMs === null ? null : turn.at.monotonicMs + expiresInMs - delayMs;
  requestTargets(turn, { ...command, origin: 'controller', deadlineMonotonicMs }, processes);
}

function delayOf(turn: Turn, sentAtMs: number): number {
  const { clock, delayMs } = hear(turn.state.controllerClock, sentAtMs, turn.at);
  if (clock !== turn.state.controllerClock) {
    turn.state = { ...turn.state, controllerClock: clock };
  }
  return delayMs;
}

/** What the file says may be asked for by whom it may be taken up for. */
const REREADING = { verb: 'update', signal: null, startFollows: false } as const;

function answer(
  turn: Turn,
  { questionId, sessionEpoch, question }: Extract<ControllerMessage, { readonly kind: 'question' }>,
): void {
  const to = { kind: 'controller', questionId, sessionEpoch } as const;
  if (question === 'reread') {
    const against = verbAgainst(turn.state.rules.policy, REREADING, WHOLE_HOST);
    if (against !== null) return sendAnswer(turn, to, { kind: 'failed', error: against });
    turn.effects.push({ kind: 'readConfig', purpose: { kind: 'answer', to } });
    return;
  }
  const processes = configuredProcesses(turn.state.processes, turn.state.available);
  if (bytesOf(processes) > ANSWER_MAX_BYTES) {
    const error = `${processes.length} configured processes are too many for one answer`;
    return sendAnswer(turn, to, { kind: 'failed', error });
  }
  sendAnswer(turn, to, { kind: 'avail', processes });
}

/** At the most: three bytes for each UTF-16 unit, and what a message needs around the names. */
function bytesOf(processes: readonly ConfiguredProcess[]): number {
  const ofOne = ({ process, group, name }: ConfiguredProcess) =>
    40 + 3 * (process.length + group.length + name.length);
  return processes.reduce((sum, process) => sum + ofOne(process), 0);
}

function welcome(turn: Turn, sessionEpoch: number, acknowledgedSeq: number): void {
  turn.state = { ...turn.state, sessionEpoch, controllerClock: null };
  confirm(turn, acknowledgedSeq);
  sendSnapshot(turn, sessionEpoch);
  for (const event of recordOf(turn.state.outbox).pending) {
    turn.effects.push({ kind: 'send', message: { kind: 'event', sessionEpoch, ...event } });
  }
}

function confirm(turn: Turn, seq: number): void {
  turn.state = { ...turn.state, outbox: acknowledge(turn.state.outbox, seq) };
  turn.writes.push({ kind: 'acknowledged', seq });
}

function sendSnapshot(turn: Turn, sessionEpoch: number): void {
  const statuses = inStartOrder(turn.state.processes.values()).map(statusOf);
  const seq = turn.state.outbox.nextSeq - 1;
  const chunks = chunk(statuses);
  for (const [index, processes] of chunks.entries()) {
    const last = index === chunks.length - 1;
    const { configProblem } = turn.state;
    const message = {
      kind: 'snapshot',
      sessionEpoch,
      seq,
      processes,
      configProblem,
      last,
    } as const;
    turn.effects.push({ kind: 'send', message });
  }
}

/** At least one chunk, so that a host without processes is synced too. */
function chunk(statuses: readonly ProcessStatus[]): (readonly ProcessStatus[])[] {
  const chunks: (readonly ProcessStatus[])[] = [];
  for (let from = 0; from < statuses.length || from === 0; from += SNAPSHOT_CHUNK) {
    chunks.push(statuses.slice(from, from + SNAPSHOT_CHUNK));
  }
  return chunks;
}
