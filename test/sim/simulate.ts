/** One seed from its beginning to its end. */
import { FleetWorld } from './fleet-world.ts';

export interface SimulationResult {
  /** Of everything that happened. */
  readonly hash: string;
  readonly hosts: number;
  readonly operations: number;
  readonly steps: number;
  readonly virtualMs: number;
  readonly error: Error | null;
}

export async function simulate(
  seed: number,
  print: ((line: string) => void) | null = null,
): Promise<SimulationResult> {
  using world = new FleetWorld(seed, print);
  let error: Error | null = null;
  try {
    await world.run();
  } catch (caught) {
    error = caught instanceof Error ? caught : new Error(String(caught));
  }
  return {
    hash: world.trace.digest(),
    hosts: world.scenario.hosts,
    operations: world.operators.submitted,
    steps: world.trace.steps,
    virtualMs: Math.round(world.time.nowMs),
    error,
  };
}
