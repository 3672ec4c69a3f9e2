/**
 * What a step of an operation means for the fleet: its changes become durable and are published,
 * and its targets are sent to their hosts. A host that is not connected gets them when it is back,
 * or loses them when its grace is over.
 */

import { groupBy } from '../../proto/group-by.ts';
import type { OperationUpdate } from '../../proto/operation.ts';
import { isOpen } from '../../proto/target.ts';
import type { AgentEvent, HostId, OperationId, ProcessStatus } from '../../proto/vocabulary.ts';
import { sendCommands, sendWithdrawals } from './commands.ts';
import type { Execution, OperationStep } from './execution.ts';
import { withdrawnBecause } from './halt.ts';
import { type Host, isConnected } from './host.ts';
import { conflictOf, waitedText } from './locks.ts';
import {
  endLateWait,
  endOfflineWait,
  endRest,
  endWaveWait,
  expire,
  inFlightOn,
  loseHost,
  loseJournal,
  noteTarget,
  observeHost,
  observeProcess,
  welcomeHost,
} from './operation.ts';
import { graceMs } from './reconnection.ts';
import { CONTROLLER, putOnRecord } from './record.ts';
import type { FleetInput, Turn } from './state.ts';
import type { TargetNews } from './target.ts';

/** Unless the configuration says otherwise. Ended operations are kept so that a repeat finds them. */
export const OPERATION_RETENTION_MS = 24 * 60 * 60 * 1_000;

type TargetEvent = Extract<
  AgentEvent,
  { readonly kind: 'targetAccepted' | 'targetVerifying' | 'targetSettled' }
>;

export function giveGrace(turn: Turn, host: Host): void {
  const { host: id, lossCount } = host;
  turn.effects.push({ kind: 'graceTimer', host: id, lossCount, delayMs: graceOf(turn) });
}

export function graceOf({ state }: Turn): number {
  return graceMs(state.unreachableAfterMs, state.hosts.size);
}

/** An agent reports on one target. Of what was ordered on the host itself nobody waits for it here. */
export function noteTargetEvent(turn: Turn, host: HostId, event: TargetEvent): void {
  if (!turn.state.live.has(event.operationId)) return;
  const execution = turn.state.operations.get(event.operationId);
  if (execution === undefined) return;
  follow(turn, noteTarget(execution, host, event.process, newsOf(event), turn.at));
}

function newsOf(event: TargetEvent): TargetNews {
  const { verb } = event;
  switch (event.kind) {
    case 'targetAccepted':
      return { kind: 'accepted', verb, oldPid: event.oldPid };
    case 'targetVerifying':
      return { kind: 'verifying', verb };
    case 'targetSettled':
      return { kind: 'settled', verb, outcome: event.outcome };
  }
}

/** Whoever watches sees what the processes of open targets go through. */
export function noteProcessState(turn: Turn, host: HostId, status: ProcessStatus): void {
  for (const execution of live(turn)) {
    follow(turn, observeProcess(execution, host, status.process, status.state));
  }
}

/** The host can be talked to again, with processes as it says, or not any more. */
export function noteConnection(turn: Turn, host: Host): void {
  for (const { facts } of live(turn)) {
    const observed = turn.state.operations.get(facts.id);
    if (observed === undefined) continue;
    const connected = isConnected(host);
    follow(turn, observeHost(observed, host, connected));
    const execution = turn.state.operations.get(facts.id);
    if (connected && execution) follow(turn, welcomeHost(execution, host.host, turn.at));
  }
}

export function noteTimer(
  turn: Turn,
  { operation, timer }: Extract<FleetInput, { readonly kind: 'operationTimer' }>,
): void {
  const execution = turn.state.operations.get(operation);
  if (execution === undefined || !turn.state.live.has(operation)) return;
  switch (timer.kind) {
    case 'waveWait':
      return follow(turn, endWaveWait(execution, timer.lane, timer.wave, turn.at));
    case 'lateWait':
      return follow(turn, endLateWait(execution, timer.group, turn.at));
    case 'batchWait':
      return follow(turn, endRest(execution, timer.at, turn.at));
    case 'deadline':
      return follow(turn, expire(execution, 'its deadline came', turn.at));
    case 'offline':
      return follow(turn, endOfflineWait(execution, turn.at));
    case 'lockWait': {
      if (execution.facts.state !== 'planned') return;
      const because = waitedText(conflictOf(turn.state, execution));
      return follow(turn, expire(execution, because, turn.at));
    }
  }
}

/**
 * A host that is back is told again what it has not reported the end of; or that this is not wanted
 * any more, in case it never heard of it.
 */
