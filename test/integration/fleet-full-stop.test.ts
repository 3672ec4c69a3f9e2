/**
 * `restart --full-stop` from what the programs themselves write down: everything is stopped, the
 * last tier first, before anything is started; and where it breaks off in between, fleetctl says
 * what is down now and how to bring it up again, and nothing else happens to it.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { Chronicle, type Moment } from './fleet/chronicle.ts';
import type { Daemon } from './fleet/daemon.ts';
import {
  createFleet,
  type Fleet,
  type OperationDocument,
  pidOf,
  resultOf,
} from './fleet/harness.ts';
import { running, target } from './fleet/operations.ts';
import { isAlive } from './fleet/processes.ts';

const HOSTS = ['db-1', 'db-2'] as const;
const TIERS = ['low', 'mid', 'high'] as const;
const PRIORITIES = { low: 1, mid: 5, high: 10 } as const;
const STRICT = ['--on-error', 'fail'] as const;
const FULL_STOP = ['restart', ...TIERS, '--full-stop', '--hosts', '@*', ...STRICT] as const;

let fleet: Fleet;
let chronicle: Chronicle;
const agents = new Map<string, Daemon>();

before(async () => {
  // Longer than an agent takes to come back, also where the machine is busy.
  fleet = await createFleet({ controller: 'unreachable_after = 4' });
  chronicle = new Chronicle(fleet);
  await fleet.startController();
  await Promise.all(HOSTS.map((host) => startAgent(host, programsOf(host))));
});

beforeEach(async () => {
  for (const host of HOSTS) for (const name of TIERS) await fleet.running(host, name);
  await chronicle.allUp();
  chronicle.begin();
});

after(() => fleet?.[Symbol.dispose]());

async function startAgent(host: string, programs: string): Promise<void> {
  agents.set(host, await fleet.startAgent(host, { programs }));
  for (const name of TIERS)
    await fleet.process(host, name, 'is known', (each) => each.hostConnected);
}

/** One second, where a tier comes after it: so a wait for it is told from a race. */
function programsOf(host: string): string {
  return TIERS.map((name) =>
    chronicle.program(
      ...[host, name, `priority = ${PRIORITIES[name]}`],
      `startsecs = ${name === 'high' ? 0 : 1}`,
    ),
  ).join('');
}

async function pids(): Promise<ReadonlyMap<string, number | null>> {
  return new Map([...(await fleet.processes())].map(([key, { status }]) => [key, status.pid]));
}

type Documented = OperationDocument['targets'][number];

const placeOf = ({ process, host }: Documented): string => `${process} ${host}`;

function whereStopped(targets: readonly Documented[]): readonly string[] {
  return targets.filter(({ stopped }) => stopped).map(placeOf);
}

test('everything is stopped, the last tier first, on all hosts before anything is started', async () => {
  const before = await pids();
  const result = await fleet.fleetctl(...FULL_STOP, '-o', 'json');
  assert.equal(result.code, 0, result.stderr);
  const { waves, targets } = result.json<OperationDocument>();
  assert.deepEqual(
    waves.map(({ action, priority, targets: count }) => [action, priority, count]),
    [
      ['stop', 10, 2],
      ['stop', 5, 2],
      ['stop', 1, 2],
      ['start', 1, 2],
      ['start', 5, 2],
      ['start', 10, 2],
    ],
  );
  const now = await pids();
  for (const { host, process, state, oldPid, newPid } of targets) {
    const key = `${host} ${process}`;
    assert.deepEqual([state, oldPid, newPid], ['succeeded', before.get(key), now.get(key)], key);
    assert.ok(!isAlive(oldPid ?? 0) && isAlive(newPid ?? 0), key);
  }
  await chronicle.allUp();
  const at = (moment: Moment, name: string) =>
    HOSTS.map((host) => chronicle.at(moment, host, name));
  chronicle.assertAllBefore(at('gone', 'high'), at('told', 'mid'), 'high goes first');
  chronicle.assertAllBefore(at('gone', 'mid'), at('told', 'low'), 'then mid');
  chronicle.assertAllBefore(at('gone', 'low'), at('started', 'low'), 'all are down');
  chronicle.assertAllBefore(at('started', 'low'), at('started', 'mid'), 'low comes first');
  chronicle.assertAllBefore(at('started', 'mid'), at('started', 'high'), 'then mid');
  assert.equal(chronicle.entries().length, 18, 'each is told, gone and started once');
});

test('a start that fails: the tiers behind it stay down, and what is pasted brings them up', async () => {
  using broken = chronicle.breakStart('db-1', 'low');
  const result = await fleet.fleetctl(...FULL_STOP);
  assert.equal(result.code, 12, result.stdout + result.stderr);
  assert.match(
    result.stdout,
    /; restarted 1 of 6 targets; 1 failed: low on db-1: Exited too quickly \(exit status 3\); 4 stopped and not started again: mid, high on db-\[1-2\]$/m,
  );
  for (const host of HOSTS) {
    for (const name of ['mid', 'high']) {
      const { status } = (await fleet.processes()).get(`${host} ${name}`) ?? assert.fail();
      assert.deepEqual([status.state, status.pid], ['STOPPED', null]);
    }
  }
  assert.equal(chronicle.count('gone'), 6);
  broken[Symbol.dispose]();
  const pasted = [...result.stdout.matchAll(/^(?:start|retry): +fleetctl (.*)$/gm)]
    .map(([, command = '']) =>
      command
        .replaceAll("'", '')
        .replace(/--config \S+ /, '')
        .split(' '),
    )
    // What was not done once more; after that there is nothing left to start.
    .toSorted(([left = ''], [right = '']) => (left < right ? -1 : 1));
  assert.deepEqual(
    pasted.map(([verb]) => verb),
    ['op', 'start'],
    result.stdout,
  );
  for (const command of pasted) assert.equal((await fleet.fleetctl(...command)).code, 0);
  await chronicle.allUp();
  for (const name of ['mid', 'high']) {
    for (const host of HOSTS) chronicle.at('started', host, name);
  }
});

