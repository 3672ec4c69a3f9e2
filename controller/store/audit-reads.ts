/**
 * Reads the audit record, row by row as it is asked for. It is looked through in stretches, with a
 * turn for everything else in between: a record may have millions of rows, and none that is wanted.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AuditEntry, AuditQuery, AuditRow } from '../../proto/audit.ts';
import type { SqliteDatabase } from '../../proto/sqlite.ts';

/** Rows that are looked at in one go, some ten milliseconds of the one thread. */
const STRETCH = 5_000;

/** Rows of one answer; the asker takes the next ones when it has sent these. */
const PAGE_ROWS_MAX = 500;

/** What was changed beyond reading is left out here; `verifyAudit` is there to name it. */
const MATCHES = `at_ms >= @sinceMs AND CASE WHEN json_valid(entry) THEN
    entry ->> '$.seq' = seq
    AND (@outcome IS NULL OR entry ->> '$.outcome' = @outcome)
    AND (@action IS NULL OR entry ->> '$.action' = @action
      OR substr(entry ->> '$.action', 1, length(@action) + 1) = @action || ' ')
    AND (@actor IS NULL OR entry ->> '$.actor.name' = @actor
      OR (entry ->> '$.actor.kind') || '/' || (entry ->> '$.actor.name') = @actor)
  END`;

interface StoredRow {
  readonly seq: number;
  readonly entry: string;
  readonly previous_hash: string;
  readonly hash: string;
}

/**
 * A page of what matches. `actor` is a name or `kind/name`; `action` an action or its first word.
 * @param after as in the port `Store`
 */
export async function auditRows(
  database: SqliteDatabase,
  query: AuditQuery,
  after: number | null,
): Promise<readonly AuditRow[]> {
  const isNewestFirst = query.limit > 0;
  const select = database.prepare(
    `SELECT seq, entry, previous_hash, hash FROM audit
       WHERE seq BETWEEN @low AND @high AND ${MATCHES}
       ORDER BY seq ${isNewestFirst ? 'DESC' : 'ASC'} LIMIT @wanted`,
  );
  const wanted = isNewestFirst ? Math.min(query.limit, PAGE_ROWS_MAX) : PAGE_ROWS_MAX;
  const { actor, action, outcome } = query;
  const filter = { actor, action, outcome, sinceMs: query.sinceMs ?? 0 };
  const found: StoredRow[] = [];
  let stretch = stretchAfter(database, isNewestFirst, after);
  while (stretch !== null) {
    const given = { ...filter, ...stretch, wanted: wanted - found.length };
    found.push(...(select.all(given) as StoredRow[]));
    if (found.length === wanted) break;
    await nextTurn();
    stretch = stretchAfter(database, isNewestFirst, isNewestFirst ? stretch.low : stretch.high);
  }
  return found.map(rowOf);
}

/** The bounds of the next rows to look at, both included; null: there are none. */
function stretchAfter(
  database: SqliteDatabase,
  isNewestFirst: boolean,
  after: number | null,
): Stretch | null {
  const [order, beyond] = isNewestFirst ? ['DESC', '<'] : ['ASC', '>'];
  const { low, high } = database
    .prepare(
      `SELECT min(seq) AS low, max(seq) AS high FROM
         (SELECT seq FROM audit WHERE seq ${beyond} ? ORDER BY seq ${order} LIMIT ${STRETCH})`,
    )
    .get(after ?? (isNewestFirst ? Number.MAX_SAFE_INTEGER : -1)) as {
    readonly low: number | null;
    readonly high: number | null;
  };
  return low === null || high === null ? null : { low, high };
}

interface Stretch {
  readonly low: number;
  readonly high: number;
}

function rowOf({ entry, previous_hash: previousHash, hash }: StoredRow): AuditRow {
  const stored = JSON.parse(entry) as AuditEntry & { readonly seq: number };
  return { ...stored, previousHash, hash };
}
