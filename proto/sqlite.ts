/**
 * Opens the one database of a daemon the way both daemons need it: write-ahead log, durability set
 * *and asserted* (better-sqlite3 lowers it silently to NORMAL under WAL), an integrity check, and
 * numbered, forward-only migrations with a copy of the file taken first.
 */
import { closeSync, existsSync, openSync, renameSync, rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import { FleetError, messageOf, refusal } from './errors.ts';

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
  const database = keptDatabase(options.path, BUSY_TIMEOUT_MS);
  try {
    if (!isNew) assertSound(database, options.path);
    database.exec('PRAGMA journal_mode = WAL');
    database.exec('PRAGMA trusted_schema = OFF');
    database.exec('PRAGMA cell_size_check = ON');
    database.exec('PRAGMA foreign_keys = ON');
    database.exec('PRAGMA journal_size_limit = 67108864');
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

/** Keeps what must not be collected reachable for as long as the program runs. */
const kept: SqliteDatabase[] = [];

/**
 * From 24.19 on Node aborts when it collects an object of better-sqlite3 12 while no JavaScript
 * runs (better-sqlite3 #1515; 13 is mended, but Node 20 cannot load it). So none is ever collected:
 * databases stay, and a statement that is prepared again is the one from the first time. For the
 * same reason nothing here calls `pragma()`, which leaves a statement behind with every call.
 */
export function keptDatabase(path: string, busyTimeoutMs: number): SqliteDatabase {
  const database = new Database(path, { timeout: busyTimeoutMs });
  kept.push(database);
  const statements = new Map<string, Database.Statement>();
  const prepare = database.prepare.bind(database);
  const prepareOnce = (sql: string): Database.Statement => {
    const statement = statements.get(sql) ?? prepare(sql);
    statements.set(sql, statement);
    return statement;
  };
  return Object.assign(database, { prepare: prepareOnce });
}

/** What a pragma says; the first column of its first row. */
export function pragmaValue(database: SqliteDatabase, pragma: string): unknown {
  return database.prepare(`PRAGMA ${pragma}`).pluck().get();
}

const SYNCHRONOUS = { NORMAL: 1, FULL: 2 } as const;

/** FULL: a commit survives power loss. NORMAL: it survives a crash of the program. */
export function setDurability(database: SqliteDatabase, level: keyof typeof SYNCHRONOUS): void {
  database.exec(`PRAGMA synchronous = ${level}`);
  const actual = pragmaValue(database, 'synchronous');
  if (actual !== SYNCHRONOUS[level]) {
    throw new Error(`SQLite runs with synchronous = ${String(actual)} although ${level} was set`);
  }
}

function assertSound(database: SqliteDatabase, path: string): void {
  let verdict: unknown;
  try {
    verdict = pragmaValue(database, 'quick_check(1)');
  } catch (error) {
    verdict = messageOf(error);
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
  const version = Number(pragmaValue(database, 'user_version'));
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
      database.exec(`PRAGMA user_version = ${index + 1}`);
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
