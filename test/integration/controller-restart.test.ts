/**
 * A controller that dies and comes back: no process is touched, what happened meanwhile becomes
 * known, and the operation that it was carrying out goes on to its end.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Daemon } from './fleet/daemon.ts';
import {
  createFleet,
  type Fleet,
  type OperationDocument,
  pidOf,
  resultOf,
} from './fleet/harness.ts';
import { isAlive } from './fleet/processes.ts';

/** DESIGN §10: after a controller's restart 20 agents are back within 10 s. */
const BACK_WITHIN_MS = 10_000;

const HOSTS = ['web-1', 'web-2', 'web-3'] as const;
let fleet: Fleet;
let controller: Daemon;

before(async () => {
  fleet = await createFleet();
  const slow = fleet.script(
    'slow',
    `echo start >> "$STARTS"
trap 'sleep 3; exit 0' TERM
while :; do sleep 0.1; done
`,
  );
  controller = await fleet.startController();
  await Promise.all(
    HOSTS.map(async (host) => {
      const programs = `
[program:web]
command = sleep 1000
startsecs = 0
[program:slow]
command = ${slow}
environment = STARTS="${fleet.path(`${host}.starts`)}"
startsecs = 0
priority = 10
[program:after]
command = sleep 1000
startsecs = 0
priority = 20
`;
      await fleet.startAgent(host, { programs });
      for (const name of ['web', 'slow', 'after']) await fleet.running(host, name);
    }),
  );
});

after(() => fleet?.[Symbol.dispose]());

async function pids(): Promise<ReadonlyMap<string, number>> {
  const processes = await fleet.processes();
  return new Map([...processes].map(([key, { status }]) => [key, pidOf(status)]));
}

test('a controller that is killed comes back to a fleet that it left alone', async () => {
  const pidsBefore = await pids();
  await controller.end('SIGKILL');
  const crashed = pidsBefore.get('web-2 web') ?? 0;
  process.kill(crashed, 'SIGKILL');
  await fleet.until('the agent restarts it by itself', () =>
    fleet.leftOn('web-2').some(({ pid, words }) => pid > crashed && /sleep$/.test(words[0] ?? '')),
  );
  controller = await fleet.startController();
  const fresh = await fleet.process(
    'web-2',
    'web',
    'shows its restart',
    ({ hostConnected, status }) => hostConnected && status.restarts === 1,
    { withinMs: BACK_WITHIN_MS },
  );
  assert.equal(fresh.state, 'RUNNING');
  assert.equal(fresh.exitSignal, 'KILL');
  assert.ok(isAlive(pidOf(fresh)));
  await fleet.until(
    'every agent is back',
    async () => [...(await fleet.processes()).values()].every((entry) => entry.hostConnected),
    { withinMs: BACK_WITHIN_MS },
  );
  const expected = new Map(pidsBefore).set('web-2 web', pidOf(fresh));
  assert.deepEqual(await pids(), expected);
  assert.equal((await fleet.fleetctl('status')).code, 0);
});

test('a running operation goes on to its end through the death of its controller', async () => {
  const before = await pids();
  const fleetctl = await fleet.startFleetctl(
    ...['restart', 'slow', 'after', '--hosts', '@*', '-o', 'json'],
  );
  for (const host of HOSTS) {
    await fleet.process(host, 'slow', 'is stopping', ({ status }) => status.state === 'STOPPING');
  }
  await controller.end('SIGKILL');
  controller = await fleet.startController();
  const result = await resultOf(fleetctl);
  assert.equal(result.code, 0, result.stderr);
  assert.match(result.stderr, /lost sight of operation/);
  const { targets } = result.json<OperationDocument>();
  assert.deepEqual(
    targets.map(({ host, process, state, oldPid }) => [host, process, state, oldPid]),
    ['slow', 'after'].flatMap((name) =>
      HOSTS.map((host) => [host, name, 'succeeded', before.get(`${host} ${name}`)]),
    ),
  );
  const now = await pids();
  for (const { host, process, newPid } of targets) {
    assert.equal(newPid, now.get(`${host} ${process}`));
  }
  for (const host of HOSTS) {
    const starts = await fleet.lineCount(2, `${host}.starts`);
    assert.equal(starts, 2, `${host} was not restarted just once`);
  }
});

test('a controller that is told to end leaves every process running and exits 0', async () => {
  const before = await pids();
  assert.deepEqual(await controller.end('SIGTERM'), { code: 0, signal: null });
  const refused = await fleet.fleetctl('status', '-o', 'json');
  assert.equal(refused.code, 4);
  const error = JSON.parse(refused.stderr) as { kind: string; code: string; cause: string };
  assert.deepEqual([error.kind, error.code], ['Error', 'unavailable']);
  assert.match(error.cause, /nothing listens at this address/);
  controller = await fleet.startController();
  for (const host of HOSTS) await fleet.running(host, 'web');
  assert.deepEqual(await pids(), before);
});

test('the database is written ahead and every commit is made durable', () => {
  const [row] = fleet.query<{ journal_mode: string }>('controller/fleet.db', 'PRAGMA journal_mode');
  assert.equal(row?.journal_mode, 'wal');
});
