/**
 * What an agent tells of its host: the snapshot at the beginning of a session is the whole picture,
 * events keep it current. Each event is stored, whatever it is about; one that the snapshot has in
 * it already changes the picture no more.
 */
import { refusal } from '../../proto/errors.ts';
import type { AgentMessage } from '../../proto/messages.ts';
import { PROCESSES_MAX } from '../../proto/text-limits.ts';
import type {
  AgentEvent,
  HostId,
  ProcessName,
  ProcessStatus,
  SequencedEvent,
} from '../../proto/vocabulary.ts';
import type { Host, Session } from './host.ts';
import { dispatchAgain, noteConnection, noteProcessState, noteTargetEvent } from './operations.ts';
import { putHost, type Turn } from './state.ts';

type Snapshot = Extract<AgentMessage, { readonly kind: 'snapshot' }>;
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
    configProblem: message.configProblem,
  };
  putHost(turn, synced);
  turn.writes.push({ kind: 'snapshot', host: synced });
  if (synced.configProblem !== host.configProblem) {
    turn.writes.push({ kind: 'host', host: synced });
    tellOfConfig(turn, synced.host, synced.configProblem);
  }
  dispatchAgain(turn, synced);
  noteConnection(turn, synced);
}

/**
 * All events of one frame. First they change the picture of the host, of which one copy is made for
 * all of them; then operations hear of each, and find the host as it is now.
 */
export function hearEvents(
  turn: Turn,
  host: Host,
  session: Session,
  events: readonly SequencedEvent[],
): void {
  const { storedSeq, configProblem } = host;
  const picture = { storedSeq, configProblem, processes: null };
  const sketch: Sketch = { turn, host, session, ...picture, states: new Map(), news: [] };
  for (const event of events) if (event.seq > sketch.storedSeq) take(sketch, event);
  const seen = hostIn(sketch);
  putHost(turn, seen);
  if (seen.configProblem !== configProblem) turn.writes.push({ kind: 'host', host: seen });
  for (const status of sketch.states.values()) noteProcessState(turn, host.host, status);
  for (const event of sketch.news) noteTargetEvent(turn, host.host, event);
  const { connection, epoch: sessionEpoch } = session;
  turn.effects.push({ kind: 'acknowledge', connection, sessionEpoch, seq: seen.storedSeq });
}

/** Mutable only while one frame is taken in. */
interface Sketch {
  readonly turn: Turn;
  /** As it was before. */
  readonly host: Host;
  readonly session: Session;
  storedSeq: number;
  configProblem: string | null;
  /** A copy, made at the first change; null: they are those of the host. */
  processes: Map<ProcessName, ProcessStatus> | null;
  /** For operations: what each process that changed does in the end. */
  readonly states: Map<ProcessName, ProcessStatus>;
  /** For operations, too. */
  readonly news: TargetEvent[];
}

function hostIn({ host, storedSeq, configProblem, processes }: Sketch): Host {
  return { ...host, storedSeq, configProblem, processes: processes ?? host.processes };
}

type TargetEvent = Extract<
  AgentEvent,
  { readonly kind: 'targetAccepted' | 'targetVerifying' | 'targetSettled' }
>;

/** Stores it, whatever it is; what the snapshot has in it already changes the picture no more. */
function take(sketch: Sketch, { seq, atMs, event }: SequencedEvent): void {
  const { turn, session } = sketch;
  const { host, journalId } = sketch.host;
  const storedAtMs = turn.at.wallMs;
  if (seq > sketch.storedSeq + 1) noteMissing(sketch, seq - 1);
  turn.writes.push({ kind: 'event', host, journalId, event: { seq, atMs, event }, storedAtMs });
  sketch.storedSeq = seq;
  const isInPicture = seq <= session.snapshotSeq;
  switch (event.kind) {
    case 'processChanged':
      return isInPicture ? undefined : putProcess(sketch, event.process);
    case 'processRemoved':
      return isInPicture ? undefined : removeProcess(sketch, event.process);
    case 'configJudged':
      return isInPicture ? undefined : judgeConfig(sketch, event.problem);
    case 'localOrder':
      return logLocalOrder(turn, sketch.host, event);
    case 'targetAccepted':
    case 'targetVerifying':
    case 'targetSettled':
      sketch.news.push(event);
      return;
    case 'eventsMissing':
  }
}

/** Its agent had no room for them, or told them to a controller whose database is gone. */
function noteMissing(
  { turn, storedSeq, host: { host, journalId } }: Sketch,
  untilSeq: number,
): void {
  const event = { kind: 'eventsMissing', untilSeq } as const;
  const { wallMs } = turn.at;
  turn.writes.push({
    kind: 'event',
    host,
    journalId,
    event: { seq: storedSeq + 1, atMs: wallMs, event },
    storedAtMs: wallMs,
  });
}

function putProcess(sketch: Sketch, status: ProcessStatus): void {
  const { turn, host, session } = sketch;
  const processes = sketch.processes ?? host.processes;
  const isOneMore = !processes.has(status.process);
  if (isOneMore && processes.size >= PROCESSES_MAX) return closeAsTooLarge(turn, session);
  ownProcesses(sketch).set(status.process, status);
  turn.writes.push({ kind: 'process', host: host.host, status });
  sketch.states.set(status.process, status);
}

/** What an operation still wants of it is settled by its agent, which knows why it went. */
function removeProcess(sketch: Sketch, process: ProcessName): void {
  if (!(sketch.processes ?? sketch.host.processes).has(process)) return;
  ownProcesses(sketch).delete(process);
  sketch.turn.writes.push({ kind: 'processRemoved', host: sketch.host.host, process });
}

function ownProcesses(sketch: Sketch): Map<ProcessName, ProcessStatus> {
  sketch.processes ??= new Map(sketch.host.processes);
  return sketch.processes;
}

function judgeConfig(sketch: Sketch, problem: string | null): void {
  if (problem === sketch.configProblem) return;
  sketch.configProblem = problem;
  tellOfConfig(sketch.turn, sketch.host.host, problem);
}

function tellOfConfig(turn: Turn, host: HostId, problem: string | null): void {
  turn.effects.push({
    kind: 'log',
    level: problem === null ? 'info' : 'warn',
    details: { host, problem },
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
