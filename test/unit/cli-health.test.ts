import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBytes } from '../../cli/render/bytes.ts';
import { runFleetctl } from '../../cli/run.ts';
import { hostId, type ProcessStatus, type StoredEvent } from '../../proto/vocabulary.ts';
import { FAKE_NOW_MS, fakeWorld } from '../fakes/cli-environment.ts';
import { fleetctl } from '../fakes/cli-run.ts';
import { aHost, aProcess, type FakeAnswers, fakeControl } from '../fakes/control-client.ts';
import { fleetctlLocal } from '../fakes/local-client.ts';

const S = 1_000;
const MB = 1024 ** 2;

const healthy = { health: 'healthy' } as const;
const starting = { health: 'starting' } as const;
const unhealthy = { health: 'unhealthy', healthError: 'connection refused' } as const;
const waiting = {
  state: 'STOPPED',
  pid: null,
  startedAtMs: null,
  waitsFor: 'db to be healthy',
} as const;

const up = (host: string, process: string, more: Partial<ProcessStatus> = {}) =>
  aProcess(host, process, { startedAtMs: FAKE_NOW_MS - 60 * S, ...more });

const ONE_HOST: FakeAnswers = {
  hosts: [aHost('a')],
  processes: [
    up('a', 'api', unhealthy),
    up('a', 'db', starting),
    up('a', 'fat', { residentBytes: 612 * MB, memoryMaxBytes: 512 * MB }),
    up('a', 'full', { lostOutputBytes: 3.25 * MB }),
    up('a', 'shop', waiting),
    up('a', 'sloppy', { state: 'EXITED', pid: null, exitCode: 0, leftBehind: 2 }),
    up('a', 'web', healthy),
  ],
};

test('status says beside RUNNING what the health check says, and what is out of order', async () => {
  const { exitCode, stdout } = await fleetctl(['status'], ONE_HOST);
  assert.equal(exitCode, 3);
  assert.deepEqual(stdout.split('\n'), [
    'HOST   PROCESS   STATE                 PID    UPTIME    RESTARTS   DETAIL',
    'a      api       RUNNING (unhealthy)   4711   0:01:00   0          connection refused',
    'a      db        RUNNING (starting)    4711   0:01:00   0',
    'a      fat       RUNNING               4711   0:01:00   0          memory 612 MB of 512 MB',
    'a      full      RUNNING               4711   0:01:00   0          3.3 MB of output lost',
    'a      shop      STOPPED               -      -         0          waits for db to be healthy',
    'a      sloppy    EXITED                -      -         0          exit status 0; 2 processes left behind',
    'a      web       RUNNING (healthy)     4711   0:01:00   0',
    '',
  ]);
});

test('colours repeat it', async () => {
  const world = fakeWorld(fakeControl(ONE_HOST).client);
  const stdout = { ...world.environment.stdout, colours: true };
  await runFleetctl(['status'], { ...world.environment, stdout });
  for (const painted of [
    '\u001b[31mRUNNING (unhealthy)\u001b[0m',
    '\u001b[33mRUNNING (starting)\u001b[0m',
    '\u001b[32mRUNNING (healthy)\u001b[0m',
    // Nobody wants it to be down.
    '\u001b[33mSTOPPED\u001b[0m',
  ]) {
    assert.ok(world.stdout().includes(painted), JSON.stringify(painted));
  }
});

test('what runs and is not healthy is not all well', async () => {
  const exitCodes = [];
  for (const more of [healthy, {}, starting, unhealthy]) {
    const processes = [up('a', 'web', more)];
    exitCodes.push((await fleetctl(['status'], { hosts: [aHost('a')], processes })).exitCode);
  }
  assert.deepEqual(exitCodes, [0, 0, 3, 3]);
});

/** Three of forty are unhealthy, one has lost output, one waits and one is tried again. */
const down = { pid: null, startedAtMs: FAKE_NOW_MS } as const;
const FARM: FakeAnswers = {
  hosts: Array.from({ length: 40 }, (_, index) => aHost(`h${index}`)),
  processes: Array.from({ length: 40 }, (_, index) => {
    const trouble = index < 3 ? unhealthy : index === 7 ? { lostOutputBytes: index } : {};
    const lastError = index === 9 ? 'exited unexpectedly (exit status 1)' : null;
    return [
      up(`h${index}`, 'web', { ...healthy, lastError, ...trouble }),
      up(
        `h${index}`,
        'job',
        index === 5 ? waiting : { ...down, state: index === 8 ? 'BACKOFF' : 'STOPPED' },
      ),
    ];
  }).flat(),
};

