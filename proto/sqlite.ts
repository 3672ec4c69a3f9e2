/**
 * Opens the one database of a daemon the way both daemons need it: write-ahead log, durability set
 * *and asserted* (better-sqlite3 lowers it silently to NORMAL under WAL), an integrity check, and
 * numbered, forward-only migrations with a copy of the file taken first.
 */
import { closeSync, existsSync, openSync, renameSync, rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import { FleetError, refusal } from './errors.ts';

export type SqliteDatabase = Database.Database;

export interface DatabaseOptions {
  /** A file, or `:memory:`. */
  readonly path: string;
  /** Index i takes the schema from version i to i + 1. Never edited once released. */
  readonly migrations: readonly string[];
}

/** A reader elsewhere may hold the file for moments; longer would stall the daemon's one thread. */
const BUSY_TIMEOUT_MS = 250;

/** @throws FleetError `configuration` when it is corrupt, or newer than this program */
export function openDatabase(options: DatabaseOptions): SqliteDatabase {
  const isNew = options.path === ':memory:' || !existsSync(options.path);
  if (isNew && options.path !== ':memory:') makePrivateFile(options.path);
  const database = new Database(options.path, { timeout: BUSY_TIMEOUT_MS });
  try {
    if (!isNew) assertSound(database, options.path);
    database.pragma('journal_mode = WAL');
    database.pragma('trusted_schema = OFF');
    database.pragma('cell_size_check = ON');
    database.pragma('foreign_keys = ON');
    database.pragma('journal_size_limit = 67108864');
    setDurability(database, 'FULL');
    migrate(database, options, isNew);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** What is remembered may be secret; SQLite gives its further files the mode of the first. */
function makePrivateFile(path: string): void {
  try {
    closeSync(openSync(path, 'ax', PRIVATE_MODE));
  } catch {
    // SQLite says better what is wrong.
  }
}

const PRIVATE_MODE = 0o600;

const SYNCHRONOUS = { NORMAL: 1, FULL: 2 } as const;

/** FULL: a commit survives power loss. NORMAL: it survives a crash of the program. */
export function setDurability(database: SqliteDatabase, level: keyof typeof SYNCHRONOUS): void {
  database.pragma(`synchronous = ${level}`);
  const actual = database.pragma('synchronous', { simple: true });
  if (actual !== SYNCHRONOUS[level]) {
    throw new Error(`SQLite runs with synchronous = ${String(actual)} although ${level} was set`);
  }
}

function assertSound(database: SqliteDatabase, path: string): void {
  let verdict: unknown;
  try {
    verdict = database.pragma('quick_check(1)', { simple: true });
  } catch (error) {
    verdict = error instanceof Error ? error.message : String(error);
  }
  if (verdict === 'ok') return;
  throw new FleetError(
    refusal('configuration', `the database ${path} is damaged`, {
      cause: String(verdict),
      fix: 'restore it from a backup; it is never replaced by an empty one',
    }),
  );
}

function migrate(database: SqliteDatabase, options: DatabaseOptions, isNew: boolean): void {
  const { path, migrations } = options;
  const version = Number(database.pragma('user_version', { simple: true }));
  if (version > migrations.length) {
    throw new FleetError(
      refusal('configuration', `the database ${path} was written by a newer version`, {
        cause: `its schema is ${version}, this program knows up to ${migrations.length}`,
        fix: 'install the newer version again',
      }),
    );
  }
  if (version < migrations.length && !isNew) {
    copyAside(database, `${path}.schema-${version}`);
  }
  for (const [index, script] of migrations.entries()) {
    if (index < version) continue;
    database.transaction(() => {
      database.exec(script);
      database.pragma(`user_version = ${index + 1}`);
    })();
  }
}

/** A copy of the same schema may be there, of an upgrade that failed; what it has, the new one has. */
function copyAside(database: SqliteDatabase, copy: string): void {
  const partial = `${copy}.partial`;
  rmSync(partial, { force: true });
  database.prepare('VACUUM INTO ?').run(partial);
  renameSync(partial, copy);
}
