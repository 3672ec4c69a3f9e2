/** One command line against a scripted controller, and the operations that several tests share. */
import assert from 'node:assert/strict';
import { runFleetctl } from '../../cli/run.ts';
import type { Operation } from '../../proto/operation.ts';
import { fakeWorld, type Surroundings } from './cli-environment.ts';
import {
  anOperation,
  aTarget,
  aWave,
  type FakeAnswers,
  fakeControl,
  whole,
} from './control-client.ts';

export interface Given extends FakeAnswers, Surroundings {}

export async function fleetctl(words: readonly string[], given: Given) {
  const control = fakeControl(given);
  const world = fakeWorld(control.client, given);
  const exitCode = await runFleetctl(words, world.environment);
  assert.equal(control.isClosed() || control.submitted.length === 0, true);
  return { ...control, ...world, exitCode, stdout: world.stdout(), stderr: world.stderr() };
}

/** Submitted and watched without any trouble. */
export function smoothly(operation: Operation): Given {
  const begun = { ...operation, state: 'running', endedAtMs: null } as const;
  return {
    plan: operation,
    submissions: [begun],
    views: [{ updates: [whole(operation)], ending: 'end' }],
  };
}

export const RESTART = ['restart', 'web', '--hosts', 'prod-*'];

export const twoWaves = anOperation({
  waves: [
    aWave(0, { groupPriority: 10, targets: 2 }),
    aWave(1, { groupPriority: 20, priority: 5 }),
  ],
  targets: [
    aTarget('prod-1', 'db', { oldPid: 17, newPid: 23, durationMs: 1_100 }),
    aTarget('prod-10', 'db', { newPid: 24, durationMs: 40 }),
    aTarget('prod-1', 'web:0', { wave: 1, oldPid: 5, newPid: 5 }),
  ],
});

export const onHosts = (count: number) =>
  anOperation({ targets: Array.from({ length: count }, (_, n) => aTarget(`prod-${n}`, 'web')) });
