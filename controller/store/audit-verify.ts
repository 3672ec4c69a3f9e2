/**
 * Whether the audit record is as it was written: walks the chain from its first edge to its head and
 * names the first row that does not fit. Who can write the file can also make a whole new chain; that
 * one shows only against a head that was written down elsewhere.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AuditHead, AuditVerdict } from '../../proto/audit.ts';
import type { SqliteDatabase } from '../../proto/sqlite.ts';
import { readEdge } from './audit.ts';
import { BEFORE_THE_FIRST, rowHash } from './audit-chain.ts';

/** Some ten milliseconds of the controller's one thread. */
const ROWS_AT_ONCE = 2_000;

type Broken = Extract<AuditVerdict, { readonly kind: 'broken' }>;

interface StoredRow extends AuditHead {
  readonly at_ms: number;
  readonly entry: string;
  readonly previous_hash: string;
}

/** The record may grow and be cut at its front meanwhile: what is judged is how far it went at first. */
export async function verifyAudit(
  database: SqliteDatabase,
  known: AuditHead | null,
): Promise<AuditVerdict> {
  const outline = readOutline(database);
  const problem = strayRow(outline) ?? compareFirst(outline.first, known);
  if (problem !== null) return problem;
  const end = await walk(database, outline, known);
  if ('why' in end) return end;
  const problemAtEnd = compareEnd(end, outline, known);
  if (problemAtEnd !== null) return problemAtEnd;
  return { kind: 'sound', firstSeq: readFirst(database).seq + 1, head: outline.head };
}

/** @returns the last row that fits */
async function walk(
  database: SqliteDatabase,
  { first, newestSeq }: Outline,
  known: AuditHead | null,
): Promise<AuditHead | Broken> {
  const select = database.prepare(
    `SELECT seq, at_ms, entry, previous_hash, hash FROM audit
       WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ${ROWS_AT_ONCE}`,
  );
  let last = first;
  while (last.seq < newestSeq) {
    const kept = readFirst(database);
    if (kept.seq > last.seq) last = kept;
    const rows = select.all(last.seq, newestSeq) as readonly StoredRow[];
    if (rows.length === 0) break;
    for (const row of rows) {
      const problem = misfit(row, last, known);
      if (problem !== null) return problem;
      last = { seq: row.seq, hash: row.hash };
    }
    await nextTurn();
  }
  return last;
}

interface Outline {
  readonly first: AuditHead;
  readonly head: AuditHead | null;
  /** Of the rows that are there; 0: none. */
  readonly oldestSeq: number;
  readonly newestSeq: number;
}

const readFirst = (database: SqliteDatabase): AuditHead =>
  readEdge(database, 'first') ?? BEFORE_THE_FIRST;

function readOutline(database: SqliteDatabase): Outline {
  const { oldest, newest } = database
    .prepare(
      'SELECT (SELECT min(seq) FROM audit) AS oldest, (SELECT max(seq) FROM audit) AS newest',
    )
    .get() as { readonly oldest: number | null; readonly newest: number | null };
  const first = readFirst(database);
  const head = readEdge(database, 'head');
  return { first, head, oldestSeq: oldest ?? first.seq + 1, newestSeq: newest ?? first.seq };
}

const broken = (seq: number, why: string): Broken => ({ kind: 'broken', seq, why });

/** One before the edge would not be walked over. */
function strayRow({ first, oldestSeq }: Outline): Broken | null {
  if (oldestSeq > first.seq) return null;
  return broken(oldestSeq, `stands before row ${first.seq + 1}, the oldest that is kept`);
}

/** Against what was written down elsewhere, where that is not a row that is kept. */
function compareFirst(first: AuditHead, known: AuditHead | null): Broken | null {
  if (known === null || known.seq > first.seq) return null;
  if (known.seq === first.seq) return known.hash === first.hash ? null : another(known);
  const why = `is not kept any more: the oldest row is ${first.seq + 1}, so nothing can be compared`;
  return broken(known.seq, why);
}

const another = ({ seq }: AuditHead): Broken =>
  broken(seq, 'is not the row that was written down elsewhere');

function misfit(row: StoredRow, before: AuditHead, known: AuditHead | null): Broken | null {
  const { seq, hash, entry } = row;
  const due = before.seq + 1;
  if (seq !== due) return broken(due, `is missing; the next one that is there is row ${seq}`);
  if (rowHash(row.previous_hash, entry) !== hash) {
    return broken(seq, 'was changed: its hash is that of something else');
  }
  if (row.previous_hash !== before.hash) {
    const why = `does not continue row ${before.seq}: one of the two was changed, or put in its place`;
    return broken(seq, why);
  }
  if (!isAsHashed(row)) return broken(seq, 'was changed: its number or its time is not its own');
  return known?.seq === seq && known.hash !== hash ? another(known) : null;
}

/** The number and the time stand beside the text, too. */
function isAsHashed({ seq, at_ms, entry }: StoredRow): boolean {
  try {
    const text = JSON.parse(entry) as { readonly seq?: unknown; readonly atMs?: unknown } | null;
    return text?.seq === seq && text.atMs === at_ms;
  } catch {
    return false;
  }
}

function compareEnd(last: AuditHead, outline: Outline, known: AuditHead | null): Broken | null {
  const { head } = outline;
  const missing = last.seq + 1;
  if (head === null && last.seq > 0) {
    return broken(last.seq, 'may not be the last one: what said which one that is, was taken away');
  }
  if (head !== null && head.seq > last.seq) {
    return broken(missing, `is missing; row ${head.seq} was the last one`);
  }
  if (head !== null && head.seq < last.seq) {
    return broken(head.seq + 1, `was added by others: row ${head.seq} was the last one`);
  }
  if (head !== null && head.hash !== last.hash) {
    return broken(head.seq, 'is not the row that was stored last');
  }
  if (known === null || known.seq <= last.seq) return null;
  return broken(missing, `is missing; row ${known.seq} was written down elsewhere`);
}
