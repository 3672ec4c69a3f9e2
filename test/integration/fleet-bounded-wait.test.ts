/**
 * A tier is waited for no longer than its `tier_wait`: then the next begins, with a warning, and the
 * operation ends when the late one has settled too. What "late" and "next" are doing is asked of the
 * controller, their times are those of their configuration.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Target } from '../../proto/operation.ts';
import { DEFAULT_STRATEGY } from '../../proto/strategy.ts';
import { Chronicle } from './fleet/chronicle.ts';
import type { Daemon } from './fleet/daemon.ts';
import { createFleet, type Fleet, resultOf } from './fleet/harness.ts';
import { begin, ended, operationOf, running, target, targetOf } from './fleet/operations.ts';

/** What is waited for, and a good deal more until it runs. */
const TIER_WAIT_SECONDS = 2;
const LATE_SECONDS = 5;

let fleet: Fleet;
let chronicle: Chronicle;
let controller: Daemon;

before(async () => {
  fleet = await createFleet();
  chronicle = new Chronicle(fleet);
  controller = await fleet.startController();
  const late = (host: string): string =>
    chronicle.program(host, 'late', ...tier(1, `startsecs = ${LATE_SECONDS}`));
  const next = (host: string): string =>
    chronicle.program(host, 'next', ...tier(5, 'startsecs = 0'));
  const doomed = ['startsecs = 600', 'startretries = 0'];
  await Promise.all([
    fleet.startAgent('tier-1', { programs: late('tier-1') + next('tier-1') }),
    fleet.startAgent('tier-2', { programs: next('tier-2') }),
    fleet.startAgent('lane-1', { programs: late('lane-1') + next('lane-1') }),
    fleet.startAgent('lane-2', { programs: next('lane-2') }),
    fleet.startAgent('free-1', {
      programs: [
        chronicle.program('free-1', 'late', ...tier(1, 'startsecs = 2', 'tier_wait = 0')),
        chronicle.program('free-1', 'next', ...tier(5, 'startsecs = 0')),
      ].join(''),
    }),
    fleet.startAgent('doom-1', {
      programs: [
        chronicle.program('doom-1', 'late', ...tier(1, ...doomed)),
        chronicle.program('doom-1', 'next', ...tier(5, 'tier_wait = 600', ...doomed)),
        chronicle.program('doom-1', 'last', ...tier(10, 'startsecs = 0')),
      ].join(''),
    }),
  ]);
  for (const host of ['tier-1', 'tier-2', 'lane-1', 'lane-2', 'free-1', 'doom-1']) {
    await fleet.process(host, 'next', 'is known', ({ hostConnected }) => hostConnected);
  }
});

after(() => fleet?.[Symbol.dispose]());

function tier(priority: number, ...settings: readonly string[]): readonly string[] {
  const isBounded = settings.some((setting) => setting.startsWith('tier_wait'));
  const waited = isBounded ? [] : [`tier_wait = ${TIER_WAIT_SECONDS}`];
  return [`priority = ${priority}`, 'autostart = false', ...waited, ...settings];
}

const isDone = ({ state }: Target): boolean => state === 'succeeded';