test('a stop that fails: what was stopped stays down, what was not is never touched', async () => {
  const before = await pids();
  using held = chronicle.hold('told', 'db-1', 'high');
  const more = chronicle.program('db-2', 'extra', 'priority = 5', 'autostart = false');
  await restartAgent('db-2', programsOf('db-2') + more);
  const fleetctl = await fleet.startFleetctl(...FULL_STOP, 'extra');
  await fleet.until('db-1 is held up', () => chronicle.has('told', 'db-1', 'high'));
  // One that does not run and is not configured any more cannot be stopped either.
  await restartAgent('db-2', programsOf('db-2'));
  held[Symbol.dispose]();
  const result = await resultOf(fleetctl);
  assert.equal(result.code, 12, result.stdout + result.stderr);
  assert.match(
    result.stdout,
    /; restarted 0 of 7 targets; 1 failed: extra on db-2: no such process on this host; 4 stopped and not started again: mid, high on db-\[1-2\]; 2 not attempted: low on db-\[1-2\]$/m,
  );
  assert.deepEqual([chronicle.count('gone'), chronicle.count('started')], [4, 0]);
  const now = await pids();
  for (const host of HOSTS) assert.equal(now.get(`${host} low`), before.get(`${host} low`));
  assert.equal((await fleet.fleetctl('start', 'all', '--hosts', '@*')).code, 0);
});

test('a host that is lost in between: nothing is started anywhere, and each ends as it is', async () => {
  const before = await pids();
  using held = chronicle.hold('told', 'db-1', 'mid');
  const fleetctl = await fleet.startFleetctl(...FULL_STOP, '-o', 'json');
  await fleet.until('db-1 is held up', () => chronicle.has('told', 'db-1', 'mid'));
  const id = await running(fleet);
  await target(fleet, { id, host: 'db-2', process: 'mid' }, ({ stopped }) => stopped);
  await agents.get('db-2')?.end('SIGKILL');
  await target(fleet, { id, host: 'db-2', process: 'low' }, ({ state }) => state === 'unreachable');
  held[Symbol.dispose]();
  const result = await resultOf(fleetctl);
  assert.equal(result.code, 12, result.stderr);
  const { targets } = result.json<OperationDocument>();
  assert.deepEqual(
    targets.map((each) => `${placeOf(each)} ${each.state}`),
    TIERS.flatMap((name) => [`${name} db-1 not-attempted`, `${name} db-2 unreachable`]),
  );
  const down = ['mid db-1', 'mid db-2', 'high db-1', 'high db-2'];
  assert.deepEqual(whereStopped(targets), down);
  const told = await fleet.fleetctl('op', 'watch', id);
  assert.equal(told.code, 12);
  assert.match(told.stdout, /2 stopped and not started again: mid, high on db-1/);
  assert.match(told.stdout, /2 stopped, with no word of a start since: mid, high on db-2/);
  await startAgent('db-2', programsOf('db-2'));
  const now = await fleet.processes();
  for (const host of HOSTS) {
    const { status } = now.get(`${host} low`) ?? assert.fail();
    assert.deepEqual([status.state, pidOf(status)], ['RUNNING', before.get(`${host} low`)]);
    for (const name of ['mid', 'high']) {
      assert.equal(now.get(`${host} ${name}`)?.status.state, 'STOPPED', `${name} on ${host}`);
    }
  }
  assert.equal(chronicle.count('started'), 0);
  assert.equal((await fleet.fleetctl('start', 'all', '--hosts', '@*')).code, 0);
});

test('an agent that is told to end in between: what it had stopped comes up with its host again', async () => {
  using held = chronicle.hold('told', 'db-1', 'mid');
  const fleetctl = await fleet.startFleetctl(...FULL_STOP, '-o', 'json');
  await fleet.until('db-1 is held up', () => chronicle.has('told', 'db-1', 'mid'));
  const id = await running(fleet);
  await target(fleet, { id, host: 'db-2', process: 'mid' }, ({ stopped }) => stopped);
  await agents.get('db-2')?.end('SIGTERM');
  held[Symbol.dispose]();
  const result = await resultOf(fleetctl);
  assert.equal(result.code, 12, result.stderr);
  const { targets } = result.json<OperationDocument>();
  assert.deepEqual(
    targets.filter(({ host }) => host === 'db-2').map(({ state, error }) => [state, error]),
    Array(3).fill(['unreachable', 'its agent went away: stopped']),
  );
  await startAgent('db-2', programsOf('db-2'));
  for (const name of TIERS) await fleet.running('db-2', name);
  assert.equal((await fleet.fleetctl('start', 'all', '--hosts', '@*')).code, 0);
});

async function restartAgent(host: string, programs: string): Promise<void> {
  await agents.get(host)?.end('SIGKILL');
  await fleet.process(host, 'low', 'is away', (each) => !each.hostConnected);
  await startAgent(host, programs);
}
