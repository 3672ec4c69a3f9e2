/**
 * What happened, as the agents told it. An event is unique by (host, journal, seq), so one that is
 * sent twice is stored once; storing it also moves the mark up to which the host is acknowledged.
 */
import type { SqliteDatabase } from '../../proto/sqlite.ts';
import type { HostId, JournalId, SequencedEvent } from '../../proto/vocabulary.ts';

/** Events older than this are forgotten; the state they led to is not. */
const RETENTION_MS = 14 * 24 * 60 * 60 * 1_000;

export function eventWrites(database: SqliteDatabase) {
  const insert = database.prepare(
    'INSERT OR IGNORE INTO events (host, journal_id, seq, at_ms, event) VALUES (?, ?, ?, ?, ?)',
  );
  const mark = database.prepare(
    'UPDATE hosts SET stored_seq = ? WHERE host = ? AND journal_id = ? AND stored_seq < ?',
  );
  return {
    append(host: HostId, journalId: JournalId, { seq, atMs, event }: SequencedEvent): void {
      insert.run(host, journalId, seq, atMs, JSON.stringify(event));
      mark.run(seq, host, journalId, seq);
    },
  };
}

export function forgetOldEvents(database: SqliteDatabase, wallMs: number): void {
  database.prepare('DELETE FROM events WHERE at_ms < ?').run(wallMs - RETENTION_MS);
}
