/**
 * What hosts are told of an operation: a command for each verb that some of its targets need there,
 * or that these are not wanted any more. A host that is not connected is told when it is back.
 */
import { groupBy } from '../../proto/group-by.ts';
import type { OperationFacts, Target } from '../../proto/operation.ts';
import type { Verb } from '../../proto/vocabulary.ts';
import type { Execution, Withdrawal } from './execution.ts';
import { isConnected, type Session } from './host.ts';
import { groupsOf } from './plan-update.ts';
import type { Turn } from './state.ts';
import { actionOf } from './target.ts';

export function sendCommands(
  turn: Turn,
  { facts, limits }: Pick<Execution, 'facts' | 'limits'>,
  targets: readonly Target[],
): void {
  const sentAtMs = Math.round(turn.at.monotonicMs);
  const { deadlineAtMs } = limits;
  const expiresInMs =
    deadlineAtMs === null ? null : Math.max(0, Math.round(deadlineAtMs) - sentAtMs);
  const { id: operationId, signal, strategy } = facts;
  forEachCommand(turn, facts, targets, ({ connection, epoch: sessionEpoch }, verb, group) => {
    turn.effects.push({
      kind: 'send',
      connection,
      message: {
        kind: 'command',
        sessionEpoch,
        operationId,
        verb,
        signal,
        processes: group.map((target) => target.process),
        startFollows: verb !== facts.verb && verb === 'stop',
        groups: groupsOf(facts),
        // The stop of a full stop is over when it is; what it leads to is watched.
        minHealthyMs: verb === 'stop' && facts.fullStop ? 0 : strategy.minHealthyMs,
        expiresInMs,
        sentAtMs,
      },
    });
  });
}

export function sendWithdrawals(
  turn: Turn,
  facts: OperationFacts,
  { targets, because, giveUp }: Withdrawal,
): void {
  const { id: operationId } = facts;
  forEachCommand(turn, facts, targets, ({ connection, epoch: sessionEpoch }, verb, group) => {
    const processes = group.map((target) => target.process);
    const message = { sessionEpoch, operationId, verb, processes, because, giveUp } as const;
    turn.effects.push({ kind: 'send', connection, message: { kind: 'withdraw', ...message } });
  });
}

function forEachCommand(
  { state }: Turn,
  facts: OperationFacts,
  targets: readonly Target[],
  send: (session: Session, verb: Verb, group: readonly Target[]) => void,
): void {
  const byHost = groupBy(targets, ({ host }) => host);
  for (const [id, ofHost] of byHost) {
    const host = state.hosts.get(id);
    if (host === undefined || !isConnected(host) || host.session === null) continue;
    const byVerb = groupBy(ofHost, (target) => actionOf(facts, target));
    for (const [verb, group] of byVerb) send(host.session, verb, group);
  }
}
