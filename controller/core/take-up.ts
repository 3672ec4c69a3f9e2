/**
 * How operations come in: new ones, those that an earlier controller left, and those that had to wait
 * for others. From then on `operations.ts` carries them out.
 */
import type { Operation } from '../../proto/operation.ts';
import { isOpenState } from '../../proto/target.ts';
import type { HostId } from '../../proto/vocabulary.ts';
import { accessOf } from './access.ts';
import {
  draftOf,
  type Execution,
  type OperationStep,
  type OperationTimer,
  operationOf,
  still,
} from './execution.ts';
import { drain } from './halt.ts';
import { conflictOf, isStillBlocked, waitText } from './locks.ts';
import { steeringDenied } from './may-steer.ts';
import { beginOperation, goOn, limitsOf, takeUpOperation } from './operation.ts';
import { follow, giveGrace, live, remember } from './operations.ts';
import type { Turn } from './state.ts';

/**
 * Takes up what an earlier controller left. Hosts that it had given something to do get their grace
 * from now on.
 */
export function boot(turn: Turn): void {
  const waitedFor = new Set<HostId>();
  for (const found of live(turn)) {
    const execution = { ...found, limits: limitsOf(found.facts, turn.at) };
    for (const { state, host } of execution.targets) {
      if (isOpenState(state) && state !== 'waiting') waitedFor.add(host);
    }
    remember(turn, execution);
    armTimers(turn, execution);
    if (execution.facts.state !== 'planned') follow(turn, takeUpOperation(execution, turn.at));
  }
  for (const id of waitedFor) {
    const host = turn.state.hosts.get(id);
    if (host !== undefined) giveGrace(turn, host);
  }
  turn.isSomethingFree = true;
}

/** A new one: on record with its whole plan, and begun where nothing is in its way. */
export function beginNew(turn: Turn, planned: Execution): Operation {
  const execution = { ...planned, limits: limitsOf(planned.facts, turn.at) };
  turn.writes.push({ kind: 'operationBegun', operation: operationOf(execution) });
  remember(turn, execution);
  armTimers(turn, execution);
  if (execution.facts.halt === null) follow(turn, beginOperation(execution, turn.at));
  return operationOf(turn.state.operations.get(execution.facts.id) ?? execution);
}

/** Those that wait for others, in the order in which they came; each as soon as nothing is in its way. */
export function beginWaiting(turn: Turn): void {
  for (const execution of live(turn)) {
    if (execution.facts.state !== 'planned') continue;
    const { blockedBy } = execution;
    if (blockedBy !== null && isStillBlocked(turn.state, execution, blockedBy)) continue;
    const conflict = conflictOf(turn.state, execution);
    if (conflict === null) {
      follow(turn, beginOrAbort(turn, execution));
      continue;
    }
    const because = waitText(conflict);
    const { facts } = execution;
    const halt = { by: null, because, atMs: turn.at.wallMs, endsAs: null, kill: false };
    const isNews = facts.halt?.because !== because;
    const waiting = { ...execution, blockedBy: conflict.blocker };
    follow(turn, still(isNews ? { ...waiting, facts: { ...facts, halt } } : waiting));
  }
}

/** It was allowed when it was submitted; who asked for it may have lost the right since. */
function beginOrAbort({ state, at }: Turn, execution: Execution): OperationStep {
  const { id, requestedBy } = execution.facts;
  const access = accessOf(state, requestedBy, at.wallMs);
  const going = { operation: id, action: 'resume', kill: false, reason: '' } as const;
  const denied = steeringDenied(state, access, execution, going);
  if (denied === null) return beginOperation(execution, at);
  const because = `${requestedBy} may not do this any more: ${denied.message}`;
  const draft = draftOf(execution, at);
  drain(draft, { by: null, because, atMs: at.wallMs, kill: false, endsAs: 'aborted' });
  return goOn(draft, []);
}

/** What may take only so long. The waits of waves and batches come with their steps. */
function armTimers(turn: Turn, { facts, limits }: Execution): void {
  const { id, state, strategy, startedAtMs } = facts;
  const arm = (timer: OperationTimer, delayMs: number): void => {
    turn.effects.push({ kind: 'operationTimer', operation: id, timer, delayMs });
  };
  const { monotonicMs, wallMs } = turn.at;
  if (limits.deadlineAtMs !== null) arm({ kind: 'deadline' }, limits.deadlineAtMs - monotonicMs);
  if (limits.offlineUntilMs !== null) arm({ kind: 'offline' }, limits.offlineUntilMs - monotonicMs);
  if (state !== 'planned' || facts.halt === null) return;
  const waitedMs = Math.max(0, wallMs - startedAtMs);
  arm({ kind: 'lockWait' }, Math.max(0, strategy.lockWaitMs - waitedMs));
}
