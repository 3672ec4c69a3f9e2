/**
 * What happened, as the agents told it. An event is unique by (journal, seq), so one that is
 * sent twice is stored once; a batch also moves the mark up to which each host is acknowledged.
 */
import type { SqliteDatabase } from '../../proto/sqlite.ts';
import type { AgentEvent, HostId, ProcessName, StoredEvent } from '../../proto/vocabulary.ts';
import type { EventSpan } from '../core/explain.ts';
import type { EventQuery } from '../core/queries.ts';
import type { FleetWrite } from '../core/state.ts';
import { eventCap } from './event-cap.ts';
import { forgetEmptyJournals, journalNumbers } from './journals.ts';

type EventWrite = Extract<FleetWrite, { readonly kind: 'event' }>;

export function eventWrites(database: SqliteDatabase) {
  const cap = eventCap(database);
  const journals = journalNumbers(database, cap.trim);
  const insert = database.prepare(
    `INSERT OR IGNORE INTO event_rows (journal, seq, at_ms, stored_at_ms, event)
     VALUES (?, ?, ?, ?, ?)`,
  );
  const mark = database.prepare(
    'UPDATE hosts SET stored_seq = ? WHERE host = ? AND journal_id = ? AND stored_seq < ?',
  );
  return {
    append({ host, journalId, storedAtMs, event: { seq, atMs, event } }: EventWrite): void {
      const journal = journals.of(host, journalId);
      insert.run(journal, seq, atMs, storedAtMs, JSON.stringify(event));
      cap.stored(journal, seq);
    },
    /** Once for each host, after the rest of the batch: its last event is its highest. */
    markStored(writes: readonly FleetWrite[]): void {
      const last = new Map<HostId, EventWrite>();
      for (const write of writes) if (write.kind === 'event') last.set(write.host, write);
      for (const { host, journalId, event } of last.values()) {
        mark.run(event.seq, host, journalId, event.seq);
      }
    },
    /** Whatever was not committed is not known any more. */
    forget: () => journals.forget(),
  };
}

/** About 12 ms of the controller's one thread, when a process is asked for that says little. */
const SCANNED_MAX = 20_000;

interface JournalRow {
  readonly journal: number;
  readonly newest: number;
  readonly newest_seq: number;
  readonly newest_stored_at_ms: number;
}

interface EventRow {
  /** Grows with each event that is stored, whatever the clocks do. */
  readonly position: number;
  readonly seq: number;
  readonly at_ms: number;
  readonly stored_at_ms: number;
  readonly event: string;
}

export function eventReads(database: SqliteDatabase) {
  // An agent without a disk begins a journal at each start. CROSS JOIN, because SQLite would rather
  // go through every event of the host.
  const journalsOf = database.prepare(
    `SELECT number AS journal, position AS newest, seq AS newest_seq,
         stored_at_ms AS newest_stored_at_ms
       FROM (SELECT number FROM journals WHERE host = ? ORDER BY number DESC LIMIT 1000)
       CROSS JOIN event_rows ON journal = number
         AND seq = (SELECT max(seq) FROM event_rows WHERE journal = number)
       ORDER BY newest DESC`,
  );
  const newestOf = database.prepare(
    `SELECT * FROM (
         SELECT position, seq, at_ms, stored_at_ms, event FROM event_rows
           WHERE journal = @journal ORDER BY seq DESC LIMIT @scan)
       WHERE instr(event, @part) LIMIT @limit`,
  );
  const seqFrom = database.prepare(
    `SELECT seq, stored_at_ms FROM event_rows
       WHERE journal = @journal AND seq >= @seq ORDER BY seq LIMIT 1`,
  );
  const storedIn = database.prepare(
    `SELECT * FROM (
         SELECT position, seq, at_ms, stored_at_ms, event FROM event_rows
           WHERE journal = @journal AND seq >= @since ORDER BY seq LIMIT @scan)
       WHERE stored_at_ms BETWEEN @fromMs AND @untilMs
         AND (@names IS NULL OR event ->> '$.kind' = 'eventsMissing'
           OR coalesce(event ->> '$.process.process', event ->> '$.process')
             IN (SELECT value FROM json_each(@names)))
       LIMIT @limit`,
  );

  /**
   * The first event of a journal that was stored at this time or later. Looked for by halving,
   * because an index for it would cost every event that is stored, and this is asked by people.
   */
  function firstSince(journal: number, newestSeq: number, fromMs: number): number {
    let [low, high] = [0, newestSeq];
    while (low < high) {
      const seq = Math.floor((low + high) / 2);
      const found = seqFrom.get({ journal, seq }) as Pick<EventRow, 'seq' | 'stored_at_ms'>;
      if (found.stored_at_ms >= fromMs) high = seq;
      else low = found.seq + 1;
    }
    return low;
  }

  return {
    /** Newest first, as they were stored; looks at the newest 20,000 of the host and no further. */
    recent({ host, process, limit }: EventQuery): readonly StoredEvent[] {
      const part = process === null ? '' : partNaming(process);
      const found: EventRow[] = [];
      let scan = SCANNED_MAX;
      for (const { journal, newest, newest_seq } of journalsOf.all(host) as JournalRow[]) {
        // Journals follow one another, unless an agent was given back an old one.
        if (scan <= 0 || newest < (found[limit - 1]?.position ?? 0)) break;
        const rows = newestOf.all({ journal, scan, part, limit }) as EventRow[];
        // The journal cannot have more than that.
        scan -= newest_seq;
        found.push(...rows);
        found.sort((left, right) => right.position - left.position);
      }
      return found.slice(0, limit).map((row) => storedEvent(host, row));
    },

    /** Oldest first, as they were stored; looks at 20,000 from the beginning of that time on. */
    between({ host, processes, fromMs, untilMs, limit }: EventSpan): readonly StoredEvent[] {
      const names = processes === null ? null : JSON.stringify(processes);
      const found: EventRow[] = [];
      let scan = SCANNED_MAX;
      for (const row of (journalsOf.all(host) as JournalRow[]).reverse()) {
        if (scan <= 0) break;
        if (row.newest_stored_at_ms < fromMs) continue;
        const { journal, newest_seq } = row;
        const since = firstSince(journal, newest_seq, fromMs);
        const span = { journal, since, scan, fromMs, untilMs, names, limit };
        found.push(...(storedIn.all(span) as EventRow[]));
        scan -= newest_seq - since + 1;
      }
      found.sort((left, right) => left.position - right.position);
      return found.slice(0, limit).map((row) => storedEvent(host, row));
    },
  };
}

/** No string inside the JSON can look like this: its quotes would be escaped. */
function partNaming(process: ProcessName): string {
  return `"process":${JSON.stringify(process)}`;
}

function storedEvent(host: HostId, { seq, at_ms, stored_at_ms, event }: EventRow): StoredEvent {
  const told = JSON.parse(event) as AgentEvent;
  return { host, seq, atMs: at_ms, storedAtMs: stored_at_ms, event: told };
}

/** The state that they led to is kept. */
export function forgetOldEvents(database: SqliteDatabase, beforeMs: number): void {
  database.prepare('DELETE FROM event_rows WHERE stored_at_ms < ?').run(beforeMs);
  forgetEmptyJournals(database);
}
