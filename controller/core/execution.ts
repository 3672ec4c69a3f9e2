/**
 * The bookkeeping behind `operation.ts`: an operation with what must be found at once while it is
 * carried out, and the draft in which one step of it is put together. Targets change in `replace`
 * alone, so that the counts cannot disagree with them.
 */

import type { Operation, OperationFacts, Target } from '../../proto/operation.ts';
import { PersistentMap } from '../../proto/persistent-map.ts';
import { currentWave, isInFlight, isOpen } from '../../proto/target.ts';
import { type LaneKey, type LaneStep, type Layout, laneOf, layoutOf } from './lanes.ts';
import { PersistentList } from './persistent-list.ts';

/** An operation with what its execution needs to find at once. */
export interface Execution {
  readonly facts: OperationFacts;
  readonly targets: PersistentList<Target>;
  readonly layout: Layout;
  readonly lanes: PersistentMap<LaneKey, Lane>;
  readonly inFlight: number;
  /**
   * A target failed or its host was lost: no further wave begins (`--max-errors 0`,
   * `--max-unreachable 0`). Hosts that were away when the plan was made do not count.
   */
  readonly mustStop: boolean;
}

/** How far one lane has come. */
interface Lane {
  /** The step begun last; -1 before the first. */
  readonly step: number;
  /** Targets of that step that are in flight and not overdue. */
  readonly waitingFor: number;
}

export interface OperationStep {
  readonly execution: Execution;
  /** The targets that changed, as they are now. */
  readonly changed: readonly Target[];
  /** Those of which only the looks changed: shown to who watches, not stored. */
  readonly observed: readonly Target[];
  /** Those among the changed that are to be sent to their hosts. */
  readonly dispatch: readonly Target[];
  /** Waves that began and are waited for no longer than this. */
  readonly timers: readonly WaveTimer[];
}

export interface WaveTimer {
  readonly lane: LaneKey;
  readonly wave: number;
  readonly delayMs: number;
}

/** The whole, for those who ask; making it costs as much as it has targets. */
export function operationOf({ facts, targets }: Execution): Operation {
  return { ...facts, targets: [...targets] };
}

/** Takes up an operation: a new one, or one that an earlier controller left running. */
export function executionOf({ targets, ...facts }: Operation, mustStop: boolean): Execution {
  const layout = facts.endedAtMs === null ? layoutOf(facts, targets) : NOWHERE;
  const lanes = [...layout.lanes].map(
    ([key, steps]) => [key, laneAsFound(facts, steps, targets)] as const,
  );
  return {
    facts,
    targets: PersistentList.of(targets),
    layout,
    lanes: PersistentMap.of(lanes),
    inFlight: targets.filter(isInFlight).length,
    mustStop,
  };
}

/** Ended operations are kept for a day: without what only their way here needed. */
const NOWHERE: Layout = { lanes: new Map(), ofHost: new Map(), positions: new Map() };
const AT_REST: Pick<Execution, 'layout' | 'lanes'> = {
  layout: NOWHERE,
  lanes: PersistentMap.of<LaneKey, Lane>([]),
};

/** Mutable only while one step is made. */
export interface Draft {
  readonly before: Execution;
  facts: OperationFacts;
  inFlight: number;
  mustStop: boolean;
  /** Those that moved. */
  readonly lanes: Map<LaneKey, Lane>;
  /** By position; what is not in it is as it was. */
  readonly changed: Map<number, Target>;
  readonly dispatched: Set<number>;
  readonly timers: WaveTimer[];
}

export function draftOf(execution: Execution): Draft {
  const { facts, inFlight, mustStop } = execution;
  const moves = { lanes: new Map(), changed: new Map(), dispatched: new Set<number>(), timers: [] };
  return { before: execution, facts, inFlight, mustStop, ...moves };
}

export function finished(draft: Draft): OperationStep {
  const { before, facts, inFlight, mustStop, changed, dispatched, timers } = draft;
  const targets = before.targets.withAll(changed);
  let { lanes } = before;
  for (const [key, lane] of draft.lanes) lanes = lanes.with(key, lane);
  const execution = { ...before, facts, targets, lanes, inFlight, mustStop };
  return {
    execution: facts.endedAtMs === null ? execution : { ...execution, ...AT_REST },
    changed: [...changed.values()],
    observed: [],
    dispatch: [...dispatched].map((position) => targets.at(position)),
    timers,
  };
}

