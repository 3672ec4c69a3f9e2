/**
 * What of an operation begins now: the next step of a lane, the next stage, and what was held up when
 * its wave began. Nothing does while the operation is not `running`.
 */
import type { OperationFacts, Target } from '../../proto/operation.ts';
import { currentWave, isInFlight, isOpen } from '../../proto/target.ts';
import type { HostId } from '../../proto/vocabulary.ts';
import { type Draft, laneIn, replace, targetIn } from './execution.ts';
import { FRESH_LANE } from './found-lanes.ts';
import { type LaneKey, laneOf } from './lanes.ts';

/** Begins what may begin in these lanes, and the stages after them, until there is something to wait for. */
export function advance(draft: Draft, lanes: Iterable<LaneKey>): void {
  for (const lane of lanes) advanceLane(draft, lane);
  const { stages } = draft.before.layout;
  while (isRunning(draft) && draft.openLanes === 0 && !isHeldUp(draft)) {
    const next = stages[draft.stage + 1];
    if (next === undefined || mustRest(draft, draft.stage + 1)) return;
    draft.stage += 1;
    draft.openLanes = next.length;
    for (const lane of next) draft.lanes.set(lane, FRESH_LANE);
    for (const lane of next) advanceLane(draft, lane);
  }
}

/** All that have begun, in stages that are not over. */
export function lanesUnderWay({ before, stage }: Draft): readonly LaneKey[] {
  return before.layout.stages[stage] ?? [];
}

const isRunning = ({ facts }: Draft): boolean => facts.state === 'running';

function advanceLane(draft: Draft, key: LaneKey): void {
  const steps = draft.before.layout.lanes.get(key) ?? [];
  while (isRunning(draft)) {
    const lane = laneIn(draft, key);
    if (lane === null || lane.isThrough || lane.waitingFor > 0) return;
    const index = lane.step + 1;
    const step = steps[index];
    if (step === undefined) {
      draft.lanes.set(key, { ...lane, isThrough: true });
      draft.openLanes -= 1;
      return;
    }
    // With a lane for each host the batches are stages.
    if (draft.facts.order === 'tier' && (isHeldUp(draft) || mustRest(draft, step.wave))) return;
    draft.lanes.set(key, { ...lane, step: index });
    for (const position of step.members) dispatch(draft, position, step.wave);
    waitForStep(draft, key);
  }
}

/** In batches nothing more begins while somebody is under way, in whichever wave that belongs. */
function isHeldUp({ facts, inFlight, overdue }: Draft): boolean {
  return inFlight > overdue && isDivided(facts);
}

/** @returns whether the wait between two batches stands before what comes next */
function mustRest(draft: Draft, at: number): boolean {
  switch (draft.rest.kind) {
    case 'unneeded':
      return false;
    case 'waiting':
      return true;
    case 'due': {
      draft.rest = { kind: 'waiting', at };
      const delayMs = draft.facts.strategy.batchWaitMs;
      draft.timers.push({ timer: { kind: 'batchWait', at }, delayMs });
      return true;
    }
  }
}

function dispatch(draft: Draft, position: number, wave: number): void {
  const target = targetIn(draft, position);
  if (target.state !== 'pending' || currentWave(target) !== wave) return;
  replace(draft, position, { ...target, state: 'dispatched', dispatchedAtMs: draft.at.wallMs });
  draft.dispatched.add(position);
  if (draft.facts.strategy.batchWaitMs > 0 && draft.rest.kind === 'unneeded') {
    draft.rest = { kind: 'due' };
  }
}

/** A step that is under way is waited for, but not for ever; after a restart of the controller afresh. */
export function waitForStep(draft: Draft, key: LaneKey): void {
  const lane = laneIn(draft, key);
  if (lane === null || lane.waitingFor === 0) return;
  const wave = draft.before.layout.lanes.get(key)?.[lane.step]?.wave;
  if (wave === undefined) return;
  const delayMs = draft.facts.waves[wave]?.waitMs ?? 0;
  draft.timers.push({ timer: { kind: 'waveWait', lane: key, wave }, delayMs });
}

/**
 * Begins what a host could not take on when its wave began: it was away, or its stop took longer than
 * it was waited for. Each host keeps the order of its own waves; and where there are batches, who
 * belongs to another one than what is under way waits until that is over.
 */
