/**
 * `--order tier` and `--order host` beside each other: whom a host that is held up holds up, from
 * what the programs themselves write down, and that a failure anywhere stops every host.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { Chronicle, type Moment } from './fleet/chronicle.ts';
import { createFleet, type Fleet, type OperationDocument, resultOf } from './fleet/harness.ts';
import { ended, operationOf, running, target } from './fleet/operations.ts';

const HOSTS = ['db-1', 'db-2'] as const;
const TIERS = ['low', 'mid', 'high'] as const;
const PRIORITIES = { low: 1, mid: 5, high: 10 } as const;

let fleet: Fleet;
let chronicle: Chronicle;

before(async () => {
  fleet = await createFleet();
  chronicle = new Chronicle(fleet);
  await fleet.startController();
  await Promise.all(
    HOSTS.map(async (host) => {
      const programs = [
        ...TIERS.map((name) =>
          chronicle.program(host, name, `priority = ${PRIORITIES[name]}`, 'startsecs = 0'),
        ),
        // A start of it that fails is one that is noticed.
        chronicle.program(host, 'frail', 'priority = 1', 'startsecs = 1', 'startretries = 0'),
        chronicle.program(host, 'aside', 'startsecs = 0'),
      ];
      await fleet.startAgent(host, { programs: programs.join('') });
      for (const name of ['frail', 'aside', ...TIERS]) await fleet.running(host, name);
    }),
  );
});

beforeEach(async () => {
  await chronicle.allUp();
  chronicle.begin();
});

after(() => fleet?.[Symbol.dispose]());

function assertTiersInOrderOn(hosts: readonly string[]): void {
  for (const [index, tier] of TIERS.entries()) {
    const next = TIERS[index + 1];
    if (next === undefined) continue;
    chronicle.assertAllBefore(
      hosts.map((host) => chronicle.at('gone', host, tier)),
      hosts.map((host) => chronicle.at('told', host, next)),
      `${tier} before ${next} on ${hosts}`,
    );
  }
}

test('--order host: a host that is held up holds up no other, and keeps its own order', async () => {
  using held = chronicle.hold('told', 'db-2', 'low');
  const fleetctl = await fleet.startFleetctl(
    ...['restart', ...TIERS, '--hosts', '@*', '--order', 'host', '-o', 'json'],
  );
  await fleet.until('db-1 is through', () => chronicle.has('started', 'db-1', 'high'));
  const id = await running(fleet);
  await target(fleet, { id, host: 'db-2', process: 'low' }, ({ state }) => state === 'accepted');
  assert.deepEqual(
    (await operationOf(fleet, id)).targets
      .filter(({ host }) => host === 'db-2')
      .map(({ process, state }) => [process, state]),
    [
      ['low', 'accepted'],
      ['mid', 'pending'],
      ['high', 'pending'],
    ],
  );
  held[Symbol.dispose]();
  const result = await resultOf(fleetctl);
  assert.equal(result.code, 0, result.stderr);
  for (const host of HOSTS) assertTiersInOrderOn([host]);
  await fleet.until('all are back', () => chronicle.count('started') === 6);
  assert.equal(chronicle.count('gone'), 6);
});

test('--order tier: nobody goes on before the one that is held up', async () => {
  using held = chronicle.hold('told', 'db-2', 'low');
  const fleetctl = await fleet.startFleetctl('restart', ...TIERS, '--hosts', '@*', '-o', 'json');
  await fleet.until('db-2 is held up', () => chronicle.has('told', 'db-2', 'low'));
  const id = await running(fleet);
  await target(fleet, { id, host: 'db-1', process: 'low' }, ({ state }) => state === 'succeeded');
  // What db-1 had been told meanwhile it would have done before this, which it is told now.
  assert.equal((await fleet.fleetctl('restart', 'aside', '--hosts', 'db-1')).code, 0);
  assert.ok(!chronicle.has('told', 'db-1', 'mid'), 'db-1 went on');
  held[Symbol.dispose]();
  const result = await resultOf(fleetctl);
  assert.equal(result.code, 0, result.stderr);
  assertTiersInOrderOn(HOSTS);
});

test('--order host with a full stop: each host is down before it comes up, whatever the others do', async () => {
  using held = chronicle.hold('told', 'db-2', 'low');
  const fleetctl = await fleet.startFleetctl(
    ...['restart', ...TIERS, '--hosts', '@*', '--order', 'host', '--full-stop', '-o', 'json'],
  );
  await fleet.until('db-1 is through', () => chronicle.has('started', 'db-1', 'high'));
  assert.ok(!chronicle.has('gone', 'db-2', 'low'));
  held[Symbol.dispose]();
  const result = await resultOf(fleetctl);
  assert.equal(result.code, 0, result.stderr);
  await fleet.until('all are back', () => chronicle.count('started') === 6);
  for (const host of HOSTS) {
    const at = (moment: Moment) => TIERS.map((name) => chronicle.at(moment, host, name));
    chronicle.assertAllBefore(at('gone'), at('started'), `${host} is down`);
  }
});

test('--order host: a failure on one host stops the others before their next tier', async () => {
  using broken = chronicle.breakStart('db-1', 'frail');
  using held = chronicle.hold('told', 'db-2', 'frail');
  const fleetctl = await fleet.startFleetctl(
    ...['restart', 'frail', 'mid', 'high', '--hosts', '@*', '--order', 'host', '-o', 'json'],
    ...['--on-error', 'fail'],
  );
  await fleet.until('db-2 is held up', () => chronicle.has('told', 'db-2', 'frail'));
  const id = await running(fleet);
  await target(fleet, { id, host: 'db-1', process: 'frail' }, ({ state }) => state === 'failed');
  held[Symbol.dispose]();
  const result = await resultOf(fleetctl);
  assert.equal(result.code, 12, result.stderr);
  assert.deepEqual(
    result
      .json<OperationDocument>()
      .targets.map(({ host, process, state }) => [host, process, state]),
    [
      ['db-1', 'frail', 'failed'],
      ['db-2', 'frail', 'succeeded'],
      ['db-1', 'mid', 'not-attempted'],
      ['db-2', 'mid', 'not-attempted'],
      ['db-1', 'high', 'not-attempted'],
      ['db-2', 'high', 'not-attempted'],
    ],
  );
  const touched = new Set(chronicle.entries().map(({ process }) => process));
  assert.deepEqual([...touched], ['frail']);
  assert.equal((await ended(fleet, id)).state, 'aborted');
  broken[Symbol.dispose]();
  assert.equal((await fleet.fleetctl('start', 'frail', '--hosts', `op:${id}:failed`)).code, 0);
});
