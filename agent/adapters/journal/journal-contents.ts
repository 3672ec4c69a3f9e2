/**
 * What an open journal holds, read in one go at the agent's start. A row that is not what an agent
 * wrote makes the whole file untrustworthy: half of what was known would be acted on as if it were
 * all of it.
 */
import type { SqliteDatabase } from '../../../proto/sqlite.ts';
import type { SequencedEvent } from '../../../proto/vocabulary.ts';
import type { ProcessRuntime } from '../../core/process.ts';
import type { JournalContents } from '../../core/recover.ts';
import type { TargetRecord } from '../../core/target.ts';

export type Facts = ReadonlyMap<string, string>;

export function readFacts(database: SqliteDatabase): Facts {
  return new Map(
    database.prepare('SELECT name, value FROM facts').raw().all() as [string, string][],
  );
}

/** @throws Error naming the first row that cannot be what an agent wrote */
export function readContents(database: SqliteDatabase, facts: Facts): JournalContents {
  const rows = (sql: string) => database.prepare(sql).raw().all() as [string, ...unknown[]][];
  const processes = rows('SELECT record, name FROM processes ORDER BY name').map(([text, name]) =>
    recordIn<ProcessRuntime>('processes', text, ({ definition }) => definition.process === name),
  );
  const targets = rows('SELECT record, operation, process FROM targets ORDER BY rowid').map(
    ([text, operation, process]) =>
      recordIn<TargetRecord>(
        'targets',
        text,
        (target) => target.operationId === operation && target.process === process,
      ),
  );
  const pending = rows('SELECT record, seq FROM events ORDER BY seq').map(([text, seq]) =>
    recordIn<SequencedEvent>(
      'events',
      text,
      (event) => event.seq === seq && typeof event.event.kind === 'string',
    ),
  );
  return {
    processes,
    targets,
    outbox: { nextSeq: nextSeqIn(facts), pending },
    endedOrderly: facts.has('ended_orderly'),
    bootId: facts.get('boot_id') ?? null,
  };
}

/** @param fits its columns say the same; throws, as JSON.parse does, where it has another shape */
function recordIn<Row>(table: string, text: string, fits: (record: Row) => boolean): Row {
  try {
    const record = JSON.parse(text) as Row;
    if (fits(record)) return record;
  } catch {
    // Told below, in words that help whoever looks into the file.
  }
  throw new Error(`a row of its table ${table} is no record: ${text.slice(0, EXCERPT_LENGTH)}`);
}

const EXCERPT_LENGTH = 60;

function nextSeqIn(facts: Facts): number {
  const text = facts.get('next_seq') ?? '1';
  const nextSeq = Number(text);
  if (Number.isSafeInteger(nextSeq) && nextSeq > 0) return nextSeq;
  throw new Error(`its next_seq is no number: ${text.slice(0, EXCERPT_LENGTH)}`);
}
