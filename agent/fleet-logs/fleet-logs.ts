/**
 * Reads logs of this host's processes for the controller. It asks for them by name; which files they
 * are in is known here only. All readers of a session take turns, a little at a time, and a block goes
 * out only when nothing else waits to be sent: heartbeats and events are never behind more than one.
 * With the session all of it ends.
 */
import { isRefusal, type Refusal, refusal } from '../../proto/errors.ts';
import type {
  AgentLogMessage,
  ControllerLogMessage,
  LogReaderId,
  LogsEnd,
} from '../../proto/log-messages.ts';
import { clippedTo, REMARK_LENGTH_MAX } from '../../proto/text-limits.ts';
import type { ProcessName } from '../../proto/vocabulary.ts';
import type { Log } from '../ports.ts';
import { findSources, type HostLogs, type LogsRequest } from './find-sources.ts';
import { compileGrep, type Grep } from './grep.ts';
import { LogReader } from './log-reader.ts';
import { ReaderNotes } from './reader-notes.ts';

/** The stream to the controller. */
export interface LogLink {
  /** Whether nothing waits to be sent. */
  isClear(): boolean;
  /** @param sent called when it has left, unless the session ends before */
  sendLog(message: AgentLogMessage, sent: () => void): void;
}

export interface FleetLogsOptions extends HostLogs {
  readonly link: LogLink;
  /** Why this host lets no controller read the logs of some of these; null: it does. */
  readonly refusedByPolicy: (processes: readonly ProcessName[]) => string | null;
  readonly log: Log;
}

interface Entry {
  readonly sessionEpoch: number;
  readonly readerId: LogReaderId;
  /** Null while its expression is compiled. */
  reader: LogReader | null;
  /** Given meanwhile. */
  creditBytes: number;
}

/** In one session: more than there are people to read them. */
const READERS_MAX = 64;
/** By all of them together; each is looked at several times a second. */
const FOLLOWED_MAX = 2_000;

/** How often followed logs are looked at: so often, or once for so many logs. */
const LOOK_INTERVAL_MS = 100;
const LOOK_MS_PER_LOG = 1;

/** When something else is being sent, it is asked again after this. */
const BUSY_LINK_MS = 20;

export class FleetLogs implements Disposable {
  readonly #options: FleetLogsOptions;
  readonly #entries = new Map<LogReaderId, Entry>();
  /** Of whose turn it is. */
  #turns: Entry[] = [];
  #isTurnDue = false;
  #isSending = false;
  #lookTimer: NodeJS.Timeout | null = null;
  #session = 0;

  constructor(options: FleetLogsOptions) {
    this.#options = options;
  }

  receive(message: ControllerLogMessage): void {
    switch (message.kind) {
      case 'readLogs':
        this.#begin(message);
        return;
      case 'logCredit': {
        const entry = this.#entries.get(message.readerId);
        if (entry === undefined) return;
        if (entry.reader === null) entry.creditBytes += message.bytes;
        else entry.reader.addCredit(message.bytes);
        this.#giveTurn(entry);
        return;
      }
      case 'stopLogs':
        this.#remove(message.readerId);
        return;
    }
  }

