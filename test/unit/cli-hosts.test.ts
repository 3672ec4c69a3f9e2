import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runFleetctl } from '../../cli/run.ts';
import { FAKE_NOW_MS, fakeWorld, type ScreenSize } from '../fakes/cli-environment.ts';
import { aHost, type FakeAnswers, fakeControl } from '../fakes/control-client.ts';

const S = 1_000;

async function fleetctl(words: readonly string[], answers: FakeAnswers, screen?: ScreenSize) {
  const { client, isClosed } = fakeControl(answers);
  const world = fakeWorld(client, screen === undefined ? {} : { screen });
  const exitCode = await runFleetctl(words, world.environment);
  return { exitCode, stdout: world.stdout(), stderr: world.stderr(), closed: isClosed() };
}

const TWO: FakeAnswers = {
  hosts: [
    aHost('prod-10', {
      labels: { role: 'web', env: 'prod' },
      connectedSinceMs: FAKE_NOW_MS - 3_600 * S,
      adopted: 12,
      certificateEndsAtMs: FAKE_NOW_MS + 48 * 3_600 * S,
    }),
    aHost('prod-2', {
      connected: false,
      agentVersion: '',
      address: null,
      lastSeenAtMs: FAKE_NOW_MS - 3 * 60 * S,
      adopted: null,
    }),
  ],
};

/** Two versions of agents during an upgrade, and two hosts that are away. */
const MANY: FakeAnswers = {
  hosts: Array.from({ length: 60 }, (_, index) =>
    aHost(`web-${index + 1}`, {
      connected: index !== 7 && index !== 30,
      agentVersion: index < 20 ? '0.2.0' : '0.1.0',
      labels: { env: 'prod' },
    }),
  ),
};

test('hosts are shown with labels, connected or not, and again as an expression', async () => {
  const { exitCode, stdout } = await fleetctl(['hosts'], TWO);
  assert.equal(exitCode, 0);
  assert.deepEqual(stdout.split('\n'), [
    'HOST      STATE         AGENT   LAST SEEN   LABELS',
    'prod-2    UNREACHABLE   -       3 min ago',
    'prod-10   connected     0.1.0   now         env=prod,role=web',
    '2 hosts: prod-[2,10]',
    '',
  ]);
});

test('labels are shown as a selector takes them', async () => {
  const labels = { dc: 'New York', rack: '', path: 'a/b', quote: 'a "b" \\' };
  const { stdout } = await fleetctl(['hosts'], { hosts: [aHost('web-1', { labels })] });
  assert.match(stdout, /dc="New York",path=a\/b,quote="a \\"b\\" \\\\",rack=""\n/);
});

test('wide adds where from, since when, how much the agent took over, and until when it may', async () => {
  const { stdout } = await fleetctl(['hosts', '-o', 'wide'], TWO);
  assert.deepEqual(
    stdout
      .split('\n')
      .slice(1, 3)
      .map((line) => line.split(/ {3,}/)),
    [
      ['prod-2', 'UNREACHABLE', '-', '-', '-', '-', '-', '3 min ago'],
      ...[
        [
          'prod-10',
          'connected',
          '192.0.2.1',
          '2026-11-22T11:00:00.000Z',
          '0.1.0',
          '12',
          '2026-11-24T12:00:00.000Z',
          'now',
          'env=prod,role=web',
        ],
      ],
    ],
  );
});

test('JSON carries every field of HostList, absent ones as null', async () => {
  const document = JSON.parse((await fleetctl(['hosts', '-o', 'json'], TWO)).stdout);
  assert.deepEqual(document, {
    apiVersion: 'fleetvisor/v1',
    kind: 'HostList',
    items: [
      {
        host: 'prod-2',
        state: 'unreachable',
        labels: {},
        agentVersion: null,
        lastSeenAt: '2026-11-22T11:57:00.000Z',
        address: null,
        connectedSince: null,
        configProblem: null,
        adopted: null,
        stateProblem: null,
        certificateEndsAt: null,
        identityProblem: null,
      },
      {
        host: 'prod-10',
        state: 'connected',
        labels: { role: 'web', env: 'prod' },
        agentVersion: '0.1.0',
        lastSeenAt: null,
        address: '192.0.2.1',
        connectedSince: '2026-11-22T11:00:00.000Z',
        configProblem: null,
        adopted: 12,
        stateProblem: null,
        certificateEndsAt: '2026-11-24T12:00:00.000Z',
        identityProblem: null,
      },
    ],
    withheldHosts: 0,
  });
  assert.equal((await fleetctl(['hosts', '-o', 'jsonl'], TWO)).stdout.split('\n').length, 3);
  assert.equal((await fleetctl(['hosts', '-o', 'name'], TWO)).stdout, 'prod-2\nprod-10\n');
});

test('many hosts are folded by what is equal of them, lost ones first', async () => {
  const { stdout } = await fleetctl(['hosts', 'web-*'], MANY);
  assert.deepEqual(stdout.split('\n'), [
    'STATE         COUNT   AGENT   LABELS     HOSTS',
    'UNREACHABLE   1       0.2.0   env=prod   web-8',
    'UNREACHABLE   1       0.1.0   env=prod   web-31',
    'connected     19      0.2.0   env=prod   web-[1-7,9-20]',
    'connected     39      0.1.0   env=prod   web-[21-30,32-60]',
    '60 hosts: web-[1-60]',
    '',
  ]);
  const wide = await fleetctl(['hosts', 'web-*', '-o', 'wide'], MANY);
  assert.equal(wide.stdout.split('\n').length, 1 + 60 + 1 + 1);
});

test('a terminal shortens the rows, never the expression', async () => {
  const hosts = Array.from({ length: 60 }, (_, index) => aHost(`web-${index * 2 + 1}`));
  const { stdout } = await fleetctl(['hosts'], { hosts }, { columns: 70, rows: 24 });
  const lines = stdout.split('\n');
  assert.match(lines[1] ?? '', /web-\[1,3,5,7,9,11,13\] and 53 more$/);
  assert.ok((lines[1] ?? '').length <= 70);
  assert.match(lines[2] ?? '', /^60 hosts: web-\[1,3,.*,117,119\]$/);
});

test('--expect refuses a surprise, and says what there is instead', async () => {
  const { exitCode, stdout, stderr } = await fleetctl(['hosts', '--expect', '3', 'prod-*'], TWO);
  assert.equal(exitCode, 2);
  assert.equal(stdout, '');
  assert.deepEqual(stderr.split('\n'), [
    'error: 3 hosts expected, but these are 2',
    'cause: prod-[2,10]',
    'fix:   look which are too many or missing; if all is well: --expect 2',
    '',
  ]);
  assert.equal((await fleetctl(['hosts', '--expect', '2', 'prod-*'], TWO)).exitCode, 0);
});

test('what means no host is an error, an empty fleet is not', async () => {
  assert.equal((await fleetctl(['hosts', 'x-*'], { hosts: [] })).exitCode, 6);
  assert.equal((await fleetctl(['hosts', ''], TWO)).exitCode, 2);
  assert.equal(
    (await fleetctl(['hosts'], { hosts: [] })).stdout,
    'no hosts have joined this fleet yet\n',
  );
});

test('labels of other machines cannot steer the terminal', async () => {
  const hosts = Array.from({ length: 51 }, (_, index) =>
    aHost(`web-${index}`, { labels: { evil: '\u001b[2J' }, agentVersion: '\u001b[2J' }),
  );
  for (const words of [['hosts'], ['hosts', '-o', 'wide']]) {
    assert.ok(!(await fleetctl(words, { hosts })).stdout.includes('\u001b'));
  }
});
