/**
 * Where a target stands: its record, which is durable before anything is done about it, and whether
 * its wanted state is watched. The queues are `carry-out-targets.ts`'s.
 */
import type { ProcessName, TargetOutcome } from '../../proto/vocabulary.ts';
import { emit } from './apply-process.ts';
import { type Turn, targetKey } from './state.ts';
import type { TargetPhase, TargetRecord, Watch } from './target.ts';

/** The one that is being carried out. */
export function activeTarget(turn: Turn, name: ProcessName): TargetRecord | undefined {
  const key = turn.state.queues.get(name)?.[0];
  return key === undefined ? undefined : turn.state.targets.get(key);
}

export function save(turn: Turn, target: TargetRecord): void {
  const targets = turn.state.targets.with(targetKey(target), target);
  turn.state = { ...turn.state, targets };
  turn.writes.push({ kind: 'target', target });
}

export function saveIfMoved(turn: Turn, target: TargetRecord, phase: TargetPhase): void {
  if (target.phase !== phase) save(turn, { ...target, phase });
}

/** Beside the queue, so that whatever is ordered later does not wait for it. */
export function beginWatch(turn: Turn, target: TargetRecord, watch: Watch): void {
  const { operationId, verb, process } = target;
  const { watched } = turn.state;
  save(turn, { ...target, phase: 'verifying', watch });
  const others = watched.get(process) ?? [];
  turn.state = { ...turn.state, watched: watched.with(process, [...others, targetKey(target)]) };
  emit(turn, { kind: 'targetVerifying', operationId, verb, process });
}

export function endWatch(turn: Turn, target: TargetRecord): void {
  const { watched } = turn.state;
  const keys = watched.get(target.process);
  if (keys === undefined) return;
  const key = targetKey(target);
  const others = keys.filter((held) => held !== key);
  turn.state = {
    ...turn.state,
    watched:
      others.length === 0 ? watched.without(target.process) : watched.with(target.process, others),
  };
}

export function emitSettled(turn: Turn, target: TargetRecord, outcome: TargetOutcome): void {
  const { operationId, verb, process } = target;
  emit(turn, { kind: 'targetSettled', operationId, verb, process, outcome });
}
