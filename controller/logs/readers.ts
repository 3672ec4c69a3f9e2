/**
 * The logs that agents are reading for us at this moment: one reader for each host of each call,
 * found again by the id that its blocks carry. None outlives the session that it was opened in, and
 * none may send more than it has credit for; what comes from others is not looked at.
 */
import type { LogChannel } from '../../proto/local-orders.ts';
import type {
  AgentLogMessage,
  LogBlock,
  LogReaderId,
  LogSelection,
  LogsEnd,
  LogsNote,
} from '../../proto/log-messages.ts';
import type { HostId, ProcessName } from '../../proto/vocabulary.ts';
import type { ConnectionId } from '../core/host.ts';
import type { LogLinks } from '../ports.ts';

export interface ReaderRequest {
  readonly processes: readonly ProcessName[];
  readonly channels: readonly LogChannel[];
  readonly selection: LogSelection;
  readonly creditBytes: number;
}

/** After `ended` or `lost` nothing more is told. */
export interface ReaderListener {
  readonly block: (block: LogBlock) => void;
  readonly noted: (note: LogsNote) => void;
  readonly ended: (end: LogsEnd) => void;
  /** Its session has ended. */
  readonly lost: () => void;
}

/** Disposing of it tells the agent to stop, where it still reads. */
export interface LogReader extends Disposable {
  /** So many bytes have been let go, and as many may follow. */
  readonly grant: (bytes: number) => void;
}

interface Session {
  readonly host: HostId;
  readonly connection: ConnectionId;
  readonly epoch: number;
  readonly readers: Map<LogReaderId, OpenReader>;
}

interface OpenReader {
  readonly processes: ReadonlySet<ProcessName>;
  readonly channels: ReadonlySet<LogChannel>;
  readonly listener: ReaderListener;
  creditBytes: number;
  hasNoted: boolean;
}

export class LogReaders {
  readonly #links: LogLinks;
  readonly #byConnection = new Map<ConnectionId, Session>();
  readonly #byHost = new Map<HostId, Session>();
  readonly #waiting = new Map<HostId, Set<() => void>>();
  #lastId: LogReaderId = 0;

  constructor(links: LogLinks) {
    this.#links = links;
  }

  /** Its Welcome has been sent. */
  sessionBegan(session: Omit<Session, 'readers'>): void {
    const { host, connection } = session;
    const begun = { ...session, readers: new Map() };
    this.#byConnection.set(connection, begun);
    this.#byHost.set(host, begun);
    const waiting = this.#waiting.get(host);
    this.#waiting.delete(host);
    for (const callBack of waiting ?? []) callBack();
  }

  connectionGone(connection: ConnectionId): void {
    const session = this.#byConnection.get(connection);
    if (session === undefined) return;
    this.#byConnection.delete(connection);
    if (this.#byHost.get(session.host) === session) this.#byHost.delete(session.host);
    const readers = [...session.readers.values()];
    session.readers.clear();
    for (const { listener } of readers) listener.lost();
  }

  /** What is of another session, or of a reader that has ended, is late, and nobody's fault. */
  received(connection: ConnectionId, message: AgentLogMessage): void {
    const session = this.#byConnection.get(connection);
    const reader = session?.readers.get(message.readerId);
    if (session === undefined || reader === undefined) return;
    if (message.sessionEpoch !== session.epoch) return;
    if (message.kind === 'logsEnd') {
      session.readers.delete(message.readerId);
      return reader.listener.ended({ error: message.error });
    }
    if (!isAsked(reader, message)) {
      this.#stop(session, message.readerId);
      return reader.listener.ended({ error: UNASKED });
    }
    if (message.kind === 'logsNote') {
      reader.hasNoted = true;
      return reader.listener.noted({ note: message.note });
    }
    const { process, channel, data, skippedBytes, skippedMore } = message;
    reader.creditBytes -= data.byteLength;
    reader.listener.block({ process, channel, data, skippedBytes, skippedMore });
  }

  /** @returns null where the host has no session */
  open(host: HostId, request: ReaderRequest, listener: ReaderListener): LogReader | null {
    const session = this.#byHost.get(host);
    if (session === undefined) return null;
    this.#lastId += 1;
    const readerId = this.#lastId;
    const { connection, epoch: sessionEpoch } = session;
    const { creditBytes } = request;
    const processes = new Set(request.processes);
    const channels = new Set(request.channels);
    const reader: OpenReader = { processes, channels, listener, creditBytes, hasNoted: false };
    this.#links.sendLog(connection, { kind: 'readLogs', sessionEpoch, readerId, ...request });
    // To be sent one message too many may have been its end.
    if (this.#byConnection.get(connection) !== session) return null;
    session.readers.set(readerId, reader);
    return {
      grant: (bytes) => {
        if (!session.readers.has(readerId)) return;
        reader.creditBytes += bytes;
        this.#links.sendLog(connection, { kind: 'logCredit', sessionEpoch, readerId, bytes });
      },
      [Symbol.dispose]: () => this.#stop(session, readerId),
    };
  }

  /** Calls back once, when a session of the host begins. */
  whenBack(host: HostId, callBack: () => void): Disposable {
    const waiting = this.#waiting.get(host) ?? new Set();
    this.#waiting.set(host, waiting.add(callBack));
    return {
      [Symbol.dispose]: () => {
        waiting.delete(callBack);
        if (waiting.size === 0 && this.#waiting.get(host) === waiting) this.#waiting.delete(host);
      },
    };
  }

  #stop({ readers, connection, epoch: sessionEpoch }: Session, readerId: LogReaderId): void {
    if (!readers.delete(readerId)) return;
    this.#links.sendLog(connection, { kind: 'stopLogs', sessionEpoch, readerId });
  }
}

type Told = Exclude<AgentLogMessage, { readonly kind: 'logsEnd' }>;

/** Notes need no credit, so there is one of them. */
function isAsked(reader: OpenReader, message: Told): boolean {
  const { processes, channels, creditBytes, hasNoted } = reader;
  if (message.kind === 'logsNote') return !hasNoted;
  const { process, channel, data } = message;
  return processes.has(process) && channels.has(channel) && data.byteLength <= creditBytes;
}

const UNASKED = 'its agent sent what it was not asked for';