  /** The session is over, and what was asked for in it. */
  endAll(): void {
    this.#entries.clear();
    this.#turns = [];
    this.#isSending = false;
    this.#session += 1;
    if (this.#lookTimer !== null) clearTimeout(this.#lookTimer);
    this.#lookTimer = null;
  }

  [Symbol.dispose](): void {
    this.endAll();
  }

  #begin(request: LogsRequest): void {
    const { sessionEpoch, readerId, selection, creditBytes } = request;
    const entry: Entry = { sessionEpoch, readerId, reader: null, creditBytes };
    const because = this.#refusalOf(request);
    if (because !== null) return this.#refuse(entry, because);
    this.#remove(readerId);
    this.#entries.set(readerId, entry);
    if (selection.grep === null) return this.#open(entry, request, null);
    compileGrep(selection.grep)
      .then((grep) => {
        if (this.#entries.get(readerId) !== entry) return;
        if (!isRefusal(grep)) return this.#open(entry, request, grep);
        this.#remove(readerId);
        this.#refuse(entry, grep);
      })
      .catch((error: unknown) => {
        this.#options.log.error({ error }, 'cannot search logs');
        this.#remove(readerId);
        this.#refuse(entry, refusal('internal', 'this agent cannot search logs'));
      });
  }

  #refusalOf({ selection, processes, channels }: LogsRequest): Refusal | null {
    const against = this.#options.refusedByPolicy(processes);
    if (against !== null) return refusal('denied', clippedTo(REMARK_LENGTH_MAX, against));
    if (this.#entries.size >= READERS_MAX) {
      return refusal(
        'exhausted',
        `${READERS_MAX} readers of logs are at work on this host already`,
      );
    }
    const { from, sinceMs, grep, follow } = selection;
    if (from.kind === 'bytes' && (sinceMs !== null || grep !== null)) {
      return refusal('usage', 'bytes are told as they are: ask for lines to choose among them');
    }
    const followed = follow ? processes.length * channels.length : 0;
    if (this.#followed() + followed <= FOLLOWED_MAX) return null;
    return refusal(
      'exhausted',
      `too many logs to follow: ${FOLLOWED_MAX} at once on one host; name fewer processes`,
    );
  }

  #followed(): number {
    let followed = 0;
    for (const { reader } of this.#entries.values()) followed += reader?.followed ?? 0;
    return followed;
  }

  #open(entry: Entry, request: LogsRequest, grep: Grep | null): void {
    const notes = new ReaderNotes();
    const sources = [...findSources(request, { ...this.#options, grep, notes })];
    if (sources.length === 0 && !notes.hasMissing()) {
      this.#remove(entry.readerId);
      return this.#end(entry, { error: notes.text() ?? 'no log file' });
    }
    const { follow } = request.selection;
    entry.reader = new LogReader({ sources, follow, creditBytes: entry.creditBytes, notes });
    this.#giveTurn(entry);
    this.#lookLater();
  }

  // ── turns ─────────────────────────────────────────────────────────────────────────────────────

  #giveTurn(entry: Entry): void {
    if (entry.reader === null) return;
    if (!this.#turns.includes(entry)) this.#turns.push(entry);
    this.#turnSoon();
  }

  /** After whatever else is due: programs that ended, timers, what the controller says. */
  #turnSoon(): void {
    if (this.#isTurnDue || this.#isSending || this.#turns.length === 0) return;
    this.#isTurnDue = true;
    const isClear = this.#options.link.isClear();
    const turn = (): void => {
      this.#isTurnDue = false;
      this.#turn();
      this.#turnSoon();
    };
    if (isClear) setImmediate(turn);
    else setTimeout(turn, BUSY_LINK_MS).unref();
  }

  #turn(): void {
    if (this.#isSending || !this.#options.link.isClear()) return;
    const entry = this.#turns.shift();
    if (entry === undefined || entry.reader === null) return;
    const step = entry.reader.step(() => performance.now());
    switch (step.kind) {
      case 'resting':
        return;
      case 'working':
        this.#turns.push(entry);
        return;
      case 'block': {
        const { sessionEpoch, readerId } = entry;
        this.#turns.push(entry);
        this.#send({ kind: 'logBlock', sessionEpoch, readerId, ...step.block });
        return;
      }
      case 'note': {
        const { sessionEpoch, readerId } = entry;
        this.#turns.push(entry);
        this.#tell({ kind: 'logsNote', sessionEpoch, readerId, note: step.note });
        return;
      }
      case 'end':
        this.#remove(entry.readerId);
        this.#end(entry, step.end);
    }
  }

  #send(message: AgentLogMessage): void {
    const session = this.#session;
    this.#isSending = true;
    this.#options.link.sendLog(message, () => {
      if (session !== this.#session) return;
      this.#isSending = false;
      this.#turnSoon();
    });
  }

  #refuse(entry: Entry, { message }: Refusal): void {
    this.#end(entry, { error: message });
  }

  #end({ sessionEpoch, readerId }: Entry, end: LogsEnd): void {
    this.#tell({ kind: 'logsEnd', sessionEpoch, readerId, ...end });
  }

  /** Small and at most one for each reader: it waits for nobody. */
  #tell(message: Extract<AgentLogMessage, { readonly kind: 'logsNote' | 'logsEnd' }>): void {
    this.#options.link.sendLog(message, () => undefined);
  }

  #remove(readerId: LogReaderId): void {
    const entry = this.#entries.get(readerId);
    if (entry === undefined) return;
    this.#entries.delete(readerId);
    this.#turns = this.#turns.filter((other) => other !== entry);
  }

  // ── what follows ──────────────────────────────────────────────────────────────────────────────

  /** Looked at by the clock, not told by the kernel: a flood would be told with each of its pieces. */
  #lookLater(): void {
    const followed = this.#followed();
    if (followed === 0 || this.#lookTimer !== null) return;
    const look = (): void => {
      this.#lookTimer = null;
      for (const entry of this.#entries.values()) {
        entry.reader?.wake();
        this.#giveTurn(entry);
      }
      this.#lookLater();
    };
    const intervalMs = Math.max(LOOK_INTERVAL_MS, followed * LOOK_MS_PER_LOG);
    this.#lookTimer = setTimeout(look, intervalMs).unref();
  }
}
