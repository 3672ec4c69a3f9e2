/**
 * Takes a process that is configured no longer out of everything, once it has stopped. Until then it
 * is retired: it is still shown and can be stopped, but nothing starts it any more.
 */
import type { ProcessName } from '../../proto/vocabulary.ts';
import { forgetMember } from './advance-sequence.ts';
import { emit } from './apply-process.ts';
import { settle } from './carry-out-targets.ts';
import { releaseStart } from './dependencies.ts';
import { giveUpStart } from './held-starts.ts';
import { isUp } from './process.ts';
import { isRetired, type Turn } from './state.ts';
import { activeTarget } from './target-records.ts';
import { NO_LONGER_CONFIGURED } from './verdict.ts';

/** It goes at once where it is down. Stopping it is for others to decide. */
export function retire(turn: Turn, name: ProcessName): void {
  turn.state = { ...turn.state, retired: turn.state.retired.with(name, true) };
  giveUpStart(turn, name);
  removeIfGone(turn, name);
}

/** It is configured again. */
export function reinstate(turn: Turn, name: ProcessName): void {
  turn.state = { ...turn.state, retired: turn.state.retired.without(name) };
}

export function removeIfGone(turn: Turn, name: ProcessName): void {
  const process = turn.state.processes.get(name);
  if (process === undefined || !isRetired(turn.state, name) || isUp(process)) return;
  removeProcess(turn, name);
}

/** Nothing of it may run any more. */
export function removeProcess(turn: Turn, name: ProcessName): void {
  const process = turn.state.processes.get(name);
  if (process === undefined) return;
  reinstate(turn, name);
  releaseStart(turn, name);
  turn.state = {
    ...turn.state,
    processes: turn.state.processes.without(name),
    firstTimerToken: Math.max(turn.state.firstTimerToken, process.timerToken + 1),
  };
  turn.writes.push({ kind: 'processRemoved', process: name });
  turn.effects.push({ kind: 'forget', process: name });
  emit(turn, { kind: 'processRemoved', process: name });
  turn.prospects.push(name);
  forgetMember(turn, name);
  // Down, and still to be started: it had waited for others.
  const target = activeTarget(turn, name);
  if (target?.phase === 'starting') settle(turn, target, NO_LONGER_CONFIGURED);
}
