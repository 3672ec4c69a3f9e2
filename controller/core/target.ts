/**
 * One target as the controller sees it, and what each piece of news makes of it.
 *
 *   waiting ──► pending ──► dispatched ──► accepted ──► verifying ──► succeeded | failed | timed-out
 *                  ▲                          │                       | indeterminate | skipped | cancelled
 *                  └── stopped: true ─────────┘   first half of a full stop; now it waits for the wave
 *                                                 of its start
 *
 * From any open state it may become unreachable (its host is gone); from pending and waiting
 * not-attempted or cancelled (the operation ended before its wave). Once settled nothing moves it any
 * more.
 */

import { heldText } from '../../proto/hold-text.ts';
import type { OperationFacts, Target } from '../../proto/operation.ts';
import type { Strategy } from '../../proto/strategy.ts';
import { currentWave, isInFlight } from '../../proto/target.ts';
import type { Hold, ProcessStatus, TargetOutcome, Verb } from '../../proto/vocabulary.ts';
import { type Host, isConnected } from './host.ts';

/** Of one process as it is found. What is held, or is on a host that is away, is not attempted. */
export function plannedTarget(
  host: Host,
  status: Pick<ProcessStatus, 'process' | 'state' | 'pid' | 'hold'>,
  { offline }: Strategy,
  nowMs: number,
): Omit<Target, 'wave' | 'stopWave'> {
  const { process, state: processState, pid, hold } = status;
  const hostConnected = isConnected(host);
  return {
    host: host.host,
    process,
    ...(hostConnected ? foundConnected(hold, nowMs) : foundAway(offline)),
    stopped: false,
    overdue: false,
    processState,
    hostConnected,
    oldPid: hostConnected ? pid : null,
    newPid: null,
    dispatchedAtMs: null,
    durationMs: null,
    logTail: [],
  };
}

type Beginning = Pick<Target, 'state' | 'error' | 'note'>;

/** Of a hold that seems to be over the host has the last word: it may have another clock. */
function foundConnected(hold: Hold | null, nowMs: number): Beginning {
  if (hold === null || hold.untilMs <= nowMs) return { state: 'pending', error: null, note: null };
  return { state: 'skipped', error: null, note: heldText(hold) };
}

function foundAway(offline: Strategy['offline']): Beginning {
  switch (offline.kind) {
    case 'fail': {
      const error = 'the host was not connected when the operation began';
      return { state: 'unreachable', error, note: null };
    }
    case 'skip':
      return { state: 'skipped', error: null, note: 'the host was not connected' };
    case 'queue':
      return { state: 'waiting', error: null, note: null };
  }
}

export type TargetNews =
  | { readonly kind: 'accepted'; readonly verb: Verb; readonly oldPid: number | null }
  | { readonly kind: 'verifying'; readonly verb: Verb }
  | { readonly kind: 'settled'; readonly verb: Verb; readonly outcome: TargetOutcome };

/** What its agent is told to do in the wave that it is in. */
export function actionOf(facts: OperationFacts, { stopWave, stopped }: Target): Verb {
  if (stopWave === null) return facts.verb;
  return stopped ? 'start' : 'stop';
}

/** Nobody waits in a wave whose longest wait is none (`tier_wait = 0`), so nobody is late in it. */
export function isAwaitedIn({ waves }: OperationFacts, wave: number, target: Target): boolean {
  const isWaitedFor = waves[wave]?.waitMs !== 0;
  return isWaitedFor && isInFlight(target) && !target.overdue && currentWave(target) === wave;
}

/** @returns null where the news changes nothing: a repeat, or of a half that is over */
export function heard(facts: OperationFacts, target: Target, news: TargetNews): Target | null {
  if (!isInFlight(target) || news.verb !== actionOf(facts, target)) return null;
  switch (news.kind) {
    case 'accepted':
      return accepted(target, news.oldPid);
    case 'verifying':
      return target.state === 'verifying' ? null : { ...target, state: 'verifying' };
    case 'settled':
      return settled(target, news.outcome);
  }
}

function accepted(target: Target, oldPid: number | null): Target | null {
  // The process that a full stop ended is the old one, not the nothing that its start finds.
  const pid = target.stopped ? target.oldPid : oldPid;
  if (target.state !== 'dispatched' && target.oldPid === pid) return null;
  const state = target.state === 'dispatched' ? 'accepted' : target.state;
  return { ...target, state, oldPid: pid };
}

/** Its agent does not leave a full stop half done. */
const BROUGHT_UP_AGAIN =
  'it was stopped, and is started again if it was up before, as its operation ended early';

function settled(target: Target, outcome: TargetOutcome): Target {
  const { newPid, error, note, logTail } = outcome;
  const durationMs = (target.durationMs ?? 0) + outcome.durationMs;
  const oldPid = target.stopped ? target.oldPid : outcome.oldPid;
  const isHalf = target.stopWave !== null && !target.stopped;
  if (isHalf && outcome.state === 'succeeded') {
    const half = { state: 'pending', stopped: true, overdue: false, dispatchedAtMs: null } as const;
    return { ...target, ...half, oldPid, durationMs };
  }
  const over: Target = {
    ...target,
    state: outcome.state,
    oldPid,
    newPid,
    durationMs,
    note,
    logTail,
    error,
  };
  const isTakenBack = outcome.state === 'cancelled' || outcome.state === 'timed-out';
  if (!target.stopped || !isTakenBack) return over;
  return { ...over, stopped: false, error: BROUGHT_UP_AGAIN };
}
