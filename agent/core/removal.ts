/** Takes a process that is configured no longer out of everything, once it has stopped. */
import type { ProcessName } from '../../proto/vocabulary.ts';
import { forgetMember } from './advance-sequence.ts';
import { emit } from './apply-process.ts';
import { isUp } from './configuration.ts';
import type { Turn } from './state.ts';
import { beginNext } from './targets.ts';

/** It goes at once where it is down. Stopping it is for others to decide. */
export function retire(turn: Turn, name: ProcessName): void {
  turn.state = { ...turn.state, retired: new Set(turn.state.retired).add(name) };
  removeIfGone(turn, name);
}

/** It is configured again. */
export function reinstate(turn: Turn, name: ProcessName): void {
  const retired = new Set(turn.state.retired);
  retired.delete(name);
  turn.state = { ...turn.state, retired };
}

export function removeIfGone(turn: Turn, name: ProcessName): void {
  const process = turn.state.processes.get(name);
  if (process === undefined || !turn.state.retired.has(name) || isUp(process)) return;
  removeProcess(turn, name);
}

/** Nothing of it may run any more. Whoever still wants something of it is told that it is gone. */
export function removeProcess(turn: Turn, name: ProcessName): void {
  const process = turn.state.processes.get(name);
  if (process === undefined) return;
  reinstate(turn, name);
  turn.state = {
    ...turn.state,
    processes: turn.state.processes.without(name),
    firstTimerToken: Math.max(turn.state.firstTimerToken, process.timerToken + 1),
  };
  turn.writes.push({ kind: 'processRemoved', process: name });
  turn.effects.push({ kind: 'forget', process: name });
  emit(turn, { kind: 'processRemoved', process: name });
  forgetMember(turn, name);
  beginNext(turn, name);
}
