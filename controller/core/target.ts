/**
 * One target as the controller sees it, and what each piece of news makes of it.
 *
 *   pending ──► dispatched ──► accepted ──► succeeded | failed | indeterminate
 *      ▲                          │
 *      └── stopped: true ─────────┘   first half of a full stop; now it waits for the wave of its start
 *
 * From any open state it may become unreachable (its host is gone), and from pending not-attempted
 * (the operation ended before its wave). Once settled nothing moves it any more.
 */

import type { OperationFacts, Target } from '../../proto/operation.ts';
import { isInFlight } from '../../proto/target.ts';
import type { ProcessStatus, TargetOutcome, Verb } from '../../proto/vocabulary.ts';
import { type Host, isConnected } from './host.ts';

/** Of one process as it is found. On a host that is away it is unreachable already. */
export function plannedTarget(
  host: Host,
  { process, state, pid }: Pick<ProcessStatus, 'process' | 'state' | 'pid'>,
): Omit<Target, 'wave' | 'stopWave'> {
  const hostConnected = isConnected(host);
  return {
    host: host.host,
    process,
    state: hostConnected ? 'pending' : 'unreachable',
    stopped: false,
    overdue: false,
    processState: state,
    hostConnected,
    oldPid: hostConnected ? pid : null,
    newPid: null,
    durationMs: null,
    error: hostConnected ? null : 'the host was not connected when the operation began',
    note: null,
    logTail: [],
  };
}

export type TargetNews =
  | { readonly kind: 'accepted'; readonly verb: Verb; readonly oldPid: number | null }
  | { readonly kind: 'settled'; readonly verb: Verb; readonly outcome: TargetOutcome };

/** What its agent is told to do in the wave that it is in. */
export function actionOf(facts: OperationFacts, { stopWave, stopped }: Target): Verb {
  if (stopWave === null) return facts.verb;
  return stopped ? 'start' : 'stop';
}

/** @returns null where the news changes nothing: a repeat, or of a half that is over */
export function heard(facts: OperationFacts, target: Target, news: TargetNews): Target | null {
  if (!isInFlight(target) || news.verb !== actionOf(facts, target)) return null;
  switch (news.kind) {
    case 'accepted':
      return accepted(target, news.oldPid);
    case 'settled':
      return settled(target, news.outcome);
  }
}

function accepted(target: Target, oldPid: number | null): Target | null {
  // The process that a full stop ended is the old one, not the nothing that its start finds.
  const pid = target.stopped ? target.oldPid : oldPid;
  if (target.state === 'accepted' && target.oldPid === pid) return null;
  return { ...target, state: 'accepted', oldPid: pid };
}

function settled(target: Target, outcome: TargetOutcome): Target {
  const { newPid, error, note, logTail } = outcome;
  const durationMs = (target.durationMs ?? 0) + outcome.durationMs;
  const oldPid = target.stopped ? target.oldPid : outcome.oldPid;
  const isHalf = target.stopWave !== null && !target.stopped;
  if (isHalf && outcome.state === 'succeeded') {
    return { ...target, state: 'pending', stopped: true, overdue: false, oldPid, durationMs };
  }
  return { ...target, state: outcome.state, oldPid, newPid, durationMs, error, note, logTail };
}