test('a tier that is late', { concurrency: true }, async (t) => {
  await Promise.all([
    t.test('--order tier: the next begins with a warning, the end waits for the late', async () => {
      const fleetctl = await fleet.startFleetctl('start', 'late', 'next', '--hosts', 'tier-*');
      const id = await fleet.until('it runs', () => idWith('tier-1'));
      for (const host of ['tier-1', 'tier-2']) {
        const { overdue } = await target(fleet, { id, host, process: 'next' }, isDone);
        assert.equal(overdue, false);
      }
      const late = targetOf(await operationOf(fleet, id), 'tier-1', 'late');
      assert.deepEqual([late.state, late.overdue], ['accepted', true]);
      const result = await resultOf(fleetctl);
      assert.equal(result.code, 0, result.stdout + result.stderr);
      assert.match(
        result.stdout,
        /late +OVERDUE +its process is STARTING.*\nwave 2 of 2 .*(?:\ntier-\d +next +started .*){2}\ntier-1 +late +started/,
      );
      assert.match(result.stdout, /^started 3 of 3 targets on 2 hosts in .*; 1 took longer/m);
    }),

    t.test('--order host: it is late on its own host alone', async () => {
      const hosts = 'lane-1,lane-2';
      const id = await begin(fleet, {
        ...{ verb: 'start', hosts, processes: ['late', 'next'], order: 'host' },
      });
      await target(fleet, { id, host: 'lane-2', process: 'next' }, isDone);
      const operation = await operationOf(fleet, id);
      assert.equal(targetOf(operation, 'lane-1', 'late').overdue, false);
      assert.equal(targetOf(operation, 'lane-1', 'next').state, 'pending');
      await target(fleet, { id, host: 'lane-1', process: 'next' }, isDone);
      assert.equal(targetOf(await operationOf(fleet, id), 'lane-1', 'late').state, 'accepted');
      const { state, targets } = await ended(fleet, id);
      assert.equal(state, 'succeeded');
      assert.deepEqual(
        targets.map(({ host, process, overdue }) => [host, process, overdue]),
        [
          ['lane-1', 'late', true],
          ['lane-1', 'next', false],
          ['lane-2', 'next', false],
        ],
      );
    }),

    t.test('one that is not to be waited for holds nobody up, and is not late either', async () => {
      const fleetctl = await fleet.startFleetctl('start', 'all', '--hosts', 'free-1');
      const id = await fleet.until('it runs', () => idWith('free-1'));
      await target(fleet, { id, host: 'free-1', process: 'next' }, isDone);
      const late = targetOf(await operationOf(fleet, id), 'free-1', 'late');
      assert.deepEqual([late.state, late.overdue], ['accepted', false]);
      const result = await resultOf(fleetctl);
      assert.equal(result.code, 0, result.stdout + result.stderr);
      assert.match(result.stdout, /^started 2 of 2 targets on 1 host in [^;]*$/m);
      assert.doesNotMatch(result.stdout, /OVERDUE/);
    }),

    t.test('one that fails when it is overdue stops the operation all the same', async () => {
      using _broken = chronicle.breakStart('doom-1', 'late');
      using held = chronicle.hold('started', 'doom-1', 'late');
      using _alsoBroken = chronicle.breakStart('doom-1', 'next');
      using alsoHeld = chronicle.hold('started', 'doom-1', 'next');
      const strategy = { ...DEFAULT_STRATEGY, onError: 'fail' } as const;
      const all = { verb: 'start', hosts: 'doom-1', processes: ['all'] } as const;
      const id = await begin(fleet, { ...all, strategy });
      const place = { id, host: 'doom-1', process: 'next' };
      await target(fleet, place, ({ processState }) => processState === 'STARTING');
      held[Symbol.dispose]();
      await target(fleet, { ...place, process: 'late' }, ({ state }) => state === 'failed');
      alsoHeld[Symbol.dispose]();
      assert.deepEqual(
        (await ended(fleet, id)).targets.map(({ process, state }) => [process, state]),
        [
          ['late', 'failed'],
          ['next', 'failed'],
          ['last', 'not-attempted'],
        ],
      );
    }),
  ]);
});

async function idWith(host: string): Promise<string | undefined> {
  const client = await fleet.client();
  const listed = await client.listOperations({ runningOnly: true, limit: 0 });
  const operations = await Promise.all(listed.map(({ id }) => client.getOperation(id)));
  return operations.find(({ targets }) => targets.some((each) => each.host === host))?.id;
}

test('a controller that is restarted meanwhile ends the wait all the same', async () => {
  const stopped = await fleet.fleetctl('stop', 'all', '--hosts', 'tier-*');
  assert.equal(stopped.code, 0, stopped.stderr);
  const fleetctl = await fleet.startFleetctl('start', 'all', '--hosts', 'tier-*');
  const id = await running(fleet);
  await target(fleet, { id, host: 'tier-1', process: 'late' }, ({ state }) => state === 'accepted');
  await controller.end('SIGKILL');
  controller = await fleet.startController();
  await target(fleet, { id, host: 'tier-2', process: 'next' }, isDone);
  assert.equal(targetOf(await operationOf(fleet, id), 'tier-1', 'late').overdue, true);
  const result = await resultOf(fleetctl);
  assert.equal(result.code, 0, result.stdout + result.stderr);
  assert.match(result.stdout, /late +OVERDUE[\s\S]*next +started/);
  assert.match(result.stdout, /^started 3 of 3 targets on 2 hosts in .*; 1 took longer/m);
});
