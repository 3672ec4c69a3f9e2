/**
 * Puts a restored database in the place of the present one, which stays beside it under another
 * name. Whatever moment the machine fails at, one of the two is in its place: never none, because a
 * controller would begin with an empty one.
 */
import { copyFileSync, existsSync, linkSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { AuditHead } from '../../proto/audit.ts';
import { keptDatabase, type SqliteDatabase } from '../../proto/sqlite.ts';
import { syncDirectory } from '../../proto/sync-directory.ts';
import { readEdge } from '../store/audit.ts';
import { readSessionEpoch } from '../store/hosts.ts';
import { syncFile } from './sync-file.ts';

/** Beside a database in use; SQLite would take them for the new one's. */
const WRITE_AHEAD = '-wal';
const SHARED_MEMORY = '-shm';

export interface Replaced {
  readonly sessionEpoch: number;
  readonly head: AuditHead | null;
}

/**
 * What can be read of a database that may be damaged, or not there. Its write-ahead log goes into it,
 * where that is possible.
 */
export function readReplaced(path: string): Replaced {
  const nothing = { sessionEpoch: 0, head: null };
  if (!existsSync(path)) return nothing;
  try {
    const database = keptDatabase(path, 0);
    try {
      return {
        sessionEpoch: readable(database, readSessionEpoch) ?? 0,
        head: readable(database, (open) => readEdge(open, 'head')),
      };
    } finally {
      database.close();
    }
  } catch {
    return nothing;
  }
}

function readable<Value>(
  database: SqliteDatabase,
  read: (database: SqliteDatabase) => Value,
): Value | null {
  try {
    return read(database);
  } catch {
    return null;
  }
}

/** @param aside a name that is free, for the present one */
export function swapDatabases(present: string, restored: string, aside: string): void {
  syncFile(restored);
  for (const suffix of ['', WRITE_AHEAD]) {
    if (existsSync(present + suffix)) giveSecondName(present + suffix, aside + suffix);
  }
  syncDirectory(dirname(present));
  for (const suffix of [WRITE_AHEAD, SHARED_MEMORY]) rmSync(present + suffix, { force: true });
  renameSync(restored, present);
  syncDirectory(dirname(present));
}

/** Not every file system has links. */
function giveSecondName(path: string, name: string): void {
  try {
    linkSync(path, name);
  } catch {
    copyFileSync(path, name);
    syncFile(name);
  }
}
