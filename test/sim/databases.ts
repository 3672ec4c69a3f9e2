/**
 * Databases in memory with the real tables. They are handed back empty and used again: databases of
 * ours are never collected (`proto/sqlite.ts`), and making the tables anew for every simulated host
 * would cost more than all that happens on it.
 */
import { JOURNAL_MIGRATIONS } from '../../agent/adapters/journal/journal-schema.ts';
import { MIGRATIONS } from '../../controller/store/schema.ts';
import { openDatabase, type SqliteDatabase } from '../../proto/sqlite.ts';

interface Pool {
  readonly migrations: readonly string[];
  readonly free: SqliteDatabase[];
}

const JOURNALS: Pool = { migrations: JOURNAL_MIGRATIONS, free: [] };
const STORES: Pool = { migrations: MIGRATIONS, free: [] };

export interface LentDatabase extends Disposable {
  readonly database: SqliteDatabase;
}

/** @param journalId that the agent is to find in it, instead of one made by chance */
export function lendJournal(journalId: string): LentDatabase {
  const lent = lend(JOURNALS);
  lent.database.prepare("INSERT INTO facts (name, value) VALUES ('journal_id', ?)").run(journalId);
  return lent;
}

export function lendStore(): LentDatabase {
  return lend(STORES);
}

/** While it is full, what needs another page fails as on a full disk. */
export function setFull({ database }: LentDatabase, isFull: boolean): void {
  // SQLite does not go below what there is already.
  database.exec(`PRAGMA max_page_count = ${isFull ? 1 : PAGES_MAX}`);
}

const PAGES_MAX = 1_000_000;

function lend({ migrations, free }: Pool): LentDatabase {
  const database = free.pop() ?? openDatabase({ path: ':memory:', migrations });
  return {
    database,
    [Symbol.dispose]() {
      setFull(this, false);
      empty(database);
      free.push(database);
    },
  };
}

function empty(database: SqliteDatabase): void {
  const tables = database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .pluck()
    .all() as readonly string[];
  database.exec('PRAGMA foreign_keys = OFF');
  for (const table of tables) database.exec(`DELETE FROM "${table}"`);
  database.exec('PRAGMA foreign_keys = ON');
}