/** Begins the steps that may begin, until there is something to wait for. */
export function advance(draft: Draft, lane: LaneKey): void {
  const steps = draft.before.layout.lanes.get(lane) ?? [];
  while (!draft.mustStop && laneIn(draft, lane).waitingFor === 0) {
    const index = laneIn(draft, lane).step + 1;
    const step = steps[index];
    if (step === undefined) return;
    draft.lanes.set(lane, { step: index, waitingFor: 0 });
    for (const position of step.members) dispatch(draft, position, step.wave);
    if (laneIn(draft, lane).waitingFor > 0) draft.timers.push(timerOf(draft, lane, step.wave));
  }
}

function dispatch(draft: Draft, position: number, wave: number): void {
  const target = targetIn(draft, position);
  if (target.state !== 'pending' || currentWave(target) !== wave) return;
  replace(draft, position, { ...target, state: 'dispatched' });
  draft.dispatched.add(position);
}

/** The one place where a target changes. */
export function replace(draft: Draft, position: number, next: Target): void {
  const before = targetIn(draft, position);
  draft.changed.set(position, next);
  draft.inFlight += Number(isInFlight(next)) - Number(isInFlight(before));
  const lane = laneOf(draft.facts, next);
  const { step, waitingFor } = laneIn(draft, lane);
  const wave = draft.before.layout.lanes.get(lane)?.[step]?.wave;
  if (wave !== undefined) {
    const { facts } = draft;
    const more = Number(isAwaitedIn(facts, wave, next)) - Number(isAwaitedIn(facts, wave, before));
    if (more !== 0) draft.lanes.set(lane, { step, waitingFor: waitingFor + more });
  }
  if (!isOpen(next) && next.state !== 'succeeded') draft.mustStop = true;
  // Its stop was overdue, and the wave of its start has begun without it.
  const isLate = next.state === 'pending' && wave !== undefined && next.wave <= wave;
  if (isLate && !draft.mustStop) dispatch(draft, position, next.wave);
}

/** Nobody waits in a wave whose longest wait is none (`tier_wait = 0`), so nobody is late in it. */
export function isAwaitedIn({ waves }: OperationFacts, wave: number, target: Target): boolean {
  const isWaitedFor = waves[wave]?.waitMs !== 0;
  return isWaitedFor && isInFlight(target) && !target.overdue && currentWave(target) === wave;
}

/** What was never begun stays so: after a failure, or where nothing could be attempted. */
export function end(draft: Draft, wallMs: number): void {
  let succeeded = 0;
  for (let position = 0; position < draft.before.targets.size; position += 1) {
    const target = targetIn(draft, position);
    if (target.state === 'succeeded') succeeded += 1;
    if (target.state === 'pending') draft.changed.set(position, notAttempted(target));
  }
  const state = succeeded === draft.before.targets.size ? 'succeeded' : 'failed';
  draft.facts = { ...draft.facts, state, endedAtMs: wallMs };
}

function notAttempted(target: Target): Target {
  const error = target.stopped
    ? 'it was stopped and not started again, because the operation stopped early'
    : null;
  return { ...target, state: 'not-attempted', error };
}

/** From the targets alone, as they were stored. */
function laneAsFound(
  facts: OperationFacts,
  steps: readonly LaneStep[],
  targets: readonly Target[],
): Lane {
  const membersOf = ({ members }: LaneStep) =>
    members.map((position) => targets[position] as Target);
  const step = steps.findLastIndex((each) =>
    membersOf(each).some((target) => hasBegun(each.wave, target)),
  );
  const found = steps[step];
  if (found === undefined) return { step: -1, waitingFor: 0 };
  const awaited = membersOf(found).filter((target) => isAwaitedIn(facts, found.wave, target));
  return { step, waitingFor: awaited.length };
}

function hasBegun(wave: number, target: Target): boolean {
  if (target.state === 'pending') return target.stopped && target.stopWave === wave;
  return isInFlight(target) && currentWave(target) === wave;
}

/** After a restart of the controller: a wave that is under way is waited for afresh. */
export function waitAgain(draft: Draft, lane: LaneKey): void {
  const { step, waitingFor } = laneIn(draft, lane);
  const found = draft.before.layout.lanes.get(lane)?.[step];
  if (found !== undefined && waitingFor > 0) draft.timers.push(timerOf(draft, lane, found.wave));
}

function timerOf(draft: Draft, lane: LaneKey, wave: number): WaveTimer {
  return { lane, wave, delayMs: draft.facts.waves[wave]?.waitMs ?? 0 };
}

function laneIn(draft: Draft, lane: LaneKey): Lane {
  return draft.lanes.get(lane) ?? draft.before.lanes.get(lane) ?? { step: -1, waitingFor: 0 };
}

function targetIn(draft: Draft, position: number): Target {
  return draft.changed.get(position) ?? draft.before.targets.at(position);
}
