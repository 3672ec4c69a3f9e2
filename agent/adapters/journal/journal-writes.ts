/**
 * How what the core wants recorded becomes rows of the journal.
 */
import type { Statement } from 'better-sqlite3';
import type { SqliteDatabase } from '../../../proto/sqlite.ts';
import type { AgentWrite } from '../../core/state.ts';

export type Writes = Readonly<
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

export function prepareWrites(database: SqliteDatabase): Writes {
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

/**
 * With the first commit, not before: until then the records are those of the agent before, of its
 * boot and its end. From then on, an end without notice is what the next agent must expect.
 */
export function claimRecords(statements: Writes, bootId: string): void {
  statements.setFact.run('boot_id', bootId);
  statements.deleteFact.run('ended_orderly');
}

export function applyWrite(statements: Writes, write: AgentWrite): void {
  switch (write.kind) {
    case 'process':
    case 'hold':
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
