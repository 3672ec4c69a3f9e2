/**
 * The way that the targets of an operation go: stages, one after the other; in each lanes, side by
 * side; each lane a row of steps, one after the other. With `order: tier` all hosts share one lane,
 * so that a tier is finished everywhere before the next begins; with `order: host` each host has its
 * own and waits for nobody else in its batch.
 *
 *   tier   all   ──  wave 0: a/db b/db  ──►  wave 1: a/web b/web
 *   host   a     ──  wave 0: a/db       ──►  wave 1: a/web  ──┐
 *          b     ──  wave 0: b/db       ──►  wave 1: b/web  ──┴►  c  ──  wave 2: c/db  ──►  …
 */

import type { OperationFacts, Target } from '../../proto/operation.ts';
import { targetKey } from '../../proto/target.ts';
import type { HostId } from '../../proto/vocabulary.ts';

export type LaneKey = string;

/** A host cannot be called so: names in certificates have no blanks. */
const ALL_HOSTS: LaneKey = 'all hosts';

/** The part of a wave that belongs to one lane. */
export interface LaneStep {
  readonly wave: number;
  /** Positions of its targets in the operation. */
  readonly members: readonly number[];
}

/** Follows from the plan alone, so it never changes while the operation is carried out. */
export interface Layout {
  readonly stages: readonly (readonly LaneKey[])[];
  readonly lanes: ReadonlyMap<LaneKey, readonly LaneStep[]>;
  readonly ofHost: ReadonlyMap<HostId, readonly number[]>;
  /** By `targetKey`. */
  readonly positions: ReadonlyMap<string, number>;
}

/** Of an operation that goes nowhere any more. */
export const NOWHERE: Layout = {
  stages: [],
  lanes: new Map(),
  ofHost: new Map(),
  positions: new Map(),
};

export function layoutOf(facts: OperationFacts, targets: Iterable<Target>): Layout {
  const lanes = new Map<LaneKey, Map<number, number[]>>();
  const stages: Set<LaneKey>[] = [];
  const ofHost = new Map<HostId, number[]>();
  const positions = new Map<string, number>();
  let position = 0;
  for (const target of targets) {
    const lane = laneOf(facts, target);
    positions.set(targetKey(target.host, target.process), position);
    append(ofHost, target.host, position);
    const waves = lanes.get(lane) ?? new Map<number, number[]>();
    lanes.set(lane, waves);
    if (target.stopWave !== null) append(waves, target.stopWave, position);
    append(waves, target.wave, position);
    const stage = stageOf(facts, target);
    stages[stage] = (stages[stage] ?? new Set()).add(lane);
    position += 1;
  }
  return {
    stages: Array.from(stages, (stage) => [...(stage ?? [])]),
    lanes: new Map([...lanes].map(([key, waves]) => [key, inOrder(waves)])),
    ofHost,
    positions,
  };
}

export function laneOf({ order }: OperationFacts, { host }: Pick<Target, 'host'>): LaneKey {
  switch (order) {
    case 'tier':
      return ALL_HOSTS;
    case 'host':
      return host;
  }
}

function stageOf({ order, waves }: OperationFacts, { wave }: Target): number {
  switch (order) {
    case 'tier':
      return 0;
    case 'host':
      return waves[wave]?.batch ?? 0;
  }
}

function inOrder(waves: ReadonlyMap<number, readonly number[]>): readonly LaneStep[] {
  return [...waves]
    .sort(([left], [right]) => left - right)
    .map(([wave, members]) => ({ wave, members }));
}

function append<Key>(lists: Map<Key, number[]>, key: Key, value: number): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
