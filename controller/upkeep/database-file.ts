/**
 * A database that lies somewhere as a file: whether it is one of a controller, whole, and of a schema
 * that this program knows; and what stands in it. It is only read.
 */
import { closeSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { AuditVerdict } from '../../proto/audit.ts';
import { FleetError, messageOf, refusal } from '../../proto/errors.ts';
import { isDamage, keptDatabase, pragmaValue, type SqliteDatabase } from '../../proto/sqlite.ts';
import { verifyAudit } from '../store/audit-verify.ts';
import { storeOn } from '../store/open.ts';
import { MIGRATIONS } from '../store/schema.ts';

export interface DatabaseFacts {
  readonly schema: number;
  /** Null: its schema is from before there was a record. */
  readonly audit: { readonly rows: number; readonly verdict: AuditVerdict } | null;
}

/** The first schema that has a record of who did what. */
const AUDIT_SCHEMA = 7;

/** A controller may be writing; it never holds the file for longer than a batch. */
const BUSY_TIMEOUT_MS = 5_000;

/** @throws FleetError `configuration` where it cannot be opened */
function openToRead(path: string): SqliteDatabase {
  try {
    return keptDatabase(path, BUSY_TIMEOUT_MS, { readonly: true });
  } catch (error) {
    throw new FleetError(
      refusal('configuration', `${path} cannot be read`, {
        cause: messageOf(error),
        fix: 'see whether it is there; run this as the user that the controller runs as, who must be able to read it',
      }),
    );
  }
}

/**
 * A whole copy of one moment, whoever writes meanwhile. SQLite takes an empty file as it is, with the
 * mode that we gave it: nobody else reads the copy.
 * @param target a name that is free
 */
export function copyDatabase(database: string, target: string): void {
  const source = openToRead(database);
  try {
    closeSync(openSync(target, 'wx', 0o600));
    source.prepare('VACUUM INTO ?').run(target);
  } catch (error) {
    throw new FleetError(
      refusal('configuration', `${database} cannot be copied to ${dirname(target)}`, {
        cause: messageOf(error),
        fix: isDamage(error)
          ? 'it is damaged; bring back an earlier backup: fleet-controller restore BACKUP'
          : 'see whether the directory is there, who may write in it, and how much room it has',
      }),
    );
  } finally {
    source.close();
  }
}

/** @throws FleetError `configuration` where it is none that this program can work with */
export async function checkDatabase(path: string, wallMs: number): Promise<DatabaseFacts> {
  const database = openToRead(path);
  try {
    return await factsOf(database, path, wallMs);
  } catch (error) {
    if (!isDamage(error)) throw error;
    throw unusable(path, 'is damaged, or no database', messageOf(error));
  } finally {
    database.close();
  }
}

async function factsOf(
  database: SqliteDatabase,
  path: string,
  wallMs: number,
): Promise<DatabaseFacts> {
  const verdict = String(pragmaValue(database, 'integrity_check(1)'));
  if (verdict !== 'ok') throw unusable(path, 'is damaged', verdict);
  const tables = database
    .prepare("SELECT count(*) FROM sqlite_master WHERE name IN ('hosts', 'operations', 'counters')")
    .pluck()
    .get();
  const schema = Number(pragmaValue(database, 'user_version'));
  if (tables !== 3 || schema === 0) {
    throw unusable(path, 'is no database of a controller', 'it has other tables');
  }
  if (schema > MIGRATIONS.length) {
    const cause = `its schema is ${schema}, this program knows up to ${MIGRATIONS.length}`;
    throw unusable(path, 'was written by a newer version', cause, 'install the newer version');
  }
  // As a controller would read it at its start. One of an older schema is brought up then.
  if (schema === MIGRATIONS.length) storeOn(database, wallMs);
  if (schema < AUDIT_SCHEMA) return { schema, audit: null };
  const rows = Number(database.prepare('SELECT count(*) FROM audit').pluck().get());
  return { schema, audit: { rows, verdict: await verifyAudit(database, null) } };
}

function unusable(path: string, what: string, cause: string, fix?: string): FleetError {
  const more = { cause, fix: fix ?? 'take another backup; nothing was changed' };
  return new FleetError(refusal('configuration', `${path} ${what}`, more));
}

/** For people, a line each. */
export function describeFacts({ schema, audit }: DatabaseFacts): readonly string[] {
  if (audit === null) return [`schema ${schema}`, 'audit: none, as it is from an older version'];
  const { rows, verdict } = audit;
  if (verdict.kind === 'broken') {
    const { seq, why } = verdict;
    return [`schema ${schema}`, `audit: ${rows} rows, BROKEN: row ${seq} ${why}`];
  }
  const head = verdict.head === null ? '' : `, head ${verdict.head.seq}:${verdict.head.hash}`;
  return [`schema ${schema}`, `audit: ${rows} rows, sound${head}`];
}
