/**
 * An operation over three hosts, and a daemon that dies at the worst moment: as it is about to make
 * its n-th write durable. It is started again, and everybody must agree that every target was done
 * once (`kill-sweep/`). `SWEEP=all` takes every n, `SWEEP_SEED=…` repeats a sample.
 */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { chanceFrom } from './kill-loop/seeded.ts';
import { CONTROLLER, HOSTS, Stage, type Victim } from './kill-sweep/stage.ts';
import { playRound } from './kill-sweep/sweep.ts';
import { whyUntraceable } from './kill-sweep/tracer.ts';

const isWhole = process.env['SWEEP'] === 'all';
const seed = Number(process.env['SWEEP_SEED'] ?? Date.now() % 1_000_000);
const SAMPLE = 5;
const what = isWhole ? 'every durable write' : `${SAMPLE} durable writes (seed ${seed})`;
const skip = (await whyUntraceable()) ?? false;

interface Sweep {
  readonly victims: readonly [Victim, ...Victim[]];
  /** Where it is fewer, the writes are made elsewhere, and nobody would be killed. */
  readonly leastSyncs: number;
  /** What is started must run for so long. */
  readonly minHealthyMs?: number;
}

// Side by side: all of them mostly wait.
describe(`at ${what} of an operation`, { concurrency: true, skip }, () => {
  test('the controller is killed', (context) =>
    sweep(context, { victims: [CONTROLLER], leastSyncs: 5 }));

  test('an agent is killed', (context) => sweep(context, { victims: HOSTS, leastSyncs: 4 }));

  test('an agent is killed, also while it watches what it has started', (context) =>
    sweep(context, { victims: HOSTS, leastSyncs: 6, minHealthyMs: 200 }));
});

async function sweep(
  context: TestContext,
  { victims, leastSyncs, minHealthyMs = 0 }: Sweep,
): Promise<void> {
  using stage = await Stage.open(minHealthyMs);
  const { syncs } = await playRound(stage, victims[0], null);
  context.diagnostic(`${syncs} durable writes where nobody is killed`);
  assert.ok(syncs >= leastSyncs, 'they are not seen');
  const play = async (victim: Victim, killAt: number): Promise<boolean> => {
    const { wasKilled } = await playRound(stage, victim, killAt);
    context.diagnostic(`${victim}: ${wasKilled ? 'killed at' : 'outlived'} ${killAt}`);
    return wasKilled;
  };
  const kills = isWhole
    ? await everyMoment(victims, syncs, play)
    : await sample(victims, syncs, play);
  // How many writes become one commit is a matter of chance, so the last may come too late.
  const least = isWhole ? syncs - 2 : Math.min(syncs, SAMPLE) - 2;
  assert.ok(kills >= least, `only ${kills} were killed`);
}

type Play = (victim: Victim, killAt: number) => Promise<boolean>;

/** One of each stripe of the operation; whose turn it is goes round. */
async function sample(victims: Sweep['victims'], syncs: number, play: Play): Promise<number> {
  const chance = chanceFrom(seed);
  let kills = 0;
  for (let stripe = 0; stripe < SAMPLE; stripe += 1) {
    const first = Math.floor((stripe * syncs) / SAMPLE);
    const end = Math.floor(((stripe + 1) * syncs) / SAMPLE);
    const killAt = 1 + first + chance.below(Math.max(1, end - first));
    const victim = victims[stripe % victims.length] ?? victims[0];
    if (await play(victim, killAt)) kills += 1;
  }
  return kills;
}

/** Until the operation is over before, whoever would be killed. */
async function everyMoment(victims: Sweep['victims'], syncs: number, play: Play): Promise<number> {
  let kills = 0;
  let before = -1;
  for (let killAt = 1; killAt <= syncs || kills > before; killAt += 1) {
    before = kills;
    for (const victim of victims) if (await play(victim, killAt)) kills += 1;
  }
  return kills;
}
