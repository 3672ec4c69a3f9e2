/**
 * Targets that are not waited for any more, because their operation was cancelled or its deadline has
 * come: what is not begun is not done, and what is under way goes on by itself. Neither ever leaves
 * a process down that was up: a restart that has stopped it starts it first.
 *
 * A deadline is reckoned from the acceptance, so that it holds across a restart of the agent and a
 * reboot of the host. It is asked once more when a target's turn comes, for timers come late where
 * the agent was stopped.
 */
import { groupBy } from '../../proto/group-by.ts';
import { settle, settleUnbegun } from './carry-out-targets.ts';
import { isUp } from './process.ts';
import { type TargetKey, type Turn, targetKey } from './state.ts';
import { endFullStop } from './take-back.ts';
import { type GivenUp, isExpired, type TargetRecord, untilDeadlineMs } from './target.ts';
import { save } from './target-records.ts';
import { givenUpIn, unbegun } from './verdict.ts';

/** Something was done about it, or is about to be in this very moment. */
export function isBegun({ state }: Turn, { phase, verb, process }: TargetRecord): boolean {
  if (phase === 'queued') return false;
  // A start waits for a stop that somebody else has begun, or for other processes.
  if (verb !== 'start' || phase === 'verifying' || phase === 'settled') return true;
  const runtime = state.processes.get(process);
  return phase === 'starting' && runtime !== undefined && isUp(runtime);
}

/** Its verdict is due, whether it is over or not. */
export function giveUp(turn: Turn, target: TargetRecord, because: GivenUp): void {
  if (!isBegun(turn, target)) return settleUnbegun(turn, target, unbegun(because));
  switch (target.phase) {
    case 'stopping':
      return giveUpStop(turn, target, because);
    case 'starting':
    case 'verifying':
    case 'updating':
      return settle(turn, target, givenUpIn(target, because));
    case 'queued':
    case 'settled':
    // What becomes of a signal is known at once.
    case 'signalling':
      return;
  }
}

function giveUpStop(turn: Turn, target: TargetRecord, because: GivenUp): void {
  if (target.verb === 'restart') {
    if (target.givenUp === null) save(turn, { ...target, givenUp: because });
    return;
  }
  settle(turn, target, givenUpIn(target, because));
  endFullStop(turn, target);
}

/** One for all that are due at the same time: a command may name hundreds. */
export function setDeadlineTimers(turn: Turn, targets: readonly TargetRecord[]): void {
  const due = targets.flatMap((target) => {
    const leftMs = target.outcome === null ? untilDeadlineMs(target, turn.at) : null;
    return leftMs === null ? [] : { key: targetKey(target), delayMs: Math.max(0, leftMs) };
  });
  for (const [delayMs, together] of groupBy(due, (one) => one.delayMs)) {
    turn.effects.push({ kind: 'deadlineTimer', targets: together.map(({ key }) => key), delayMs });
  }
}

export function noteDeadline(turn: Turn, keys: readonly TargetKey[]): void {
  const early: TargetRecord[] = [];
  for (const key of keys) {
    const target = turn.state.targets.get(key);
    if (target === undefined || target.outcome !== null) continue;
    if (isExpired(target, turn.at)) giveUp(turn, target, 'timed-out');
    else early.push(target);
  }
  setDeadlineTimers(turn, early);
}
