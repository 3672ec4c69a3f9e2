/** Operations with their whole plan, and how each target ended. */
import type { SqliteDatabase } from '../../proto/sqlite.ts';
import {
  hostId,
  knownProcessName,
  type Operation,
  type OperationId,
  type OperationState,
  operationId,
  type Target,
  type TargetState,
  type Verb,
  type Wave,
} from '../../proto/vocabulary.ts';
import { type Execution, executionOf } from '../core/operation.ts';
import { OPERATION_RETENTION_MS } from '../core/operations.ts';

export function operationWrites(database: SqliteDatabase) {
  const insert = database.prepare(
    `INSERT INTO operations (id, verb, signal, hosts, processes, reason, requested_by, state,
       must_stop, started_at_ms, ended_at_ms, waves)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?)`,
  );
  const insertTarget = database.prepare(
    `INSERT INTO targets (operation, host, process, position, wave, state, old_pid, new_pid,
       duration_ms, error, log_tail)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const update = database.prepare(
    'UPDATE operations SET state = ?, must_stop = ?, ended_at_ms = ? WHERE id = ?',
  );
  const updateTarget = database.prepare(
    `UPDATE targets SET state = ?, old_pid = ?, new_pid = ?, duration_ms = ?, error = ?, log_tail = ?
     WHERE operation = ? AND host = ? AND process = ?`,
  );
  return {
    begin(operation: Operation): void {
      const { id, verb, signal, hosts, reason, requestedBy, state } = operation;
      const processes = JSON.stringify(operation.processes);
      const waves = JSON.stringify(operation.waves);
      const { startedAtMs, endedAtMs } = operation;
      insert.run(
        id,
        verb,
        signal,
        hosts,
        processes,
        reason,
        requestedBy,
        state,
        startedAtMs,
        endedAtMs,
        waves,
      );
      for (const [position, target] of operation.targets.entries()) {
        const { host, process, wave } = target;
        insertTarget.run(id, host, process, position, wave, ...outcomeColumns(target));
      }
    },
    change(operation: Operation, mustStop: boolean, changed: readonly Target[]): void {
      const { id, state, endedAtMs } = operation;
      update.run(state, mustStop ? 1 : 0, endedAtMs, id);
      for (const target of changed) {
        updateTarget.run(...outcomeColumns(target), id, target.host, target.process);
      }
    },
  };
}

/** state, old_pid, new_pid, duration_ms, error, log_tail */
function outcomeColumns(target: Target) {
  const { state, oldPid, newPid, durationMs, error, logTail } = target;
  return [state, oldPid, newPid, durationMs, error, JSON.stringify(logTail)] as const;
}

/** How long one can look back; far longer than a repeated request may come. */
const RETENTION_MS = 90 * 24 * 60 * 60 * 1_000;

export function forgetOldOperations(database: SqliteDatabase, wallMs: number): void {
  database.prepare('DELETE FROM operations WHERE ended_at_ms < ?').run(wallMs - RETENTION_MS);
}

interface OperationRow {
  readonly id: string;
  readonly verb: string;
  readonly signal: string | null;
  readonly hosts: string;
  readonly processes: string;
  readonly reason: string;
  readonly requested_by: string;
  readonly state: string;
  readonly must_stop: number;
  readonly started_at_ms: number;
  readonly ended_at_ms: number | null;
  readonly waves: string;
}

interface TargetRow {
  readonly host: string;
  readonly process: string;
  readonly wave: number;
  readonly state: string;
  readonly old_pid: number | null;
  readonly new_pid: number | null;
  readonly duration_ms: number | null;
  readonly error: string | null;
  readonly log_tail: string;
}

/** Running ones, and those that a repeated request may still ask for; oldest first. */
export function readOperations(
  database: SqliteDatabase,
  wallMs: number,
): ReadonlyMap<OperationId, Execution> {
  const rows = database
    .prepare(
      'SELECT * FROM operations WHERE ended_at_ms IS NULL OR ended_at_ms > ? ORDER BY started_at_ms',
    )
    .all(wallMs - OPERATION_RETENTION_MS) as readonly OperationRow[];
  const selectTargets = database.prepare(
    'SELECT * FROM targets WHERE operation = ? ORDER BY position',
  );
  return new Map(
    rows.map((row) => {
      const targets = selectTargets.all(row.id) as readonly TargetRow[];
      const operation = operationOf(row, targets.map(targetOf));
      return [operation.id, executionOf(operation, row.must_stop === 1)];
    }),
  );
}

function operationOf(row: OperationRow, targets: readonly Target[]): Operation {
  return {
    id: operationId(row.id),
    verb: row.verb as Verb,
    signal: row.signal,
    hosts: row.hosts,
    processes: JSON.parse(row.processes) as readonly string[],
    reason: row.reason,
    requestedBy: row.requested_by,
    state: row.state as OperationState,
    startedAtMs: row.started_at_ms,
    endedAtMs: row.ended_at_ms,
    waves: JSON.parse(row.waves) as readonly Wave[],
    targets,
  };
}

function targetOf(row: TargetRow): Target {
  return {
    host: hostId(row.host),
    process: knownProcessName(row.process),
    wave: row.wave,
    state: row.state as TargetState,
    oldPid: row.old_pid,
    newPid: row.new_pid,
    durationMs: row.duration_ms,
    error: row.error,
    logTail: JSON.parse(row.log_tail) as readonly string[],
  };
}