export function dispatchAgain(turn: Turn, host: Host): void {
  for (const execution of live(turn)) {
    const { facts } = execution;
    const targets = inFlightOn(execution, host.host);
    const halt = facts.state === 'draining' ? facts.halt : null;
    const because = halt === null ? null : withdrawnBecause(halt);
    if (because === null) sendCommands(turn, execution, targets);
    else sendWithdrawals(turn, facts, { targets, because, giveUp: halt?.kill === true });
  }
}

/** Its grace is over: every operation goes on without it. For good: none waits for it either. */
export function loseHostEverywhere(
  turn: Turn,
  host: HostId,
  error: string,
  isForGood = false,
): void {
  for (const execution of live(turn)) {
    follow(turn, loseHost(execution, host, error, turn.at, isForGood));
  }
}

/** Its agent began a new journal: of what the old one was given, nobody knows what became. */
export function loseJournalEverywhere(turn: Turn, host: HostId): void {
  const error = 'its agent lost its journal, so nobody knows whether it was done';
  for (const execution of live(turn)) {
    follow(turn, loseJournal(execution, host, error, turn.at));
  }
}

/**
 * Ended operations that are past their retention. By the monotonic clock: if the other one were wrong
 * for a moment, a repeated request would not find the operation that it made.
 */
export function forgetOld(turn: Turn): void {
  let { operations } = turn.state;
  const { monotonicMs } = turn.at;
  for (const [id, execution] of turn.state.operations) {
    if (execution.facts.endedAtMs === null) continue;
    const { endedMonotonicMs } = execution;
    // An earlier controller's clock was another: it counts from now on.
    if (endedMonotonicMs === null) {
      operations = operations.with(id, { ...execution, endedMonotonicMs: monotonicMs });
    } else if (monotonicMs - endedMonotonicMs >= turn.state.operationRetentionMs) {
      operations = operations.without(id);
    }
  }
  turn.state = { ...turn.state, operations };
}

/** Draws the consequences of one step of one operation. */
export function follow(turn: Turn, step: OperationStep): void {
  const { execution, changed, observed, dispatch, withdraw, timers } = step;
  const { facts, tally } = execution;
  const before = turn.state.operations.get(facts.id);
  if (before === undefined || before === execution) return;
  remember(turn, execution);
  const hasMoved = before.facts !== facts;
  if (hasMoved || before.tally !== tally || changed.length > 0) {
    const moved = hasMoved || before.tally !== tally ? { facts, tally } : null;
    turn.writes.push({ kind: 'operationChanged', id: facts.id, moved, changed });
  }
  const targets = [...changed, ...observed];
  if (targets.length > 0) publish(turn, facts.id, { kind: 'targets', targets });
  sendCommands(turn, execution, dispatch);
  if (withdraw !== null) sendWithdrawals(turn, facts, withdraw);
  for (const request of timers) {
    turn.effects.push({ kind: 'operationTimer', operation: facts.id, ...request });
  }
  if (changed.some((target) => !isOpen(target))) turn.isSomethingFree = true;
  if (facts.endedAtMs !== null) {
    recordEnd(turn, execution);
    publish(turn, facts.id, { kind: 'ended', facts });
  }
  if (facts.endedAtMs === null && hasMoved) publish(turn, facts.id, { kind: 'moved', facts });
}

function recordEnd(turn: Turn, { facts, targets }: Execution): void {
  const counts = [...groupBy(targets, ({ state }) => state)];
  const detail = counts.map(([state, { length }]) => `${length} ${state}`).join(', ');
  putOnRecord(turn, {
    ...{ actor: CONTROLLER, action: facts.verb, outcome: 'ended', operation: facts.id },
    ...{ targetCount: targets.size, detail: `${facts.state}: ${detail}` },
  });
}

/** New ones come last, so those that are live stand in the order in which they were submitted. */
export function remember(turn: Turn, execution: Execution): void {
  const { id, endedAtMs } = execution.facts;
  const operations = turn.state.operations.with(id, execution);
  const isLive = endedAtMs === null;
  if (turn.state.live.has(id) === isLive) {
    turn.state = { ...turn.state, operations };
    return;
  }
  const live = new Set(turn.state.live);
  if (isLive) live.add(id);
  else live.delete(id);
  turn.state = { ...turn.state, operations, live };
}

function publish(turn: Turn, operation: OperationId, update: OperationUpdate): void {
  turn.effects.push({ kind: 'publish', operation, update });
}

export function live(turn: Turn): readonly Execution[] {
  return [...turn.state.live].flatMap((id) => turn.state.operations.get(id) ?? []);
}
