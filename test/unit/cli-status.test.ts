import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runFleetctl } from '../../cli/run.ts';
import { FAKE_NOW_MS, fakeWorld } from '../fakes/cli-environment.ts';
import { aHost, aProcess, type FakeAnswers, fakeControl } from '../fakes/control-client.ts';

const S = 1_000;

async function fleetctl(line: string | readonly string[], answers: FakeAnswers) {
  const words = typeof line === 'string' ? line.split(' ') : line;
  const { client, isClosed } = fakeControl(answers);
  const world = fakeWorld(client);
  const exitCode = await runFleetctl(words, world.environment);
  return { exitCode, stdout: world.stdout(), stderr: world.stderr(), closed: isClosed() };
}

/** One of everything that can be told of a process. */
const FLEET: FakeAnswers = {
  hosts: [
    aHost('prod-10'),
    aHost('prod-2', { connected: false, lastSeenAtMs: FAKE_NOW_MS - 40 * S }),
    aHost('prod-3', { connected: false }),
    aHost('prod-4'),
  ],
  processes: [
    aProcess('prod-10', 'web:2', { startedAtMs: FAKE_NOW_MS - 83 * S, restarts: 2 }),
    aProcess('prod-10', 'web:10', { startedAtMs: FAKE_NOW_MS + 5 * S }),
    aProcess('prod-10', 'cron', { state: 'EXITED', pid: null, exitCode: 0 }),
    aProcess('prod-10', 'db', { state: 'STOPPED', pid: null, startedAtMs: null }),
    aProcess('prod-10', 'eve\u001b[2J\n', { state: 'FATAL', pid: null, exitSignal: 'SEGV' }),
    aProcess('prod-10', 'flap', {
      state: 'BACKOFF',
      pid: null,
      exitCode: 3,
      lastError: 'exited too quickly',
      nextTryAtMs: FAKE_NOW_MS + 3 * S,
    }),
    aProcess('prod-2', 'web', { hostConnected: false, startedAtMs: FAKE_NOW_MS - 90 * S }),
  ],
};

test('the table tells of every process what a person would ask next', async () => {
  const { exitCode, stdout } = await fleetctl('status', FLEET);
  assert.equal(exitCode, 3);
  assert.deepEqual(stdout.split('\n'), [
    'HOST      PROCESS          STATE         PID    UPTIME    RESTARTS   DETAIL',
    'prod-2    web              UNREACHABLE   -      -         -          last seen 40 s ago; was RUNNING',
    'prod-3    -                UNREACHABLE   -      -         -          never seen',
    'prod-10   cron             EXITED        -      -         0          exit status 0',
    'prod-10   db               STOPPED       -      -         0          not started',
    'prod-10   eve\\x1b[2J\\x0a   FATAL         -      -         0          killed by SEGV',
    'prod-10   flap             BACKOFF       -      -         0          exit status 3; exited too quickly; next try in 3 s',
    'prod-10   web:2            RUNNING       4711   0:01:23   2',
    'prod-10   web:10           RUNNING       4711   0:00:00   0',
    '',
  ]);
});

test('JSON carries every field of ProcessList, absent ones as null', async () => {
  const { stdout } = await fleetctl('status -o json', FLEET);
  const list = JSON.parse(stdout);
  assert.equal(list.apiVersion, 'fleetvisor/v1');
  assert.equal(list.kind, 'ProcessList');
  assert.equal(list.items.length, 7);
  assert.deepEqual(list.items[0], {
    host: 'prod-2',
    process: 'web',
    group: 'web',
    name: 'web',
    groupPriority: 999,
    priority: 999,
    generation: 0,
    state: 'UNREACHABLE',
    pid: 4711,
    startedAt: '2026-11-22T11:58:30.000Z',
    uptimeSeconds: null,
    exitCode: null,
    exitSignal: null,
    restarts: 0,
    lastError: null,
    nextTryAt: null,
  });
  const flap = list.items.find((item: { process: string }) => item.process === 'flap');
  assert.equal(flap.nextTryAt, '2026-11-22T12:00:03.000Z');
  assert.equal(flap.uptimeSeconds, null);
  const web2 = list.items.find((item: { process: string }) => item.process === 'web:2');
  assert.equal(web2.uptimeSeconds, 83);
});