export function catchUp(draft: Draft): void {
  const { fullStop, strategy } = draft.facts;
  if (!isRunning(draft) || !(fullStop || strategy.offline.kind === 'queue')) return;
  const due = [...draft.stragglers].flatMap((host) => dueOn(draft, host));
  const chosen = isDivided(draft.facts) ? ofOneBatch(draft, due) : due;
  const positions = new Set(chosen.map(({ position }) => position));
  const others = due.filter(({ position }) => !positions.has(position));
  draft.heldBack = [...new Set(others.map(({ position }) => targetIn(draft, position).host))];
  for (const { position, wave } of chosen) dispatch(draft, position, wave);
  waitForLate(draft, [...positions]);
}

interface Due {
  readonly position: number;
  readonly wave: number;
}

/** Targets of waves that have begun, of the first wave that is open on their host. */
function dueOn(draft: Draft, host: HostId): readonly Due[] {
  const positions = draft.before.layout.ofHost.get(host) ?? [];
  const open = positions
    .map((position) => ({ position, target: targetIn(draft, position) }))
    .filter(({ target }) => isOpen(target) && !target.overdue)
    .map(({ position, target }) => ({ position, target, wave: currentWave(target) }));
  const first = open.reduce((least, { wave }) => Math.min(least, wave), Infinity);
  return open.filter(
    ({ target, wave }) =>
      target.state === 'pending' && wave === first && hasBegun(draft, host, wave),
  );
}

/** Those of the batch that is under way, or else of the first one; and what is down comes up at once. */
function ofOneBatch(draft: Draft, allDue: readonly Due[]): readonly Due[] {
  const isDown = ({ position }: Due): boolean => targetIn(draft, position).stopped;
  const due = allDue.filter((one) => !isDown(one));
  if (due.length === 0) return allDue;
  const batchOf = (wave: number): number =>
    draft.facts.order === 'host' ? (draft.facts.waves[wave]?.batch ?? 0) : wave;
  const busy = targetsUnderWay(draft).map((target) => batchOf(currentWave(target)));
  const batch =
    busy[0] ?? due.reduce((least, { wave }) => Math.min(least, batchOf(wave)), Infinity);
  const chosen = busy.some((one) => one !== batch)
    ? []
    : due.filter(({ wave }) => batchOf(wave) === batch);
  return [...allDue.filter(isDown), ...chosen];
}

function targetsUnderWay(draft: Draft): readonly Target[] {
  if (draft.inFlight === draft.overdue) return [];
  const { size } = draft.before.targets;
  return Array.from({ length: size }, (_, position) => targetIn(draft, position)).filter(
    (target) => isInFlight(target) && !target.overdue,
  );
}

/** They were not there when their wave began to be waited for, so they have a wait of their own. */
export function waitForLate(draft: Draft, positions: readonly number[]): void {
  if (positions.length === 0) return;
  draft.lateGroups += 1;
  const group = draft.lateGroups;
  draft.late = new Map([
    ...draft.late,
    ...positions.map((position): readonly [number, number] => [position, group]),
  ]);
  const waits = positions.map((position) => {
    const wave = draft.facts.waves[currentWave(targetIn(draft, position))];
    return wave?.waitMs ?? 0;
  });
  const delayMs = waits.reduce((longest, waitMs) => Math.max(longest, waitMs), 0);
  draft.timers.push({ timer: { kind: 'lateWait', group }, delayMs });
}

/** After a restart of the controller: those that are under way beside the steps of their lanes. */
export function waitForStragglers(draft: Draft): void {
  const positions: number[] = [];
  for (let position = 0; position < draft.before.targets.size; position += 1) {
    const target = targetIn(draft, position);
    const key = laneOf(draft.facts, target);
    const step = laneIn(draft, key)?.step ?? -1;
    const wave = draft.before.layout.lanes.get(key)?.[step]?.wave;
    const isAside = currentWave(target) !== wave;
    if (isInFlight(target) && !target.overdue && isAside) positions.push(position);
  }
  waitForLate(draft, positions);
}

/** Somebody wanted no more than a part of it at a time. */
export function isDivided({ waves }: OperationFacts): boolean {
  return waves.some(({ batches }) => batches > 1);
}

function hasBegun(draft: Draft, host: HostId, wave: number): boolean {
  const key = laneOf(draft.facts, { host });
  const lane = laneIn(draft, key);
  const begun = lane && draft.before.layout.lanes.get(key)?.[lane.step]?.wave;
  return begun !== null && begun !== undefined && wave <= begun;
}
