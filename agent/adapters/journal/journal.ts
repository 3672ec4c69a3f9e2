/**
 * The agent's durable memory: one SQLite file in its state directory. Records of processes only
 * have to survive the agent; targets of operations must survive power loss too, because they are
 * what keeps a repeated command from being carried out twice.
 */
import { randomUUID } from 'node:crypto';
import type { Statement } from 'better-sqlite3';
import { openDatabase, type SqliteDatabase, setDurability } from '../../../proto/sqlite.ts';
import { type JournalId, journalId, type SequencedEvent } from '../../../proto/vocabulary.ts';
import type { ProcessRuntime } from '../../core/process.ts';
import type { JournalContents } from '../../core/recover.ts';
import type { AgentWrite } from '../../core/state.ts';
import type { TargetRecord } from '../../core/target.ts';
import type { Journal } from '../../ports.ts';
import { JOURNAL_MIGRATIONS } from './journal-schema.ts';

export interface OpenJournal extends Journal, Disposable {
  readonly id: JournalId;
  readonly contents: JournalContents;
  /** What the agent went by when it last started well, as its configuration said; null: never. */
  readonly settings: string | null;
  keepSettings(text: string): void;
}

/** @throws FleetError where the file is damaged or from a newer version */
export function openJournal(path: string, bootId: string): OpenJournal {
  const database = openDatabase({ path, migrations: JOURNAL_MIGRATIONS });
  const facts = new Map(
    database.prepare('SELECT name, value FROM facts').raw().all() as [string, string][],
  );
  const id = facts.get('journal_id') ?? randomUUID();
  const statements = prepareWrites(database);
  // Nothing is written that is known already: an agent that comes back to a full disk must start.
  const known = new Map(facts);
  const remember = (name: string, value: string): void => {
    if (known.get(name) !== value) statements.setFact.run(name, value);
    known.set(name, value);
  };
  remember('journal_id', id);
  let isClaimed = false;
  const commit = database.transaction((writes: readonly AgentWrite[]) => {
    if (!isClaimed) claimRecords(statements, bootId);
    for (const write of writes) apply(statements, write);
  });
  return {
    id: journalId(id),
    contents: readContents(database, facts),
    settings: facts.get('settings') ?? null,
    keepSettings: (text) => remember('settings', text),
    async commit(writes) {
      const isOperation = writes.some((write) => write.kind === 'target');
      setDurability(database, isOperation ? 'FULL' : 'NORMAL');
      commit.immediate(writes);
      isClaimed = true;
    },
    [Symbol.dispose]: () => database.close(),
  };
}

/**
 * With the first commit, not before: until then the records are those of the agent before, of its
 * boot and its end. From then on, an end without notice is what the next agent must expect.
 */
function claimRecords(statements: Writes, bootId: string): void {
  statements.setFact.run('boot_id', bootId);
  statements.deleteFact.run('ended_orderly');
}

function readContents(
  database: SqliteDatabase,
  facts: ReadonlyMap<string, string>,
): JournalContents {
  const read = <Record>(table: string, order: string): Record[] =>
    (
      database.prepare(`SELECT record FROM ${table} ORDER BY ${order}`).pluck().all() as string[]
    ).map((text) => JSON.parse(text) as Record);
  const pending = read<SequencedEvent>('events', 'seq');
  return {
    processes: read<ProcessRuntime>('processes', 'name'),
    targets: read<TargetRecord>('targets', 'rowid'),
    outbox: { nextSeq: Number(facts.get('next_seq') ?? '1'), pending },
    endedOrderly: facts.has('ended_orderly'),
    bootId: facts.get('boot_id') ?? null,
  };
}

type Writes = Readonly<
  Record<
    | 'setFact'
    | 'deleteFact'
    | 'putProcess'
    | 'deleteProcess'
    | 'clearProcesses'
    | 'putTarget'
    | 'deleteTarget'
    | 'putEvent'
    | 'deleteEvent'
    | 'acknowledge'
    | 'raiseNextSeq',
    Statement
  >
>;

function prepareWrites(database: SqliteDatabase): Writes {
  return {
    setFact: database.prepare('INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)'),
    deleteFact: database.prepare('DELETE FROM facts WHERE name = ?'),
    putProcess: database.prepare('INSERT OR REPLACE INTO processes (name, record) VALUES (?, ?)'),
    deleteProcess: database.prepare('DELETE FROM processes WHERE name = ?'),
    clearProcesses: database.prepare('DELETE FROM processes'),
    putTarget: database.prepare(
      `INSERT OR REPLACE INTO targets (operation, verb, process, accepted_at_ms, is_settled, record)
       VALUES (?, ?, ?, ?, ?, ?)`,
    ),
    deleteTarget: database.prepare(
      'DELETE FROM targets WHERE operation = ? AND verb = ? AND process = ?',
    ),
    putEvent: database.prepare('INSERT OR REPLACE INTO events (seq, record) VALUES (?, ?)'),
    deleteEvent: database.prepare('DELETE FROM events WHERE seq = ?'),
    acknowledge: database.prepare('DELETE FROM events WHERE seq <= ?'),
    raiseNextSeq: database.prepare(
      `INSERT INTO facts (name, value) VALUES ('next_seq', ?) ON CONFLICT (name)
       DO UPDATE SET value = max(CAST(value AS INTEGER), CAST(excluded.value AS INTEGER))`,
    ),
  };
}

function apply(statements: Writes, write: AgentWrite): void {
  switch (write.kind) {
    case 'process':
      statements.putProcess.run(write.process.definition.process, JSON.stringify(write.process));
      return;
    case 'processRemoved':
      statements.deleteProcess.run(write.process);
      return;
    case 'processesCleared':
      statements.clearProcesses.run();
      return;
    case 'target': {
      const { operationId, verb, process, acceptedAtMs, outcome } = write.target;
      const isSettled = outcome === null ? 0 : 1;
      const record = JSON.stringify(write.target);
      statements.putTarget.run(operationId, verb, process, acceptedAtMs, isSettled, record);
      return;
    }
    case 'targetForgotten': {
      const { operationId, verb, process } = write.target;
      statements.deleteTarget.run(operationId, verb, process);
      return;
    }
    case 'event':
      statements.putEvent.run(write.event.seq, JSON.stringify(write.event));
      statements.raiseNextSeq.run(String(write.event.seq + 1));
      return;
    case 'eventDropped':
      statements.deleteEvent.run(write.seq);
      return;
    case 'acknowledged':
      statements.acknowledge.run(write.seq);
      statements.raiseNextSeq.run(String(write.seq + 1));
      return;
    case 'orderlyEnd':
      statements.setFact.run('ended_orderly', 'yes');
      return;
  }
}
