/**
 * Whoever watches an operation may stop to, come later, be slow, or lose sight of the controller:
 * the operation does not mind, and in the end everybody is told the same.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { Chronicle } from './fleet/chronicle.ts';
import type { Daemon } from './fleet/daemon.ts';
import { createFleet, type Fleet, type OperationDocument, resultOf } from './fleet/harness.ts';
import { ended, running, target } from './fleet/operations.ts';

const HOSTS = ['web-1', 'web-2'] as const;
const RESTART = ['restart', 'first', 'second', '--hosts', '@*'] as const;

let fleet: Fleet;
let chronicle: Chronicle;
let controller: Daemon;

before(async () => {
  fleet = await createFleet();
  chronicle = new Chronicle(fleet);
  controller = await fleet.startController();
  await Promise.all(
    HOSTS.map((host) =>
      fleet.startAgent(host, {
        programs: [
          chronicle.program(host, 'first', 'priority = 1', 'startsecs = 0'),
          chronicle.program(host, 'second', 'priority = 5', 'startsecs = 0'),
        ].join(''),
      }),
    ),
  );
});

beforeEach(async () => {
  for (const host of HOSTS) {
    for (const name of ['first', 'second']) await fleet.running(host, name);
  }
  await chronicle.allUp();
  chronicle.begin();
});

after(() => fleet?.[Symbol.dispose]());

/** Everybody that was to be restarted was, once. */
async function assertRestartedOnce(): Promise<void> {
  await chronicle.allUp();
  for (const host of HOSTS) {
    for (const name of ['first', 'second']) chronicle.at('started', host, name);
  }
}

test('--timeout: exit 124 with the command to look again; the operation goes on to its end', async () => {
  using held = chronicle.hold('told', 'web-1', 'first');
  const result = await fleet.fleetctl(...RESTART, '--timeout', '1s');
  assert.equal(result.code, 124, result.stderr);
  const id = await running(fleet);
  assert.match(result.stderr, new RegExp(`operation ${id} goes on at the controller`));
  assert.match(result.stderr, new RegExp(`next: fleetctl .*op watch ${id}`));
  held[Symbol.dispose]();
  assert.equal((await ended(fleet, id)).state, 'succeeded');
  const later = await fleet.fleetctl('op', 'watch', id);
  assert.equal(later.code, 0);
  assert.match(later.stdout, /^restarted 4 of 4 targets on 2 hosts/m);
  await assertRestartedOnce();
});

test('--detach prints the id and leaves; the beginning of the id is enough to watch it', async () => {
  using held = chronicle.hold('told', 'web-2', 'second');
  const detached = await fleet.fleetctl(...RESTART, '--detach', '--quiet');
  assert.deepEqual([detached.code, detached.stderr], [0, '']);
  const id = detached.stdout.trim();
  assert.equal(await running(fleet), id);
  // As `op list` prints it.
  const watching = await fleet.startFleetctl('op', 'watch', id.slice(0, 13));
  await fleet.until('it is seen', () => watching.stdout().includes('wave 2 of 2'));
  held[Symbol.dispose]();
  const result = await resultOf(watching);
  assert.equal(result.code, 0, result.stderr);
  assert.match(result.stdout, /^restarted 4 of 4 targets on 2 hosts/m);
  await assertRestartedOnce();
});

test('of two that watch one is frozen: the other is not, and it is told the end when it wakes', async () => {
  using held = chronicle.hold('told', 'web-1', 'first');
  const quick = await fleet.startFleetctl(...RESTART, '-o', 'json');
  const id = await running(fleet);
  const frozen = await fleet.startFleetctl('op', 'watch', id);
  await fleet.until('it is seen', () => frozen.stdout().includes('wave 1 of 2'));
  frozen.signal('SIGSTOP');
  held[Symbol.dispose]();
  const seen = await resultOf(quick);
  assert.equal(seen.code, 0, seen.stderr);
  assert.ok(!frozen.hasEnded());
  frozen.signal('SIGCONT');
  const late = await resultOf(frozen);
  assert.equal(late.code, 0, late.stderr);
  assert.equal(late.stderr, '', 'it lost sight');
  for (const line of [/web-1 +first +restarted/, /web-2 +second +restarted/]) {
    assert.equal([...late.stdout.matchAll(new RegExp(line, 'g'))].length, 1, late.stdout);
  }
  assert.match(late.stdout, /^restarted 4 of 4 targets on 2 hosts/m);
  await assertRestartedOnce();
});

test('a controller that is killed and comes back: all who watch go on, and hear how things are', async () => {
  using held = chronicle.hold('told', 'web-1', 'first');
  const submitting = await fleet.startFleetctl(...RESTART, '-o', 'json');
  await fleet.until('web-1 is told', () => chronicle.has('told', 'web-1', 'first'));
  const id = await running(fleet);
  const watching = await fleet.startFleetctl('op', 'watch', id.slice(0, 13));
  await target(
    fleet,
    { id, host: 'web-2', process: 'first' },
    ({ state }) => state === 'succeeded',
  );
  await fleet.until('it is seen', () => /web-2 +first +restarted/.test(watching.stdout()));
  await controller.end('SIGKILL');
  controller = await fleet.startController();
  const place = { id, host: 'web-1', process: 'first' };
  const { processState } = await target(fleet, place, ({ hostConnected }) => hostConnected);
  assert.equal(processState, 'STOPPING', 'what it was when the controller came back');
  held[Symbol.dispose]();
  for (const fleetctl of [submitting, watching]) {
    const result = await resultOf(fleetctl);
    assert.equal(result.code, 0, result.stderr);
    assert.match(result.stderr, new RegExp(`lost sight of operation ${id}`));
  }
  const { targets } = (await resultOf(submitting)).json<OperationDocument>();
  assert.deepEqual(
    targets.map(({ state }) => state),
    Array(4).fill('succeeded'),
  );
  assert.equal([...watching.stdout().matchAll(/web-2 +first +restarted/g)].length, 1);
  await assertRestartedOnce();
});