test('JSON lines are the bare items in the order of the table', async () => {
  const { stdout } = await fleetctl('status -o jsonl', FLEET);
  const hosts = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).host);
  assert.deepEqual(hosts, ['prod-2', ...Array(6).fill('prod-10')]);
});

test('exit code 0 needs every process RUNNING and every host there', async () => {
  const running = { hosts: [aHost('a')], processes: [aProcess('a', 'web')] };
  assert.equal((await fleetctl('status', running)).exitCode, 0);
  for (const state of ['STARTING', 'BACKOFF', 'STOPPING', 'STOPPED', 'UNKNOWN'] as const) {
    const answers = { ...running, processes: [aProcess('a', 'web', { state })] };
    assert.equal((await fleetctl('status', answers)).exitCode, 3, state);
  }
  const outOfTouch = { hosts: [], processes: [aProcess('a', 'web', { hostConnected: false })] };
  assert.equal((await fleetctl('status', outOfTouch)).exitCode, 3);
  const oneLost = { ...running, hosts: [aHost('a'), aHost('b', { connected: false })] };
  assert.equal((await fleetctl('status', oneLost)).exitCode, 3);
});

test('a lost host of which no such process is known does not spoil the answer', async () => {
  const answers = {
    hosts: [aHost('a'), aHost('b', { connected: false })],
    processes: [aProcess('a', 'web')],
  };
  const { exitCode, stdout } = await fleetctl('status web', answers);
  assert.equal(exitCode, 0);
  assert.ok(!stdout.includes('UNREACHABLE'));
});

test('what was named and is not there is an error, an empty fleet is not', async () => {
  const empty = { hosts: [], processes: [] };
  assert.deepEqual(await fleetctl('status', empty), {
    exitCode: 0,
    stdout: 'no processes\n',
    stderr: '',
    closed: true,
  });
  const unknown = await fleetctl('status wbe', { hosts: [aHost('a')], processes: [] });
  assert.equal(unknown.exitCode, 6);
  assert.equal(
    unknown.stderr,
    'error: no process matches "wbe"\nfix:   fleetctl status shows all that there is\n',
  );
  assert.equal((await fleetctl('status --hosts x-*', empty)).exitCode, 6);
});

test('an unset variable of a script does not select everything', async () => {
  for (const words of [
    ['status', '--hosts', ''],
    ['status', ''],
    ['status', 'web', ' '],
    ['hosts', ''],
  ]) {
    const { exitCode, stderr } = await fleetctl(words, FLEET);
    assert.equal(exitCode, 2, words.join());
    assert.match(stderr, /an empty selection never means everything/);
  }
});

test('hosts are shown with labels, connected or not', async () => {
  const answers = {
    hosts: [
      aHost('prod-10', { labels: { role: 'web', env: 'prod' } }),
      aHost('prod-2', {
        connected: false,
        agentVersion: '',
        lastSeenAtMs: FAKE_NOW_MS - 3 * 60 * S,
      }),
    ],
  };
  const { exitCode, stdout } = await fleetctl('hosts', answers);
  assert.equal(exitCode, 0);
  assert.deepEqual(stdout.split('\n'), [
    'HOST      STATE         AGENT   LAST SEEN   LABELS',
    'prod-2    UNREACHABLE   -       3 min ago',
    'prod-10   connected     0.1.0   now         env=prod,role=web',
    '',
  ]);
  assert.deepEqual(JSON.parse((await fleetctl('hosts -o json', answers)).stdout), {
    apiVersion: 'fleetvisor/v1',
    kind: 'HostList',
    items: [
      {
        host: 'prod-2',
        state: 'unreachable',
        labels: {},
        agentVersion: null,
        lastSeenAt: '2026-11-22T11:57:00.000Z',
      },
      {
        host: 'prod-10',
        state: 'connected',
        labels: { role: 'web', env: 'prod' },
        agentVersion: '0.1.0',
        lastSeenAt: null,
      },
    ],
  });
  assert.equal((await fleetctl('hosts x-*', { hosts: [] })).exitCode, 6);
  assert.equal(
    (await fleetctl('hosts', { hosts: [] })).stdout,
    'no hosts have joined this fleet yet\n',
  );
});
