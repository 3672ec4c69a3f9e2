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
  /** `integrity_check` compares indexes with their tables too; for a file that stays small. */
  readonly check?: 'quick_check' | 'integrity_check';
  /** How whoever reads the refusal brings a damaged one back. */
  readonly fixDamage?: string;
}

/** A reader elsewhere may hold the file for moments; longer would stall the daemon's one thread. */
const BUSY_TIMEOUT_MS = 250;

export type Opening =
  | { readonly kind: 'open'; readonly database: SqliteDatabase }
  /** SQLite calls it no database, or malformed. The file is closed again. */
  | { readonly kind: 'damaged'; readonly cause: string };

/** @throws FleetError `configuration` when it is corrupt, or newer than this program */
export function openDatabase(options: DatabaseOptions): SqliteDatabase {
  const opening = openUndamaged(options);
  if (opening.kind === 'open') return opening.database;
  throw new FleetError(
    refusal('configuration', `the database ${options.path} is damaged`, {
      cause: opening.cause,
      fix: `${options.fixDamage ?? 'restore it from a backup'}; it is never replaced by an empty one`,
    }),
  );
}

/**
 * For who knows how to go on without what was in a damaged file.
 * @throws FleetError `configuration` when it is newer than this program, or cannot be read at all:
 *   not being let at a file says nothing about what is in it
 */
export function openUndamaged(options: DatabaseOptions): Opening {
  const isNew = options.path === ':memory:' || !existsSync(options.path);
  if (isNew && options.path !== ':memory:') makePrivateFile(options.path);
  const database = firstTouch(options.path, () => keptDatabase(options.path, BUSY_TIMEOUT_MS));
  try {
    const damage = isNew ? null : damageOf(database, options);
    if (damage !== null) {
      database.close();
      return { kind: 'damaged', cause: damage };
    }
    database.exec('PRAGMA journal_mode = WAL');
    database.exec('PRAGMA trusted_schema = OFF');
    database.exec('PRAGMA cell_size_check = ON');
    database.exec('PRAGMA foreign_keys = ON');
    database.exec('PRAGMA journal_size_limit = 67108864');
    setDurability(database, 'FULL');
    migrate(database, options, isNew);
    return { kind: 'open', database };
  } catch (error) {
    database.close();
    if (isDamage(error)) return { kind: 'damaged', cause: messageOf(error) };
    throw error;
  }
}

/** That the file itself is not as SQLite wrote it; a disk that cannot be read is something else. */
export function isDamage(caught: unknown): boolean {
  return caught instanceof Database.SqliteError && /^SQLITE_(?:CORRUPT|NOTADB)/.test(caught.code);
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
export function keptDatabase(
  path: string,
  busyTimeoutMs: number,
  { readonly = false }: { readonly readonly?: boolean } = {},
): SqliteDatabase {
  const database = new Database(path, { timeout: busyTimeoutMs, readonly });
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

/** Null: it is sound. */
function damageOf(
  database: SqliteDatabase,
  { path, check = 'quick_check' }: DatabaseOptions,
): string | null {
  return firstTouch(path, () => {
    try {
      const verdict = pragmaValue(database, `${check}(1)`);
      return verdict === 'ok' ? null : inOneLine(String(verdict));
    } catch (error) {
      if (isDamage(error)) return messageOf(error);
      throw error;
    }
  });
}

/** The first line only says which database is meant, and there is one. */
const inOneLine = (verdict: string): string =>
  verdict.replace(/^\*\*\* in database main \*\*\*\n/, '').replaceAll('\n', '; ');

/** Whatever stands between this program and the file shows when it is first opened and read. */
function firstTouch<Result>(path: string, act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof Database.SqliteError)) throw error;
    throw new FleetError(
      refusal('configuration', `the database ${path} cannot be used`, {
        cause: `${error.message} (${error.code})`,
        fix: 'see who may read and write it, whether another program holds it, and what the disk says',
      }),
    );
  }
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
