/** A whole fleet in one process and in virtual time (`test/sim/fleet-world.ts`), seed by seed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simulate } from '../sim/simulate.ts';

/** `FLEET_SEEDS=201-5000` looks further; `201-` goes on until it is stopped. */
const [first = '1', last = first] = (process.env['FLEET_SEEDS'] ?? '1-200').split('-');
const lastSeed = last === '' ? Number.POSITIVE_INFINITY : Number(last);

/** Each found something once. */
const REMEMBERED: ReadonlyMap<number, string> = new Map([
  [63, 'a command is ignored as late in a session that goes on, and waited for for ever'],
  [
    100,
    'an operation that waits overtakes the one that it waits for, by a restart of the controller',
  ],
]);

test('whatever happens to a fleet, nothing is done twice, and in the end everybody knows the same', async () => {
  let operations = 0;
  for (let seed = Number(first); seed <= lastSeed; seed += 1) {
    operations += await livesThrough(seed);
    if (seed % 100 === 0) console.log(`${seed - Number(first) + 1} seeds`);
  }
  assert.ok(operations > lastSeed - Number(first), 'too tame');
});

/** Those that the first test has not just been through. */
const others = [...REMEMBERED].filter(([seed]) => seed < Number(first) || seed > lastSeed);
for (const [seed, what] of others) {
  test(`seed ${seed} does not find it any more: ${what}`, async () => {
    await livesThrough(seed);
  });
}

test('the same seed is the same life, to the last byte', async () => {
  for (const seed of [3, 8, 11]) {
    const [one, other] = [await simulate(seed), await simulate(seed)];
    assert.deepEqual(one, other);
  }
  const [one, other] = [await simulate(3), await simulate(4)];
  assert.notEqual(one.hash, other.hash);
});

async function livesThrough(seed: number): Promise<number> {
  const { error, operations } = await simulate(seed);
  if (error === null) return operations;
  throw new Error(`seed ${seed} (npm run sim -- --seed ${seed} --verbose): ${error.message}`, {
    cause: error,
  });
}
