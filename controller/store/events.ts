/**
 * What happened, as the agents told it. An event is unique by (host, journal, seq), so one that is
 * sent twice is stored once; a batch also moves the mark up to which each host is acknowledged.
 */
import type { SqliteDatabase } from '../../proto/sqlite.ts';
import type { HostId } from '../../proto/vocabulary.ts';
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

export function forgetOldEvents(database: SqliteDatabase, wallMs: number): void {
  database.prepare('DELETE FROM events WHERE stored_at_ms < ?').run(wallMs - RETENTION_MS);
}
