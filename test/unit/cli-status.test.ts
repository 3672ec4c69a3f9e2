import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runFleetctl } from '../../cli/run.ts';
import { FAKE_NOW_MS, fakeWorld, type ScreenSize } from '../fakes/cli-environment.ts';
import { aHost, aProcess, type FakeAnswers, fakeControl } from '../fakes/control-client.ts';

const S = 1_000;

async function fleetctl(
  line: string | readonly string[],
  answers: FakeAnswers,
  screen?: ScreenSize,
) {
  const words = typeof line === 'string' ? line.split(' ') : line;
  const { client, isClosed } = fakeControl(answers);
  const world = fakeWorld(client, screen === undefined ? {} : { screen });
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
      lastError: 'Exited too quickly',
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
    'prod-10   eve\\x1b[2J\\x0a   FATAL         -      -         0          killed by SIGSEGV',
    'prod-10   flap             BACKOFF       -      -         0          exit status 3; Exited too quickly; next try in 3 s',
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
    program: 'web',
    changedAt: '1970-01-01T00:00:00.000Z',
    startMs: 1_000,
    stopWaitMs: 10_000,
    tierWaitMs: 30_000,
    health: null,
    healthError: null,
    waitsFor: null,
    lostOutputBytes: 0,
    leftBehind: 0,
    residentBytes: null,
    memoryMaxBytes: null,
    hold: null,
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
  ]) {
    const { exitCode, stderr } = await fleetctl(words, FLEET);
    assert.equal(exitCode, 2, words.join());
    assert.match(stderr, /an empty selection never means everything/);
  }
});

test('wide shows every process, with what orders it and how it ended', async () => {
  const { stdout } = await fleetctl('status -o wide', FLEET);
  const rows = stdout.split('\n').map((line) => line.split(/ {3,}/));
  assert.deepEqual(rows[0], [
    ...['HOST', 'PROCESS', 'STATE', 'GROUP', 'TIER', 'GENERATION', 'PID', 'UPTIME'],
    ...['RESTARTS', 'EXIT', 'DETAIL'],
  ]);
  const flap = 'exit status 3; Exited too quickly; next try in 3 s';
  assert.deepEqual(
    rows.find(([, process]) => process === 'flap'),
    ['prod-10', 'flap', 'BACKOFF', 'flap', '999/999', '0', '-', '-', '0', '3', flap],
  );
});

test('names are one line each, made for xargs', async () => {
  const { exitCode, stdout } = await fleetctl('status -o name', FLEET);
  assert.equal(exitCode, 3);
  assert.deepEqual(stdout.split('\n').slice(0, 3), ['prod-2/web', 'prod-10/cron', 'prod-10/db']);
  assert.ok(!stdout.includes('prod-3'));
});

test('an error that already says how the process ended says it once', async () => {
  const lastError = 'Exited too quickly (exit status 3)';
  const processes = [aProcess('a', 'x', { state: 'FATAL', pid: null, exitCode: 3, lastError })];
  const { stdout } = await fleetctl('status', { hosts: [aHost('a')], processes });
  assert.match(stdout, / {3}Exited too quickly \(exit status 3\)\n$/);
  const killed = { exitSignal: 'KILL', lastError: 'Exited too quickly (killed by SIGKILL)' };
  const again = [aProcess('a', 'x', { state: 'BACKOFF', pid: null, ...killed })];
  assert.ok(!(await fleetctl('status', { hosts: [], processes: again })).stdout.includes(';'));
});

test('how a process ended is no news once it is started again', async () => {
  const processes = [aProcess('a', 'x', { state: 'STARTING', pid: null, exitCode: 0 })];
  const { stdout } = await fleetctl('status', { hosts: [aHost('a')], processes });
  assert.ok(!stdout.includes('exit status'));
});

/** 40 hosts of a web farm, of which some are in the same trouble, and one that is lost. */
const FARM: FakeAnswers = {
  hosts: [
    ...Array.from({ length: 40 }, (_, index) => aHost(farmHost(index))),
    aHost('db-1', { connected: false, lastSeenAtMs: FAKE_NOW_MS - 240 * S }),
    aHost('db-2', { connected: false }),
  ],
  processes: [
    ...Array.from({ length: 40 }, (_, index) => [
      aProcess(farmHost(index), 'web:0', {
        startedAtMs: FAKE_NOW_MS - (index + 10) * 60 * S,
        lastError: index === 5 ? 'exited unexpectedly (exit status 1)' : null,
      }),
      aProcess(farmHost(index), 'web:1', {
        startedAtMs: FAKE_NOW_MS - (index + 10) * 60 * S,
        ...(index % 10 === 3 ? trouble(index) : {}),
      }),
    ]).flat(),
    aProcess('db-1', 'db', {
      hostConnected: false,
      state: 'BACKOFF',
      nextTryAtMs: FAKE_NOW_MS + S,
    }),
  ],
};

function farmHost(index: number): string {
  return `prod-${String(index + 1).padStart(2, '0')}`;
}

