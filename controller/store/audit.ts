/**
 * What is on record of who did what: appended in the transaction of the act itself, and let go of
 * from the front. Two edges stand apart from the rows: `first`, the row before the oldest that is
 * kept, and `head`, the last one, so that an end that is missing shows.
 */
import type { AuditEntry, AuditHead } from '../../proto/audit.ts';
import type { SqliteDatabase } from '../../proto/sqlite.ts';
import { BEFORE_THE_FIRST, rowHash, rowText } from './audit-chain.ts';

export interface AuditWrites {
  /** Within a transaction. */
  append(entry: AuditEntry): void;
  /** At the end of the same transaction. */
  writeHead(): void;
  /** After a transaction that came to nothing. */
  forget(): void;
  /** Null: nothing was ever on record. */
  head(): AuditHead | null;
}

export function auditWrites(database: SqliteDatabase): AuditWrites {
  const insert = database.prepare(
    'INSERT INTO audit (seq, at_ms, entry, previous_hash, hash) VALUES (?, ?, ?, ?, ?)',
  );
  const addEdge = database.prepare(
    "INSERT OR IGNORE INTO audit_edges (name, seq, hash) VALUES ('head', ?, ?)",
  );
  // Not an upsert: where somebody took the edge away, it stays away, and `verifyAudit` says so.
  const moveHead = database.prepare("UPDATE audit_edges SET seq = ?, hash = ? WHERE name = 'head'");
  let stored = lastRow(database);
  let last = stored;

  return {
    append(entry) {
      const seq = last.seq + 1;
      const text = rowText(seq, entry);
      const hash = rowHash(last.hash, text);
      insert.run(seq, entry.atMs, text, last.hash, hash);
      last = { seq, hash };
    },
    writeHead() {
      if (last === stored) return;
      if (stored.seq === 0) addEdge.run(last.seq, last.hash);
      else moveHead.run(last.seq, last.hash);
      stored = last;
    },
    forget() {
      stored = lastRow(database);
      last = stored;
    },
    head: () => (stored.seq === 0 ? null : stored),
  };
}

/**
 * What the next row continues: the row that was stored last, though it may be gone. Beyond rows that
 * others added there must be room for the next one; that it does not continue them shows.
 */
function lastRow(database: SqliteDatabase): AuditHead {
  const newest = database.prepare('SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1').get() as
    | AuditHead
    | undefined;
  const head = readEdge(database, 'head') ?? newest ?? BEFORE_THE_FIRST;
  return newest !== undefined && newest.seq > head.seq ? { ...head, seq: newest.seq } : head;
}

export function readEdge(database: SqliteDatabase, name: 'first' | 'head'): AuditHead | null {
  const select = database.prepare('SELECT seq, hash FROM audit_edges WHERE name = ?');
  return (select.get(name) as AuditHead | undefined) ?? null;
}

/** More would hold up the controller for too long; what is left goes the next time. */
const FORGOTTEN_AT_ONCE_MAX = 20_000;

/**
 * Forgets the oldest rows, up to the first that is not older: clocks are set back, and a chain can
 * only be cut from its end.
 */
export function forgetOldAudit(database: SqliteDatabase, beforeMs: number): void {
  const first = readEdge(database, 'first') ?? BEFORE_THE_FIRST;
  const select = database.prepare('SELECT seq FROM audit WHERE at_ms >= ? ORDER BY seq LIMIT 1');
  const oldestKept = select.pluck().get(beforeMs) as number | undefined;
  const endSeq = Math.min(oldestKept ?? Infinity, first.seq + 1 + FORGOTTEN_AT_ONCE_MAX);
  const anchor = database
    .prepare('SELECT seq, hash FROM audit WHERE seq < ? ORDER BY seq DESC LIMIT 1')
    .get(endSeq) as AuditHead | undefined;
  if (anchor === undefined || anchor.seq <= first.seq) return;
  database
    .transaction(() => {
      database.prepare('DELETE FROM audit WHERE seq <= ?').run(anchor.seq);
      database
        .prepare("INSERT OR REPLACE INTO audit_edges (name, seq, hash) VALUES ('first', ?, ?)")
        .run(anchor.seq, anchor.hash);
    })
    .immediate();
}
