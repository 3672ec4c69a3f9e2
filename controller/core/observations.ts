/**
 * What an agent tells of its host: the snapshot at the beginning of a session is the whole picture,
 * events keep it current. Each event is stored, whatever it is about; one that the snapshot has in
 * it already changes the picture no more.
 */
import { refusal } from '../../proto/errors.ts';
import type { AgentMessage } from '../../proto/messages.ts';
import { PROCESSES_MAX } from '../../proto/text-limits.ts';
import type { AgentEvent, ProcessName, ProcessStatus } from '../../proto/vocabulary.ts';
import type { Host, Session } from './host.ts';
import { dispatchAgain, noteConnection, noteProcessState, noteTargetEvent } from './operations.ts';
import { putHost, type Turn } from './state.ts';

type Snapshot = Extract<AgentMessage, { readonly kind: 'snapshot' }>;
type Event = Extract<AgentMessage, { readonly kind: 'event' }>;
type LocalOrder = Extract<AgentEvent, { readonly kind: 'localOrder' }>;

export function hearSnapshot(turn: Turn, host: Host, session: Session, message: Snapshot): void {
  const arrived = [...(session.arriving ?? []), ...message.processes];
  if (arrived.length > PROCESSES_MAX) return closeAsTooLarge(turn, session);
  if (!message.last) {
    return putHost(turn, { ...host, session: { ...session, arriving: arrived } });
  }
  const synced: Host = {
    ...host,
    session: { ...session, arriving: null, snapshotSeq: message.seq },
    processes: new Map(arrived.map((status) => [status.process, status])),
  };
  turn.writes.push({ kind: 'snapshot', host: synced });
  judgeConfig(turn, synced, message.configProblem);
  noteConnection(turn, synced);
  dispatchAgain(turn, synced);
}

export function hearEvent(turn: Turn, host: Host, session: Session, message: Event): void {
  const isNew = message.seq > host.storedSeq;
  if (isNew) store(turn, host, session, message);
  else putHost(turn, host);
  const { connection, epoch: sessionEpoch } = session;
  const seq = isNew ? message.seq : host.storedSeq;
  turn.effects.push({ kind: 'acknowledge', connection, sessionEpoch, seq });
}

function store(turn: Turn, host: Host, session: Session, { seq, atMs, event }: Event): void {
  const { host: id, journalId } = host;
  const storedAtMs = turn.at.wallMs;
  turn.writes.push({ kind: 'event', host: id, journalId, event: { seq, atMs, event }, storedAtMs });
  const stored = { ...host, storedSeq: seq };
  const isInPicture = seq <= session.snapshotSeq;
  putHost(turn, stored);
  switch (event.kind) {
    case 'processChanged':
      return isInPicture ? undefined : putProcess(turn, stored, session, event.process);
    case 'processRemoved':
      return isInPicture ? undefined : removeProcess(turn, stored, event.process);
    case 'configJudged':
      return isInPicture ? undefined : judgeConfig(turn, stored, event.problem);
    case 'localOrder':
      return logLocalOrder(turn, stored, event);
    case 'targetAccepted':
    case 'targetSettled':
      return noteTargetEvent(turn, id, event);
  }
}

function putProcess(turn: Turn, host: Host, session: Session, status: ProcessStatus): void {
  const isOneMore = !host.processes.has(status.process);
  if (isOneMore && host.processes.size >= PROCESSES_MAX) return closeAsTooLarge(turn, session);
  const processes: Map<ProcessName, ProcessStatus> = new Map(host.processes);
  putHost(turn, { ...host, processes: processes.set(status.process, status) });
  turn.writes.push({ kind: 'process', host: host.host, status });
  noteProcessState(turn, host.host, status);
}

/** What an operation still wants of it is settled by its agent, which knows why it went. */
function removeProcess(turn: Turn, host: Host, process: ProcessName): void {
  const processes = new Map(host.processes);
  if (!processes.delete(process)) return;
  putHost(turn, { ...host, processes });
  turn.writes.push({ kind: 'processRemoved', host: host.host, process });
}

function judgeConfig(turn: Turn, host: Host, problem: string | null): void {
  const judged = { ...host, configProblem: problem };
  putHost(turn, judged);
  if (problem === host.configProblem) return;
  turn.writes.push({ kind: 'host', host: judged });
  turn.effects.push({
    kind: 'log',
    level: problem === null ? 'info' : 'warn',
    details: { host: host.host, problem },
    text: problem === null ? 'a host takes its configuration again' : 'config rejected by a host',
  });
}

function logLocalOrder(
  turn: Turn,
  { host }: Host,
  { requestedBy, command, operationId }: LocalOrder,
): void {
  turn.effects.push({
    kind: 'log',
    level: 'info',
    details: { host, requestedBy, command, id: operationId },
    text: 'an order was given on a host itself',
  });
}

function closeAsTooLarge(turn: Turn, { connection }: Session): void {
  const because = refusal('exhausted', `a host may have ${PROCESSES_MAX} processes`);
  turn.effects.push({ kind: 'close', connection, because });
}
