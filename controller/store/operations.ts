/** Operations with their whole plan, and how each target ended. */

import type { Operation, OperationState, Order, Target, Wave } from '../../proto/operation.ts';
import { PersistentMap } from '../../proto/persistent-map.ts';
import type { SqliteDatabase } from '../../proto/sqlite.ts';
import {
  hostId,
  knownProcessName,
  operationId,
  type ProcessState,
  type TargetState,
  type Verb,
} from '../../proto/vocabulary.ts';
import { type Execution, executionOf } from '../core/execution.ts';
import { OPERATION_RETENTION_MS } from '../core/operations.ts';
import type { FleetState, FleetWrite } from '../core/state.ts';

export function operationWrites(database: SqliteDatabase) {
  const insert = database.prepare(
    `INSERT INTO operations (id, verb, signal, hosts, processes, reason, host_order, full_stop,
       expect_hosts, requested_by, state, must_stop, started_at_ms, ended_at_ms, waves, left_out)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?)`,
  );
  const insertTarget = database.prepare(
    `INSERT INTO targets (operation, host, process, position, wave, stop_wave, state, stopped,
       overdue, process_state, old_pid, new_pid, duration_ms, error, note, log_tail)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const update = database.prepare(
    'UPDATE operations SET state = ?, must_stop = ?, ended_at_ms = ? WHERE id = ?',
  );
  const updateTarget = database.prepare(
    `UPDATE targets SET state = ?, stopped = ?, overdue = ?, process_state = ?, old_pid = ?,
       new_pid = ?, duration_ms = ?, error = ?, note = ?, log_tail = ?
     WHERE operation = ? AND host = ? AND process = ?`,
  );
  return {
    begin(operation: Operation): void {
      insert.run(...operationColumns(operation));
      for (const [position, target] of operation.targets.entries()) {
        const { host, process, wave, stopWave } = target;
        const planned = [operation.id, host, process, position, wave, stopWave];
        insertTarget.run(...planned, ...changingColumns(target));
      }
    },
    change({ id, moved, changed }: OperationChange): void {
      if (moved !== null) {
        const { state, endedAtMs } = moved.facts;
        update.run(state, Number(moved.mustStop), endedAtMs, id);
      }
      for (const target of changed) {
        updateTarget.run(...changingColumns(target), id, target.host, target.process);
      }
    },
  };
}

type OperationChange = Extract<FleetWrite, { readonly kind: 'operationChanged' }>;

/** In the order of the INSERT. */
function operationColumns(operation: Operation) {
  const { id, verb, signal, hosts, processes, reason, order, fullStop, expectHosts } = operation;
  const { requestedBy, state, startedAtMs, endedAtMs, waves, leftOut } = operation;
  return [
    ...[id, verb, signal, hosts, JSON.stringify(processes), reason],
    ...[order, Number(fullStop), expectHosts],
    ...[requestedBy, state, startedAtMs, endedAtMs, JSON.stringify(waves), JSON.stringify(leftOut)],
  ];
}

/** From `state` to `log_tail`, in the order of both statements. */
function changingColumns(target: Target) {
  const { state, stopped, overdue, processState } = target;
  const { oldPid, newPid, durationMs, error, note, logTail } = target;
  return [
    ...[state, Number(stopped), Number(overdue), processState],
    ...[oldPid, newPid, durationMs, error, note, JSON.stringify(logTail)],
  ];
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
  readonly host_order: string;
  readonly full_stop: number;
  readonly expect_hosts: number | null;
  readonly requested_by: string;
  readonly state: string;
  readonly must_stop: number;
  readonly started_at_ms: number;
  readonly ended_at_ms: number | null;
  readonly waves: string;
  readonly left_out: string;
}

interface TargetRow {
  readonly host: string;
  readonly process: string;
  readonly wave: number;
  readonly stop_wave: number | null;
  readonly state: string;
  readonly stopped: number;
  readonly overdue: number;
  readonly process_state: string;
  readonly old_pid: number | null;
  readonly new_pid: number | null;
  readonly duration_ms: number | null;
  readonly error: string | null;
  readonly note: string | null;
  readonly log_tail: string;
}

/** Running ones, and those that a repeated request may still ask for; oldest first. */
export function readOperations(
  database: SqliteDatabase,
  wallMs: number,
): Pick<FleetState, 'operations' | 'running'> {
  const rows = database
    .prepare(
      'SELECT * FROM operations WHERE ended_at_ms IS NULL OR ended_at_ms > ? ORDER BY started_at_ms',
    )
    .all(wallMs - OPERATION_RETENTION_MS) as readonly OperationRow[];
  const selectTargets = database.prepare(
    'SELECT * FROM targets WHERE operation = ? ORDER BY position',
  );
  const executions = rows.map((row) => {
    const targets = selectTargets.all(row.id) as readonly TargetRow[];
    return executionOf(operationOf(row, targets.map(targetOf)), row.must_stop === 1);
  });
  return {
    operations: PersistentMap.of(executions.map((each) => [each.facts.id, each])),
    running: new Set(executions.filter(isRunning).map(({ facts }) => facts.id)),
  };
}

const isRunning = ({ facts }: Execution): boolean => facts.state === 'running';

function operationOf(row: OperationRow, targets: readonly Target[]): Operation {
  return {
    id: operationId(row.id),
    verb: row.verb as Verb,
    signal: row.signal,
    hosts: row.hosts,
    processes: JSON.parse(row.processes) as readonly string[],
    reason: row.reason,
    order: row.host_order as Order,
    fullStop: row.full_stop === 1,
    expectHosts: row.expect_hosts,
    requestedBy: row.requested_by,
    state: row.state as OperationState,
    startedAtMs: row.started_at_ms,
    endedAtMs: row.ended_at_ms,
    waves: JSON.parse(row.waves) as readonly Wave[],
    leftOut: (JSON.parse(row.left_out) as readonly string[]).map(hostId),
    targets,
  };
}

function targetOf(row: TargetRow): Target {
  return {
    host: hostId(row.host),
    process: knownProcessName(row.process),
    wave: row.wave,
    stopWave: row.stop_wave,
    state: row.state as TargetState,
    stopped: row.stopped === 1,
    overdue: row.overdue === 1,
    processState: row.process_state as ProcessState,
    // No agent is connected before the controller serves.
    hostConnected: false,
    oldPid: row.old_pid,
    newPid: row.new_pid,
    durationMs: row.duration_ms,
    error: row.error,
    note: row.note,
    logTail: JSON.parse(row.log_tail) as readonly string[],
  };
}
