/** Operations with their whole plan, and how each target ended. */

import type {
  Halt,
  Operation,
  OperationFacts,
  OperationState,
  Order,
  Target,
  Wave,
} from '../../proto/operation.ts';
import { PersistentMap } from '../../proto/persistent-map.ts';
import type { SqliteDatabase } from '../../proto/sqlite.ts';
import type { Strategy } from '../../proto/strategy.ts';
import {
  hostId,
  knownProcessName,
  operationId,
  type ProcessState,
  type TargetState,
  type Verb,
} from '../../proto/vocabulary.ts';
import { CLEAN, type Execution, executionOf, type Tally } from '../core/execution.ts';
import type { FleetState, FleetWrite } from '../core/state.ts';

export function operationWrites(database: SqliteDatabase) {
  const insert = database.prepare(
    `INSERT INTO operations (id, verb, signal, hosts, processes, reason, host_order, full_stop,
       expect_hosts, strategy, runbook, retry_of, requested_by, started_at_ms, waves, left_out,
       allowed_only, not_allowed, state, halt, ended_at_ms, errors, lost, canaries)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const insertTarget = database.prepare(
    `INSERT INTO targets (operation, host, process, position, wave, stop_wave, state, stopped,
       overdue, process_state, old_pid, new_pid, dispatched_at_ms, duration_ms, error, note,
       log_tail)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const update = database.prepare(
    `UPDATE operations SET state = ?, halt = ?, ended_at_ms = ?, errors = ?, lost = ?,
       canaries = ?
     WHERE id = ?`,
  );
  const updateTarget = database.prepare(
    `UPDATE targets SET state = ?, stopped = ?, overdue = ?, process_state = ?, old_pid = ?,
       new_pid = ?, dispatched_at_ms = ?, duration_ms = ?, error = ?, note = ?, log_tail = ?
     WHERE operation = ? AND host = ? AND process = ?`,
  );
  return {
    begin(operation: Operation): void {
      insert.run(...plannedColumns(operation), ...movingColumns(operation, CLEAN));
      for (const [position, target] of operation.targets.entries()) {
        const { host, process, wave, stopWave } = target;
        const planned = [operation.id, host, process, position, wave, stopWave];
        insertTarget.run(...planned, ...changingColumns(target));
      }
    },
    change({ id, moved, changed }: OperationChange): void {
      if (moved !== null) update.run(...movingColumns(moved.facts, moved.tally), id);
      for (const target of changed) {
        updateTarget.run(...changingColumns(target), id, target.host, target.process);
      }
    },
  };
}

type OperationChange = Extract<FleetWrite, { readonly kind: 'operationChanged' }>;

/** What never changes, in the order of the INSERT. */
function plannedColumns(operation: Operation) {
  const { id, verb, signal, hosts, processes, reason, order, fullStop, expectHosts } = operation;
  const { strategy, runbook, retryOf, requestedBy, startedAtMs, waves, leftOut } = operation;
  return [
    ...[id, verb, signal, hosts, JSON.stringify(processes), reason],
    ...[order, Number(fullStop), expectHosts],
    ...[JSON.stringify(strategy), runbook, retryOf, requestedBy, startedAtMs],
    ...[JSON.stringify(waves), JSON.stringify(leftOut)],
    ...[Number(operation.allowedOnly), operation.notAllowed],
  ];
}

/** From `state` to `canaries`, in the order of both statements. */
function movingColumns({ state, halt, endedAtMs }: OperationFacts, tally: Tally) {
  const { errors, lost, canaries } = tally;
  return [
    ...[state, halt === null ? null : JSON.stringify(halt), endedAtMs],
    ...[errors, lost, canaries],
  ];
}

/** From `state` to `log_tail`, in the order of both statements. */
function changingColumns(target: Target) {
  const { state, stopped, overdue, processState, dispatchedAtMs } = target;
  const { oldPid, newPid, durationMs, error, note, logTail } = target;
  return [
    ...[state, Number(stopped), Number(overdue), processState],
    ...[oldPid, newPid, dispatchedAtMs, durationMs, error, note, JSON.stringify(logTail)],
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
  readonly strategy: string;
  readonly runbook: string | null;
  readonly retry_of: string | null;
  readonly requested_by: string;
  readonly state: string;
  readonly halt: string | null;
  readonly errors: number;
  readonly lost: number;
  readonly canaries: number;
  readonly started_at_ms: number;
  readonly ended_at_ms: number | null;
  readonly waves: string;
  readonly left_out: string;
  readonly allowed_only: number;
  readonly not_allowed: number;
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
  readonly dispatched_at_ms: number | null;
  readonly duration_ms: number | null;
  readonly error: string | null;
  readonly note: string | null;
  readonly log_tail: string;
}

/**
 * Those that have not ended, and those that a repeated request may still ask for, in the order in
 * which they were submitted: as they were written, because several may begin in one millisecond, and
 * somebody may set the clock back.
 */
export function readOperations(
  database: SqliteDatabase,
  endedAfterMs: number,
): Pick<FleetState, 'operations' | 'live'> {
  const rows = database
    .prepare(
      `SELECT * FROM operations WHERE ended_at_ms IS NULL OR ended_at_ms > ?
       ORDER BY rowid`,
    )
    .all(endedAfterMs) as readonly OperationRow[];
  const selectTargets = database.prepare(
    'SELECT * FROM targets WHERE operation = ? ORDER BY position',
  );
  const executions = rows.map((row) => {
    const targets = selectTargets.all(row.id) as readonly TargetRow[];
    const { errors, lost, canaries } = row;
    const tally = { errors, lost, canaries };
    return executionOf(operationOf(row, targets.map(targetOf)), tally);
  });
  return {
    operations: PersistentMap.of(executions.map((each) => [each.facts.id, each])),
    live: new Set(executions.filter(isLive).map(({ facts }) => facts.id)),
  };
}

const isLive = ({ facts }: Execution): boolean => facts.endedAtMs === null;

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
    strategy: JSON.parse(row.strategy) as Strategy,
    runbook: row.runbook,
    retryOf: row.retry_of === null ? null : operationId(row.retry_of),
    requestedBy: row.requested_by,
    state: row.state as OperationState,
    halt: row.halt === null ? null : (JSON.parse(row.halt) as Halt),
    startedAtMs: row.started_at_ms,
    endedAtMs: row.ended_at_ms,
    waves: JSON.parse(row.waves) as readonly Wave[],
    leftOut: (JSON.parse(row.left_out) as readonly string[]).map(hostId),
    allowedOnly: row.allowed_only === 1,
    notAllowed: row.not_allowed,
    withheld: 0,
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
    dispatchedAtMs: row.dispatched_at_ms,
    durationMs: row.duration_ms,
    error: row.error,
    note: row.note,
    logTail: JSON.parse(row.log_tail) as readonly string[],
  };
}
