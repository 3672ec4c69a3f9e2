/**
 * What of an operation begins now: the next step of a lane, the next stage, and what was held up when
 * its wave began. Nothing does while the operation is not `running`.
 */
import { currentWave, isOpen } from '../../proto/target.ts';
import type { HostId } from '../../proto/vocabulary.ts';
import { type Draft, laneIn, replace, targetIn } from './execution.ts';
import { FRESH_LANE } from './found-lanes.ts';
import { type LaneKey, laneOf } from './lanes.ts';

/** Begins what may begin in these lanes, and the stages after them, until there is something to wait for. */
export function advance(draft: Draft, lanes: Iterable<LaneKey>): void {
  for (const lane of lanes) advanceLane(draft, lane);
  const { stages } = draft.before.layout;
  while (isRunning(draft) && draft.openLanes === 0) {
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
    if (draft.facts.order === 'tier' && mustRest(draft, step.wave)) return;
    draft.lanes.set(key, { ...lane, step: index });
    for (const position of step.members) dispatch(draft, position, step.wave);
    waitForStep(draft, key);
  }
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
 * Begins what its host could not take on when its wave began: it was away, or its stop took longer
 * than it was waited for. It keeps the order of its own waves.
 */
export function catchUp(draft: Draft, host: HostId): void {
  const { fullStop, strategy } = draft.facts;
  if (!isRunning(draft) || !(fullStop || strategy.offline.kind === 'queue')) return;
  const positions = draft.before.layout.ofHost.get(host) ?? [];
  const open = positions
    .map((position) => ({ position, target: targetIn(draft, position) }))
    .filter(({ target }) => isOpen(target) && !target.overdue);
  const first = open.reduce((wave, { target }) => Math.min(wave, currentWave(target)), Infinity);
  for (const { position, target } of open) {
    const wave = currentWave(target);
    if (wave === first && hasBegun(draft, target.host, wave)) dispatch(draft, position, wave);
  }
}

function hasBegun(draft: Draft, host: HostId, wave: number): boolean {
  const key = laneOf(draft.facts, { host });
  const lane = laneIn(draft, key);
  const begun = lane && draft.before.layout.lanes.get(key)?.[lane.step]?.wave;
  return begun !== null && begun !== undefined && wave <= begun;
}