test('many hosts are folded with the unhealthy ones on top, and counted', async () => {
  const { stdout } = await fleetctl(['status'], FARM);
  assert.deepEqual(stdout.split('\n'), [
    'STATE                 COUNT   FOR   PROCESS   HOSTS             DETAIL',
    'RUNNING (unhealthy)   3       -     web       h[0-2]            connection refused',
    'BACKOFF               1       -     job       h8',
    'STOPPED               38      -     job       h[0-4,6-7,9-39]',
    'STOPPED               1       -     job       h5                waits for db to be healthy',
    'RUNNING (healthy)     36      60s   web       h[3-6,8-39]',
    'RUNNING (healthy)     1       60s   web       h7                output lost',
    '80 processes on 40 hosts: 40 RUNNING (3 unhealthy), 1 BACKOFF, 39 STOPPED',
    '',
  ]);
});

test('JSON has each of them in a field of its own', async () => {
  const { stdout } = await fleetctl(['status', '-o', 'json'], ONE_HOST);
  const items = new Map(
    JSON.parse(stdout).items.map((item: { process: string }) => [item.process, item]),
  );
  const facts = (process: string) => {
    const item = items.get(process) as Record<string, unknown>;
    const { state, health, healthError, waitsFor } = item;
    const { lostOutputBytes, leftBehind, residentBytes, memoryMaxBytes } = item;
    return [
      ...[state, health, healthError, waitsFor],
      ...[lostOutputBytes, leftBehind, residentBytes, memoryMaxBytes],
    ];
  };
  assert.deepEqual(facts('api'), [
    ...['RUNNING', 'unhealthy', 'connection refused', null],
    ...[0, 0, null, null],
  ]);
  assert.deepEqual(facts('shop'), [
    ...['STOPPED', null, null, 'db to be healthy'],
    ...[0, 0, null, null],
  ]);
  assert.deepEqual(facts('sloppy').slice(4), [0, 2, null, null]);
  assert.deepEqual(facts('full').slice(4), [3.25 * MB, 0, null, null]);
  assert.deepEqual(facts('fat').slice(4), [0, 0, 612 * MB, 512 * MB]);
});

const described = async (more: Partial<ProcessStatus> & { readonly hostConnected?: boolean }) => {
  const hosts = [aHost('a', { connected: more.hostConnected !== false })];
  const answers = { hosts, processes: [aProcess('a', 'web', more)] };
  const { stdout } = await fleetctl(['describe', 'a/web'], answers);
  const [fields = ''] = stdout.split('\n\n');
  return new Map(fields.split('\n').map((line) => line.split(/ {3,}/) as [string, string]));
};

test('describe says all of it in words', async () => {
  const troubled = await described({
    ...unhealthy,
    ...{ residentBytes: 100 * MB, memoryMaxBytes: 1536 * MB },
    ...{ leftBehind: 1, lostOutputBytes: 900 },
  });
  assert.equal(troubled.get('health'), 'unhealthy: connection refused');
  assert.equal(troubled.get('memory'), '100 MB of 1.5 GB');
  assert.equal(troubled.get('memory_max'), '1.5 GB');
  assert.equal(troubled.get('left behind'), '1 process at its last stop');
  assert.equal(troubled.get('lost output'), '900 bytes since its agent started');
  assert.equal((await described(waiting)).get('waits for'), 'db to be healthy');
  const lost = await described({ ...unhealthy, hostConnected: false });
  assert.equal(lost.get('health then'), 'unhealthy: connection refused');
  assert.ok(!lost.has('health'));
});

test('of a lost host its last health is no news', async () => {
  const processes = [up('a', 'web', { ...unhealthy, hostConnected: false } as object)];
  const { stdout } = await fleetctl(['status'], {
    hosts: [aHost('a', { connected: false, lastSeenAtMs: FAKE_NOW_MS - 40 * S })],
    processes,
  });
  assert.match(stdout, / {3}UNREACHABLE .* last seen 40 s ago; was RUNNING\n$/);
});

