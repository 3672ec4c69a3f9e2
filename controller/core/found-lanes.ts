/**
 * How far an operation has come, worked out from its targets alone, as they were stored: the books of
 * an execution are never written, so they cannot contradict what is.
 */
import type { OperationFacts, Target } from '../../proto/operation.ts';
import { PersistentMap } from '../../proto/persistent-map.ts';
import { currentWave, isInFlight } from '../../proto/target.ts';
import type { Cursor } from './execution.ts';
import type { LaneKey, LaneStep, Layout } from './lanes.ts';
import { isAwaitedIn } from './target.ts';

/** How far one lane has come. */
export interface Lane {
  /** The step begun last; -1 before the first. */
  readonly step: number;
  /** Targets of that step that are in flight and not overdue. */
  readonly waitingFor: number;
  /** Its last step was over once. */
  readonly isThrough: boolean;
}

export const FRESH_LANE: Lane = { step: -1, waitingFor: 0, isThrough: false };

export function booksAsFound(
  facts: OperationFacts,
  layout: Layout,
  targets: readonly Target[],
): Cursor & { readonly lanes: PersistentMap<LaneKey, Lane> } {
  const stage = layout.stages.findLastIndex((lanes) =>
    lanes.some((lane) => lastBegun(layout.lanes.get(lane) ?? [], targets) >= 0),
  );
  const lanes = layout.stages.slice(0, stage + 1).flatMap((keys, index) =>
    keys.map((key): readonly [LaneKey, Lane] => {
      const steps = layout.lanes.get(key) ?? [];
      // A stage is left when each of its lanes is through, whoever is late in one of them.
      const isThrough = index < stage;
      const step = isThrough ? steps.length - 1 : lastBegun(steps, targets);
      return [key, { step, waitingFor: awaitedIn(facts, steps[step], targets), isThrough }];
    }),
  );
  const openLanes = lanes.filter(([, { isThrough }]) => !isThrough).length;
  // How much of a wait between batches is over is not known: it is waited for anew.
  const isRestDue = stage >= 0 && facts.strategy.batchWaitMs > 0;
  const rest = { kind: isRestDue ? 'due' : 'unneeded' } as const;
  return { stage, openLanes, rest, lanes: PersistentMap.of(lanes) };
}

function awaitedIn(
  facts: OperationFacts,
  step: LaneStep | undefined,
  targets: readonly Target[],
): number {
  if (step === undefined) return 0;
  const members = membersOf(step, targets);
  return members.filter((target) => isAwaitedIn(facts, step.wave, target)).length;
}

function lastBegun(steps: readonly LaneStep[], targets: readonly Target[]): number {
  return steps.findLastIndex((step) =>
    membersOf(step, targets).some((target) => hasBegun(step.wave, target)),
  );
}

function membersOf({ members }: LaneStep, targets: readonly Target[]): readonly Target[] {
  return members.map((position) => targets[position] as Target);
}

function hasBegun(wave: number, target: Target): boolean {
  if (target.stopped && target.stopWave === wave) return true;
  const wasSent = isInFlight(target) || target.dispatchedAtMs !== null;
  if (target.state === 'pending' || target.state === 'waiting') return false;
  return wasSent && currentWave(target) === wave;
}
