/**
 * What a step of an operation means for the fleet: its changes become durable and are published,
 * and its targets are sent to their hosts. A host that is not connected gets them when it is back,
 * or loses them when its grace is over.
 */

import type { OperationFacts, OperationUpdate, Target } from '../../proto/operation.ts';
import { isOpen } from '../../proto/target.ts';
import type {
  AgentEvent,
  HostId,
  OperationId,
  ProcessStatus,
  Verb,
} from '../../proto/vocabulary.ts';
import type { Execution, OperationStep } from './execution.ts';
import { type Host, isConnected } from './host.ts';
import {
  endWaveWait,
  inFlightOn,
  loseHost,
  loseJournal,
  noteTarget,
  observeHost,
  observeProcess,
  resumeOperation,
} from './operation.ts';
import { groupsOf } from './plan-update.ts';
import { graceMs } from './reconnection.ts';
import type { Turn, WaveWait } from './state.ts';
import { actionOf } from './target.ts';

/** Ended operations are kept so that a repeated request finds them. */
export const OPERATION_RETENTION_MS = 24 * 60 * 60 * 1_000;

type TargetEvent = Extract<AgentEvent, { readonly kind: 'targetAccepted' | 'targetSettled' }>;

/**
 * Takes up what an earlier controller left running. Hosts that it had given something to do get
 * their grace from now on.
 */
export function boot(turn: Turn): void {
  const waitedFor = new Set<HostId>();
  for (const execution of running(turn)) {
    for (const target of execution.targets) if (isOpen(target)) waitedFor.add(target.host);
    follow(turn, resumeOperation(execution, turn.at.wallMs));
  }
  for (const id of waitedFor) {
    const host = turn.state.hosts.get(id);
    if (host !== undefined) giveGrace(turn, host);
  }
}

export function giveGrace(turn: Turn, host: Host): void {
  const { host: id, lossCount } = host;
  turn.effects.push({ kind: 'graceTimer', host: id, lossCount, delayMs: graceOf(turn) });
}

export function graceOf({ state }: Turn): number {
  return graceMs(state.unreachableAfterMs, state.hosts.size);
}

/** An agent reports on one target. Of what was ordered on the host itself nobody waits for it here. */
export function noteTargetEvent(turn: Turn, host: HostId, event: TargetEvent): void {
  if (!turn.state.running.has(event.operationId)) return;
  const execution = turn.state.operations.get(event.operationId);
  if (execution === undefined) return;
  const { process, verb } = event;
  const news =
    event.kind === 'targetAccepted'
      ? ({ kind: 'accepted', verb, oldPid: event.oldPid } as const)
      : ({ kind: 'settled', verb, outcome: event.outcome } as const);
  follow(turn, noteTarget(execution, host, process, news, turn.at.wallMs));
}

/** Whoever watches sees what the processes of open targets go through. */
export function noteProcessState(turn: Turn, host: HostId, status: ProcessStatus): void {
  for (const execution of running(turn)) {
    follow(turn, observeProcess(execution, host, status.process, status.state));
  }
}

/** The host can be talked to again, with processes as it says, or not any more. */
export function noteConnection(turn: Turn, host: Host): void {
  for (const execution of running(turn)) {
    follow(turn, observeHost(execution, host, isConnected(host)));
  }
}

/** A wave has been waited for long enough. */
export function noteWaveWaitOver(turn: Turn, { operation, lane, wave }: WaveWait): void {
  const execution = turn.state.operations.get(operation);
  if (execution === undefined || !turn.state.running.has(operation)) return;
  follow(turn, endWaveWait(execution, lane, wave, turn.at.wallMs));
}

/** A host that is back is told again what it has not reported the end of. */
export function dispatchAgain(turn: Turn, host: Host): void {
  for (const execution of running(turn)) {
    send(turn, execution.facts, inFlightOn(execution, host.host));
  }
}

