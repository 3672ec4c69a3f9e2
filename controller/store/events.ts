/**
 * What happened, as the agents told it. An event is unique by (host, journal, seq), so one that is
 * sent twice is stored once; a batch also moves the mark up to which each host is acknowledged.
 */
import type { SqliteDatabase } from '../../proto/sqlite.ts';
import type { AgentEvent, HostId, ProcessName, StoredEvent } from '../../proto/vocabulary.ts';
import type { EventQuery } from '../core/queries.ts';
import type { FleetWrite } from '../core/state.ts';

type EventWrite = Extract<FleetWrite, { readonly kind: 'event' }>;

/** Events older than this are forgotten; the state they led to is not. */
const RETENTION_MS = 14 * 24 * 60 * 60 * 1_000;

export function eventWrites(database: SqliteDatabase) {
  const insert = database.prepare(
    `INSERT OR IGNORE INTO events (host, journal_id, seq, at_ms, stored_at_ms, event)
     VALUES (?, ?, ?, ?, ?, ?)`,
  );
  const mark = database.prepare(
    'UPDATE hosts SET stored_seq = ? WHERE host = ? AND journal_id = ? AND stored_seq < ?',
  );
  return {
    append({ host, journalId, storedAtMs, event: { seq, atMs, event } }: EventWrite): void {
      insert.run(host, journalId, seq, atMs, storedAtMs, JSON.stringify(event));
    },
    /** Once for each host, after the rest of the batch: its last event is its highest. */
    markStored(writes: readonly FleetWrite[]): void {
      const last = new Map<HostId, EventWrite>();
      for (const write of writes) if (write.kind === 'event') last.set(write.host, write);
      for (const { host, journalId, event } of last.values()) {
        mark.run(event.seq, host, journalId, event.seq);
      }
    },
  };
}

/** About 12 ms of the controller's one thread, when a process is asked for that says little. */
const SCANNED_MAX = 20_000;

interface JournalRow {
  readonly journal: string;
  readonly newest: number;
  readonly newest_seq: number;
}

interface EventRow {
  /** Grows with each event that is stored, whatever the clocks do. */
  readonly position: number;
  readonly seq: number;
  readonly at_ms: number;
  readonly event: string;
}

export function eventReads(database: SqliteDatabase) {
  // An agent without a disk begins a journal at each start. Skips from one to the next in the index;
  // CROSS JOIN, because SQLite would rather go through every event of the host.
  const journalsOf = database.prepare(
    `WITH RECURSIVE
       begun (id) AS (
         SELECT min(journal_id) FROM events WHERE host = @host
         UNION ALL
         SELECT (SELECT min(journal_id) FROM events WHERE host = @host AND journal_id > begun.id)
           FROM begun WHERE begun.id IS NOT NULL
         LIMIT 1000),
       known (id) AS (SELECT id FROM begun UNION SELECT journal_id FROM hosts WHERE host = @host)
     SELECT id AS journal, events.rowid AS newest, events.seq AS newest_seq
       FROM known CROSS JOIN events ON events.host = @host AND events.journal_id = id
         AND events.seq = (SELECT max(seq) FROM events WHERE host = @host AND journal_id = id)
       ORDER BY newest DESC`,
  );
  const newestOf = database.prepare(
    `SELECT * FROM (
         SELECT rowid AS position, seq, at_ms, event FROM events
           WHERE host = @host AND journal_id = @journal ORDER BY seq DESC LIMIT @scan)
       WHERE instr(event, @part) LIMIT @limit`,
  );
  return {
    /** Newest first, as they were stored; looks at the newest 20,000 of the host and no further. */
    recent({ host, process, limit }: EventQuery): readonly StoredEvent[] {
      const part = process === null ? '' : partNaming(process);
      const found: EventRow[] = [];
      let scan = SCANNED_MAX;
      for (const { journal, newest, newest_seq } of journalsOf.all({ host }) as JournalRow[]) {
        // Journals follow one another, unless an agent was given back an old one.
        if (scan <= 0 || newest < (found[limit - 1]?.position ?? 0)) break;
        const rows = newestOf.all({ host, journal, scan, part, limit }) as EventRow[];
        // The journal cannot have more than that.
        scan -= newest_seq;
        found.push(...rows);
        found.sort((left, right) => right.position - left.position);
      }
      return found.slice(0, limit).map((row) => storedEvent(host, row));
    },
  };
}

/** No string inside the JSON can look like this: its quotes would be escaped. */
function partNaming(process: ProcessName): string {
  return `"process":${JSON.stringify(process)}`;
}

function storedEvent(host: HostId, { seq, at_ms, event }: EventRow): StoredEvent {
  return { host, seq, atMs: at_ms, event: JSON.parse(event) as AgentEvent };
}

export function forgetOldEvents(database: SqliteDatabase, wallMs: number): void {
  database.prepare('DELETE FROM events WHERE stored_at_ms < ?').run(wallMs - RETENTION_MS);
}