function trouble(index: number) {
  return {
    state: 'BACKOFF',
    pid: null,
    exitCode: 1,
    lastError: 'Exited too quickly (exit status 1)',
    changedAtMs: FAKE_NOW_MS - index * S,
    nextTryAtMs: FAKE_NOW_MS + index * S,
  } as const;
}

test('more than ten hosts are folded by what is equal, the worst first, and counted', async () => {
  const { exitCode, stdout } = await fleetctl('status', FARM);
  assert.equal(exitCode, 3);
  assert.deepEqual(stdout.split('\n'), [
    'STATE         COUNT   FOR       PROCESS   HOSTS                                  DETAIL',
    'UNREACHABLE   1       4m        db        db-1',
    'UNREACHABLE   -       -         -         db-2                                   never seen',
    'BACKOFF       4       3s-33s    web:1     prod-[04,14,24,34]                     Exited too quickly (exit status 1); next try in 3 s to 33 s',
    'RUNNING       40      10m-49m   web:0     prod-[01-40]',
    'RUNNING       36      10m-49m   web:1     prod-[01-03,05-13,15-23,25-33,35-40]',
    '81 processes on 42 hosts: 76 RUNNING, 1 UNREACHABLE, 4 BACKOFF; 1 host UNREACHABLE, processes not known',
    '',
  ]);
});

test('processes that fare alike on the same hosts share a row', async () => {
  const hosts = Array.from({ length: 1_000 }, (_, index) => `h${index}`);
  const names = ['web:2', 'web:10', 'web:1', 'cron'];
  const startedAtMs = FAKE_NOW_MS - 5 * S;
  const { exitCode, stdout } = await fleetctl('status', {
    hosts: hosts.map((host) => aHost(host)),
    processes: hosts.flatMap((host) => names.map((name) => aProcess(host, name, { startedAtMs }))),
  });
  assert.equal(exitCode, 0);
  assert.deepEqual(stdout.split('\n'), [
    'STATE     COUNT   FOR   PROCESS             HOSTS      DETAIL',
    'RUNNING   4000    5s    cron,web:[1-2,10]   h[0-999]',
    '4,000 processes on 1,000 hosts: 4,000 RUNNING',
    '',
  ]);
});

test('on a narrow terminal the reason stands below, and hosts are cut where that is no lie', async () => {
  const { stdout } = await fleetctl('status', FARM, { columns: 64, rows: 24 });
  const lines = stdout.split('\n');
  assert.deepEqual(lines.slice(0, -2), [
    'STATE         COUNT   FOR       PROCESS   HOSTS',
    'UNREACHABLE   1       4m        db        db-1',
    'UNREACHABLE   -       -         -         db-2',
    '    never seen',
    'BACKOFF       4       3s-33s    web:1     prod-[04,14,24,34]',
    '    Exited too quickly (exit status 1); next try in 3 s to 33 s',
    'RUNNING       40      10m-49m   web:0     prod-[01-40]',
    'RUNNING       36      10m-49m   web:1     36 hosts',
  ]);
  assert.ok(lines.slice(0, -2).every((line) => line.length <= 64));
  const wider = await fleetctl('status', FARM, { columns: 72, rows: 24 });
  assert.match(wider.stdout, / {3}prod-\[01-03,05-13\] and 24 more\n/);
});

test('hostile names and errors are folded as safely as others, and whole', async () => {
  const hosts = Array.from({ length: 12 }, (_, index) => `h${index}`);
  const evil = {
    state: 'FATAL',
    pid: null,
    lastError: `\u001b[2J${'x'.repeat(5_000)}`,
  } as const;
  const processes = hosts.flatMap((host) => [
    aProcess(host, `a\u001b[2J,${'y'.repeat(500)}`, evil),
    aProcess(host, 'b[1-2]', evil),
  ]);
  const { stdout } = await fleetctl('status', {
    hosts: hosts.map((host) => aHost(host)),
    processes,
  });
  assert.ok(!stdout.includes('\u001b'));
  const [row = ''] = stdout.split('\n').slice(1);
  assert.ok(row.includes(`a\\x1b[2J,${'y'.repeat(500)},b[1-2]`), row);
  assert.ok(row.includes('   h[0-11]   \\x1b[2Jxxx'));
  assert.ok(row.length < 1_200);
});

test('a large fleet is folded while a person waits', async () => {
  const hosts = Array.from({ length: 2_000 }, (_, index) => `prod-${index}`);
  const processes = hosts.flatMap((host, index) =>
    Array.from({ length: 10 }, (_, number) =>
      aProcess(host, `web:${number}`, { startedAtMs: FAKE_NOW_MS - index * S }),
    ),
  );
  const answers = { hosts: hosts.map((host) => aHost(host)), processes };
  const before = process.cpuUsage();
  const { stdout } = await fleetctl('status', answers);
  const { user } = process.cpuUsage(before);
  assert.match(stdout, /^RUNNING {3}20000 {3}0s-33m {3}web:\[0-9\] {3}prod-\[0-1999\]$/m);
  assert.ok(user < 1_000_000, `${user / 1_000} ms`);
});