/** Its grace is over: every running operation goes on without it. */
export function loseHostEverywhere(turn: Turn, host: HostId, error: string): void {
  for (const execution of running(turn)) {
    follow(turn, loseHost(execution, host, error, turn.at.wallMs));
  }
}

/** Its agent began a new journal: of what the old one was given, nobody knows what became. */
export function loseJournalEverywhere(turn: Turn, host: HostId): void {
  const error = 'its agent lost its journal, so nobody knows whether it was done';
  for (const execution of running(turn)) {
    follow(turn, loseJournal(execution, host, error, turn.at.wallMs));
  }
}

/** Ended operations that are past their retention. */
export function forgetOld(turn: Turn): void {
  let { operations } = turn.state;
  const oldestMs = turn.at.wallMs - OPERATION_RETENTION_MS;
  for (const [id, { facts }] of turn.state.operations) {
    if (facts.endedAtMs !== null && facts.endedAtMs <= oldestMs)
      operations = operations.without(id);
  }
  turn.state = { ...turn.state, operations };
}

/** Draws the consequences of one step of one operation. */
export function follow(turn: Turn, step: OperationStep): void {
  const { execution, changed, observed, dispatch, timers } = step;
  const { facts, mustStop } = execution;
  const before = turn.state.operations.get(facts.id);
  if (before === execution) return;
  remember(turn, execution);
  const hasMoved = before?.facts !== facts || before.mustStop !== mustStop;
  if (hasMoved || changed.length > 0) {
    const moved = hasMoved ? { facts, mustStop } : null;
    turn.writes.push({ kind: 'operationChanged', id: facts.id, moved, changed });
  }
  const targets = [...changed, ...observed];
  if (targets.length > 0) publish(turn, facts.id, { kind: 'targets', targets });
  send(turn, facts, dispatch);
  for (const timer of timers) {
    turn.effects.push({ kind: 'waveTimer', operation: facts.id, ...timer });
  }
  if (facts.state === 'running') return;
  publish(turn, facts.id, { kind: 'ended', facts });
}

function remember(turn: Turn, execution: Execution): void {
  const { id, state } = execution.facts;
  const operations = turn.state.operations.with(id, execution);
  if (turn.state.running.has(id) === (state === 'running')) {
    turn.state = { ...turn.state, operations };
    return;
  }
  const running = new Set(turn.state.running);
  if (state === 'running') running.add(id);
  else running.delete(id);
  turn.state = { ...turn.state, operations, running };
}

/** A command for each host that is connected; the others are told when they are back. */
function send(turn: Turn, facts: OperationFacts, targets: readonly Target[]): void {
  const byHost = new Map<HostId, Map<Verb, Target[]>>();
  for (const target of targets) {
    const verb = actionOf(facts, target);
    const ofHost = byHost.get(target.host) ?? new Map<Verb, Target[]>();
    const group = ofHost.get(verb) ?? [];
    group.push(target);
    byHost.set(target.host, ofHost.set(verb, group));
  }
  for (const [id, byVerb] of byHost) {
    const host = turn.state.hosts.get(id);
    if (host === undefined || !isConnected(host) || host.session === null) continue;
    const { connection, epoch: sessionEpoch } = host.session;
    for (const [verb, group] of byVerb) {
      const processes = group.map((target) => target.process);
      const { id: operationId, signal } = facts;
      turn.effects.push({
        kind: 'send',
        connection,
        message: {
          kind: 'command',
          sessionEpoch,
          operationId,
          verb,
          signal,
          processes,
          startFollows: verb !== facts.verb && verb === 'stop',
          groups: groupsOf(facts),
        },
      });
    }
  }
}

function publish(turn: Turn, operation: OperationId, update: OperationUpdate): void {
  turn.effects.push({ kind: 'publish', operation, update });
}

function running(turn: Turn): readonly Execution[] {
  return [...turn.state.running].flatMap((id) => turn.state.operations.get(id) ?? []);
}
