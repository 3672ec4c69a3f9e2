/**
 * Goes on with what an earlier agent had accepted and not settled. A target is carried on from the
 * state in which its process is found now; only what is under way already is not begun afresh.
 */
import type { ProcessName } from '../../proto/vocabulary.ts';
import {
  beginNext,
  follow,
  isPatient,
  readForUpdate,
  settle,
  settleUnbegun,
} from './carry-out-targets.ts';
import { isBegun, setDeadlineTimers } from './give-up.ts';
import { statusOf } from './process.ts';
import type { Turn } from './state.ts';
import { isExpired, observe, type TargetRecord } from './target.ts';
import { activeTarget, save } from './target-records.ts';
import { inStartOrder } from './tiers.ts';
import { SIGNAL_IN_DOUBT, unbegun } from './verdict.ts';
import { resumeWatches } from './verify-targets.ts';

export function resumeTargets(turn: Turn): void {
  putOnRecord(turn);
  for (const name of inResumeOrder(turn)) {
    // The next one has begun then, and is not an earlier agent's.
    if (settleExpired(turn, name)) continue;
    const target = activeTarget(turn, name);
    if (target?.phase === 'signalling') settle(turn, target, SIGNAL_IN_DOUBT);
    else if (target !== undefined && isPatient(turn, target)) goOnWaiting(turn, target);
    else if (!isStartUnderWay(turn, target)) beginNext(turn, name);
  }
  for (const target of turn.state.targets.values()) {
    if (target.phase === 'updating') readForUpdate(turn, target);
  }
  resumeWatches(turn);
  setDeadlineTimers(turn, [...turn.state.targets.values()]);
}

/** Its deadline came while no agent was there. */
function settleExpired(turn: Turn, name: ProcessName): boolean {
  const target = activeTarget(turn, name);
  if (target === undefined || isBegun(turn, target)) return false;
  if (!isExpired(target, turn.at)) return false;
  settleUnbegun(turn, target, unbegun('timed-out'));
  return true;
}

/**
 * That they were accepted in an earlier boot of the host: the journal has the reading of a clock that
 * is gone, which the next agent would take for one of its own. A queue is written whole, for its order.
 */
function putOnRecord(turn: Turn): void {
  for (const [, keys] of turn.state.queues) {
    const queued = keys.flatMap((key) => turn.state.targets.get(key) ?? []);
    const isOfEarlierBoot = queued.some((target) => target.acceptedMonotonicMs === null);
    if (isOfEarlierBoot) for (const target of queued) save(turn, target);
  }
}

/** As the boot would start them; then those that are no longer configured. */
function inResumeOrder({ state }: Turn): Iterable<ProcessName> {
  const configured = inStartOrder(state.processes.values());
  return new Set([
    ...configured.map(({ definition }) => definition.process),
    ...[...state.queues].map(([name]) => name),
  ]);
}

/**
 * It had asked for the start before the agent was restarted, and the child has come: what the
 * process enters next, or has entered while it was looked for, is the answer.
 */
function isStartUnderWay(turn: Turn, target: TargetRecord | undefined): boolean {
  if (target?.phase !== 'starting') return false;
  const { process } = target;
  const isAnswered = turn.entered.some((status) => status.process === process);
  return isAnswered || turn.state.processes.get(process)?.state === 'STARTING';
}

function goOnWaiting(turn: Turn, target: TargetRecord): void {
  const process = turn.state.processes.get(target.process);
  if (process !== undefined) follow(turn, target, observe(target, statusOf(process)));
}
