/**
 * What a step of an operation means for the fleet: its changes become durable and are published,
 * and its targets are sent to their hosts. A host that is not connected gets them when it is back,
 * or loses them when its grace is over.
 */
import type { AgentEvent, HostId, Operation, OperationId, Target } from '../../proto/vocabulary.ts';
import { type Host, isConnected } from './host.ts';
import {
  type Execution,
  inFlightOn,
  loseHost,
  loseJournal,
  noteTarget,
  type OperationStep,
} from './operation.ts';
import type { Turn } from './state.ts';

/** Ended operations are kept so that a repeated request finds them. */
export const OPERATION_RETENTION_MS = 24 * 60 * 60 * 1_000;

type TargetEvent = Exclude<AgentEvent, { readonly kind: 'processChanged' }>;

/** Hosts that an earlier controller had given something to do get their grace from now on. */
export function boot(turn: Turn): void {
  const waitedFor = new Set<HostId>();
  for (const { operation } of running(turn)) {
    for (const target of operation.targets) {
      if (target.state !== 'succeeded') waitedFor.add(target.host);
    }
  }
  for (const id of waitedFor) {
    const host = turn.state.hosts.get(id);
    if (host !== undefined) giveGrace(turn, host);
  }
}

export function giveGrace(turn: Turn, host: Host): void {
  const { host: id, lossCount } = host;
  const delayMs = turn.state.unreachableAfterMs;
  turn.effects.push({ kind: 'graceTimer', host: id, lossCount, delayMs });
}

/** An agent reports on one target. */
export function noteTargetEvent(turn: Turn, host: HostId, event: TargetEvent): void {
  const execution = turn.state.operations.get(event.operationId);
  if (execution?.operation.state !== 'running') return;
  const news =
    event.kind === 'targetAccepted'
      ? ({ kind: 'accepted', oldPid: event.oldPid } as const)
      : ({ kind: 'settled', outcome: event.outcome } as const);
  follow(turn, noteTarget(execution, host, event.process, news, turn.at.wallMs));
}

/** A host that is back is told again what it has not reported the end of. */
export function dispatchAgain(turn: Turn, host: Host): void {
  for (const { operation } of running(turn))
    send(turn, operation, inFlightOn(operation, host.host));
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

/** Draws the consequences of one step of one operation. */
export function follow(turn: Turn, step: OperationStep): void {
  const { execution, changed } = step;
  const { operation, mustStop } = execution;
  const before = turn.state.operations.get(operation.id);
  if (before === execution) return;
  remember(turn, execution);
  turn.writes.push({ kind: 'operationChanged', operation, mustStop, changed });
  for (const target of changed) publish(turn, operation.id, { kind: 'target', target });
  send(turn, operation, step.dispatch);
  if (operation.state !== 'running') publish(turn, operation.id, { kind: 'operation', operation });
}

function remember(turn: Turn, execution: Execution): void {
  const operations = new Map(turn.state.operations);
  const oldestMs = turn.at.wallMs - OPERATION_RETENTION_MS;
  // Oldest first: a Map keeps the order in which they were begun.
  for (const [id, { operation }] of operations) {
    if (operation.endedAtMs === null) continue;
    if (operation.endedAtMs > oldestMs) break;
    operations.delete(id);
  }
  operations.set(execution.operation.id, execution);
  turn.state = { ...turn.state, operations };
}

/** One command for each host that is connected; the others are told when they are back. */
function send(turn: Turn, operation: Operation, targets: readonly Target[]): void {
  const byHost = new Map<HostId, Target[]>();
  for (const target of targets) {
    const group = byHost.get(target.host);
    if (group === undefined) byHost.set(target.host, [target]);
    else group.push(target);
  }
  for (const [id, group] of byHost) {
    const host = turn.state.hosts.get(id);
    if (host === undefined || !isConnected(host) || host.session === null) continue;
    turn.effects.push({
      kind: 'send',
      connection: host.session.connection,
      message: {
        kind: 'command',
        sessionEpoch: host.session.epoch,
        operationId: operation.id,
        verb: operation.verb,
        signal: operation.signal,
        processes: group.map((target) => target.process),
      },
    });
  }
}

function publish(
  turn: Turn,
  operation: OperationId,
  update:
    | { readonly kind: 'operation'; readonly operation: Operation }
    | {
        readonly kind: 'target';
        readonly target: Target;
      },
): void {
  turn.effects.push({ kind: 'publish', operation, update });
}

function running(turn: Turn): readonly Execution[] {
  return [...turn.state.operations.values()].filter(
    ({ operation }) => operation.state === 'running',
  );
}
