/** Takes a process that has stopped, and is configured no longer, out of everything. */
import type { ProcessName } from '../../proto/vocabulary.ts';
import { forgetMember } from './advance-sequence.ts';
import { emit } from './apply-process.ts';
import type { Turn } from './state.ts';

/** Nothing of it may run any more. */
export function removeProcess(turn: Turn, name: ProcessName): void {
  const { processes, retired } = turn.state;
  if (processes.get(name) === undefined) return;
  turn.state = {
    ...turn.state,
    processes: processes.without(name),
    retired: new Set([...retired].filter((held) => held !== name)),
  };
  turn.writes.push({ kind: 'processRemoved', process: name });
  turn.effects.push({ kind: 'forget', process: name });
  emit(turn, { kind: 'processRemoved', process: name });
  forgetMember(turn, name);
}
