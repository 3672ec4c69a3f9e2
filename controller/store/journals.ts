/**
 * The journals that events come from, by number. An event then carries some bytes of it instead of
 * the two names, in its row and once more in its index, which made it half as expensive to store.
 */
import type { SqliteDatabase } from '../../proto/sqlite.ts';
import type { HostId, JournalId } from '../../proto/vocabulary.ts';

export interface JournalNumbers {
  /** Within a transaction: a journal that is new is given a number. */
  of(host: HostId, journalId: JournalId): number;
  /** After a transaction that came to nothing, and after journals were let go of. */
  forget(): void;
}

/** @param onNew within the transaction: the host has begun a journal */
export function journalNumbers(
  database: SqliteDatabase,
  onNew: (host: HostId) => void,
): JournalNumbers {
  const find = database
    .prepare('SELECT number FROM journals WHERE host = ? AND journal_id = ?')
    .pluck();
  const add = database
    .prepare('INSERT INTO journals (host, journal_id) VALUES (?, ?) RETURNING number')
    .pluck();
  /** Each host has one at a time. */
  const current = new Map<HostId, { readonly journalId: JournalId; readonly number: number }>();
  return {
    of(host, journalId) {
      const known = current.get(host);
      if (known?.journalId === journalId) return known.number;
      const found = find.get(host, journalId) as number | undefined;
      const number = found ?? (add.get(host, journalId) as number);
      if (found === undefined) onNew(host);
      current.set(host, { journalId, number });
      return number;
    },
    forget: () => current.clear(),
  };
}

/** Those without any event; an agent without a disk begins one at each start. */
export function forgetEmptyJournals(database: SqliteDatabase): void {
  database
    .prepare(
      `DELETE FROM journals
       WHERE NOT EXISTS (SELECT 1 FROM event_rows WHERE journal = journals.number)`,
    )
    .run();
}