test('the history tells how its health changed, programs too', async () => {
  const event = (seq: number, more: Partial<ProcessStatus>): StoredEvent => ({
    host: hostId('a'),
    seq,
    atMs: FAKE_NOW_MS,
    storedAtMs: FAKE_NOW_MS,
    event: { kind: 'processChanged', process: aProcess('a', 'web', more).status },
  });
  const answers = { ...ONE_HOST, events: [event(2, unhealthy), event(1, healthy)] };
  const { stdout } = await fleetctl(['describe', 'a/web'], answers);
  assert.deepEqual(
    stdout
      .split('last events\n')[1]
      ?.trimEnd()
      .split('\n')
      .map((line) => line.replace(/^\S+ +/, '')),
    ['RUNNING (healthy), pid 4711', 'RUNNING (unhealthy), pid 4711, connection refused'],
  );
  const json = await fleetctl(['describe', 'a/web', '-o', 'json'], answers);
  const [{ health, healthError, waitsFor }] = JSON.parse(json.stdout).events;
  assert.deepEqual([health, healthError, waitsFor], ['unhealthy', 'connection refused', null]);
});

test('what agents found out cannot steer a terminal, nor flood it', async () => {
  const evil = `\u001b[2J\n${'x'.repeat(1_000)}`;
  const processes = [
    up('a', 'web', { health: 'unhealthy', healthError: evil }),
    up('a', 'job', { ...waiting, waitsFor: evil }),
  ];
  const hosts = [aHost('a', { stateProblem: evil })];
  const texts = [
    (await fleetctl(['status'], { hosts, processes })).stdout,
    (await fleetctl(['status'], { hosts, processes })).stderr,
    (await fleetctl(['hosts'], { hosts })).stdout,
    (await fleetctl(['describe', 'a'], { hosts, processes })).stdout,
    (await fleetctl(['describe', 'a/web'], { hosts, processes })).stdout,
    (await fleetctl(['describe', 'a/job'], { hosts, processes })).stdout,
    (await fleetctlLocal(['status'], { processes: processes.map(({ status }) => status) })).stdout,
    (await fleetctlLocal(['status'], { stateProblem: evil })).stderr,
  ];
  for (const text of texts) {
    assert.ok(!text.includes('\u001b'), text);
    assert.match(text, /\\x1b\[2J/);
    assert.ok(text.split('\n').every((line) => line.length < 520));
  }
});

test('sizes are rounded to what people read', () => {
  assert.deepEqual(
    [
      -1,
      0,
      1_023,
      1_024,
      1_536,
      99.96 * 1024,
      1_047_900,
      1_048_300,
      512 * MB,
      5_000 * MB,
      2 ** 52,
    ].map(formatBytes),
    [
      ...['0 bytes', '0 bytes', '1023 bytes', '1 KB', '1.5 KB', '100 KB', '1023 KB'],
      ...['1 MB', '512 MB', '4.9 GB', '4194304 GB'],
    ],
  );
});

// ── on the host itself ──────────────────────────────────────────────────────────────────────────

test('--local has it at the end of the line, where no script looks', async () => {
  const known = (process: string, more: Partial<ProcessStatus>) => up('a', process, more).status;
  const { stdout, exitCode } = await fleetctlLocal(['status'], {
    processes: [
      known('api', unhealthy),
      known('db', starting),
      known('fat', { residentBytes: 612 * MB, memoryMaxBytes: 512 * MB }),
      known('fatal', { state: 'FATAL', pid: null, lastError: 'no', lostOutputBytes: 2_048 }),
      known('plain', {}),
      known('shop', waiting),
      known('sloppy', { state: 'STOPPING', leftBehind: 1 }),
      known('web', healthy),
    ],
  });
  assert.deepEqual(
    stdout.split('\n').map((line) => line.replace(/ {10,}/, '  ')),
    [
      'api  RUNNING   pid 4711, uptime 0:01:00, unhealthy (connection refused)',
      'db  RUNNING   pid 4711, uptime 0:01:00, starting',
      'fat  RUNNING   pid 4711, uptime 0:01:00, memory 612 MB of 512 MB',
      'fatal  FATAL     no, 2 KB of output lost',
      'plain  RUNNING   pid 4711, uptime 0:01:00',
      'shop  STOPPED   Not started, waits for db to be healthy',
      'sloppy  STOPPING  1 process left behind',
      'web  RUNNING   pid 4711, uptime 0:01:00, healthy',
      '',
    ],
  );
  assert.equal(exitCode, 3);
  const notWell = await fleetctlLocal(['status'], { processes: [known('api', unhealthy)] });
  assert.equal(notWell.exitCode, 0, 'as supervisorctl, which goes by the state alone');
});
