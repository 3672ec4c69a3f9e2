/**
 * What a seed stands for: how large the fleet is, what runs on it, how unreliable everything is, and
 * how long it goes on.
 */
import type { ProcessDefinition } from '../../agent/core/definition.ts';
import { aDefinition } from '../fakes/agent-process.ts';
import type { AgentHabits } from './agent-life.ts';
import type { Temper } from './agent-programs.ts';
import type { Chance } from './chance.ts';
import type { ControllerHabits } from './simulated-controller.ts';

export interface Scenario {
  readonly hosts: number;
  readonly definitions: readonly ProcessDefinition[];
  readonly temper: Temper;
  readonly agents: AgentHabits;
  readonly controller: ControllerHabits;
  readonly latencyMaxMs: number;
  /** Things that happen before everything is healed. */
  readonly deeds: number;
  /** Of these so many in ten are faults; the others are what people do. */
  readonly faultsInTen: number;
}

const CALM: Temper = { failsToSpawn: 0, isStubborn: 0, endsEarly: 0 };
const TEMPERS: readonly Temper[] = [
  CALM,
  { failsToSpawn: 60, isStubborn: 30, endsEarly: 60 },
  { failsToSpawn: 20, isStubborn: 8, endsEarly: 15 },
  { failsToSpawn: 6, isStubborn: 4, endsEarly: 4 },
];

export function scenarioOf(seed: number, chance: Chance): Scenario {
  const hosts = fleetSize(seed, chance);
  const isLarge = hosts > 50;
  return {
    hosts,
    definitions: definitionsOf(chance, isLarge ? 1 : 1 + chance.below(5)),
    temper: chance.pick(TEMPERS),
    agents: {
      diesAtCommit: chance.pick([0, 0, 400, 100, 30]) * (isLarge ? 50 : 1),
      diesAtDeed: chance.pick([0, 0, 200, 50]) * (isLarge ? 50 : 1),
      commitMaxMs: chance.pick([0, 0, 2, 20]),
    },
    controller: {
      diesAtCommit: chance.pick([0, 0, 500, 100, 25]) * (isLarge ? 20 : 1),
      commitMaxMs: chance.pick([0, 0, 2, 20]),
      unreachableAfterMs: chance.pick([5_000, 30_000]),
    },
    latencyMaxMs: chance.pick([2, 20, 300]),
    deeds: deedsOf(chance, hosts),
    faultsInTen: chance.pick([0, 2, 5, 7]),
  };
}

/** Mostly few, where each counts; sometimes many, and once in a while very many. */
function fleetSize(seed: number, chance: Chance): number {
  if (seed % 1_000 === 150) return 1_000;
  if (seed % 100 === 25) return 100;
  return 3 + Math.min(chance.below(10), chance.below(10));
}

/** In a long life later orders cover up what earlier ones left wrong; in a short one little goes wrong. */
function deedsOf(chance: Chance, hosts: number): number {
  if (hosts >= 1_000) return 4;
  return hosts >= 100 ? 10 : 8 + chance.below(20);
}

/** A group of several, programs in tiers of their own, and what Supervisor's options change most. */
function definitionsOf(chance: Chance, count: number): readonly ProcessDefinition[] {
  const pool: readonly ProcessDefinition[] = [
    aDefinition('web', { groupPriority: 5, stopWaitMs: 3_000 }),
    aDefinition('db', { groupPriority: 1, autorestart: 'always' }),
    aDefinition('fast', { groupPriority: 5, startMs: 0, autorestart: 'always', stopWaitMs: 2_000 }),
    aDefinition('job', { groupPriority: 9, autostart: false, autorestart: 'never', tierWaitMs: 0 }),
    aDefinition('late', { groupPriority: 9, startMs: 5_000, tierWaitMs: 3_000 }),
  ];
  const rotated = chance.below(pool.length);
  return Array.from(
    { length: count },
    (_, index) => pool[(rotated + index) % pool.length] as ProcessDefinition,
  );
}
