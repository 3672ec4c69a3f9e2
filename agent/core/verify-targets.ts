/**
 * Watches whether what a target wanted holds for as long as was asked (`verification.ts` judges). Its
 * target stands in no queue meanwhile: what is ordered later is done at once, and is the break where
 * it brings one.
 */
import type { ProcessStatus } from '../../proto/vocabulary.ts';
import { settle } from './carry-out-targets.ts';
import { statusOf } from './process.ts';
import { type TargetKey, type Turn, targetKey } from './state.ts';
import type { TargetRecord, Watch } from './target.ts';
import { save } from './target-records.ts';
import { NO_LONGER_CONFIGURED, REBOOTED, SUCCEEDED } from './verdict.ts';
import { findBreak, heldMs } from './verification.ts';

/** A state that a process has entered, or what its health check has found. */
export function observeWatched(turn: Turn, status: ProcessStatus): void {
  for (const target of watchedOf(turn, status)) {
    const verdict = findBreak(target, status, turn.at);
    if (verdict !== null) settle(turn, target, verdict);
  }
}

/** A timer that comes too early is set again for the rest. */
export function noteWatchDue(turn: Turn, key: TargetKey): void {
  const target = turn.state.targets.get(key);
  if (target?.phase !== 'verifying') return;
  if (leftMs(turn, target) > 0) setTimer(turn, target);
  else endWell(turn, target);
}

/** What is left of it after a restart of the agent. A break meanwhile is a state entered at boot. */
export function resumeWatches(turn: Turn): void {
  for (const key of [...turn.state.watched.values()].flat()) {
    const target = turn.state.targets.get(key);
    if (target?.watch == null) continue;
    if (target.watch.sinceMonotonicMs !== null) setTimer(turn, target);
    else if (target.verb === 'stop') watchAnew(turn, target, target.watch);
    else settle(turn, target, REBOOTED);
  }
}

/** No clock tells how long the host was off. */
function watchAnew(turn: Turn, target: TargetRecord, watch: Watch): void {
  const renewed = { ...target, watch: { ...watch, sinceMonotonicMs: turn.at.monotonicMs } };
  save(turn, renewed);
  setTimer(turn, renewed);
}

function setTimer(turn: Turn, target: TargetRecord): void {
  const delayMs = Math.max(0, leftMs(turn, target));
  turn.effects.push({ kind: 'watchTimer', target: targetKey(target), delayMs });
}

function leftMs({ at }: Turn, target: TargetRecord): number {
  return target.minHealthyMs - heldMs(target, at);
}

function endWell(turn: Turn, target: TargetRecord): void {
  const process = turn.state.processes.get(target.process);
  if (process === undefined && target.verb !== 'stop') {
    return settle(turn, target, NO_LONGER_CONFIGURED);
  }
  // A check that came with a new configuration has not passed yet: it is watched from now on.
  const isUnproven = process !== undefined && statusOf(process).health === 'starting';
  if (isUnproven && target.verb !== 'stop' && target.watch !== null) {
    return watchAnew(turn, target, target.watch);
  }
  const isBroken = process === undefined ? null : findBreak(target, statusOf(process), turn.at);
  const { fault = null, note = null } = target.watch ?? {};
  settle(turn, target, isBroken ?? { ...SUCCEEDED, fault, note });
}

function watchedOf({ state }: Turn, { process }: ProcessStatus): readonly TargetRecord[] {
  return (state.watched.get(process) ?? []).flatMap((key) => state.targets.get(key) ?? []);
}
