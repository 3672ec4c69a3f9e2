import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ControlClient, Environment, ProcessesAnswer } from '../../cli/ports.ts';
import { runFleetctl } from '../../cli/run.ts';
import { FleetError, refusal } from '../../proto/errors.ts';
import type { ProcessStatus } from '../../proto/vocabulary.ts';
import { FAKE_NOW_MS, fakeWorld } from '../fakes/cli-environment.ts';
import { aHost, aProcess, fakeControl } from '../fakes/control-client.ts';
import { type FakeScreen, fakeScreen } from '../fakes/screen.ts';

const S = 1_000;

type Answer = ProcessesAnswer | FleetError | 'silence';

interface Asked {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** When each question was asked, since the first. */
  readonly askedMs: readonly number[];
}

/** Ctrl-C comes where the script is at its end, or the controller silent. */
async function watch(
  words: readonly string[],
  answers: readonly Answer[],
  {
    screen,
    eachTakesMs = 0,
    onAnswer,
  }: {
    readonly screen?: FakeScreen;
    readonly eachTakesMs?: number;
    readonly onAnswer?: (index: number) => void;
  } = {},
): Promise<Asked> {
  const askedMs: number[] = [];
  const client: ControlClient = {
    ...fakeControl({}).client,
    listProcesses: async () => {
      onAnswer?.(askedMs.length);
      const answer = answers[askedMs.push(world.sleptMs()) - 1] ?? 'silence';
      world.pass(eachTakesMs);
      if (answer instanceof FleetError) throw answer;
      if (answer !== 'silence') return answer;
      world.pressInterrupt();
      return new Promise(() => {});
    },
  };
  const world = fakeWorld(client);
  const environment: Environment =
    screen === undefined
      ? world.environment
      : { ...world.environment, stdout: screen.output, terminal: screen.terminal };
  const exitCode = await runFleetctl(['status', ...words], environment);
  return { exitCode, stdout: world.stdout(), stderr: world.stderr(), askedMs };
}

function listing(...processes: ReturnType<typeof aProcess>[]): ProcessesAnswer {
  const hosts = [...new Set(processes.map(({ host }) => host))];
  const withheld = { hosts: 0, processes: 0 };
  return { hosts: hosts.map((host) => aHost(host)), processes, withheld };
}

const running = (host: string, rest: Partial<ProcessStatus> = {}) =>
  aProcess(host, 'web', { startedAtMs: FAKE_NOW_MS - 60 * S, ...rest });
const fatal = (host: string) =>
  running(host, { state: 'FATAL', pid: null, startedAtMs: null, exitCode: 1 });
const lost = new FleetError(refusal('unavailable', 'Connection dropped'));

test('off a terminal everything is printed once, and then each change with its time', async () => {
  const { exitCode, stdout, stderr } = await watch(
    ['--watch'],
    [
      listing(running('a'), running('b')),
      listing(running('a'), running('b')),
      listing(fatal('a'), running('b', { pid: 4712, restarts: 1 })),
      listing(running('b', { pid: 4712, restarts: 1 }), running('c-long')),
    ],
  );
  assert.equal(exitCode, 0, 'that of the last answer');
  assert.equal(stderr, '');
  assert.deepEqual(stdout.split('\n'), [
    'HOST   PROCESS   STATE     PID    UPTIME    RESTARTS   DETAIL',
    'a      web       RUNNING   4711   0:01:00   0',
    'b      web       RUNNING   4711   0:01:00   0',
    '2026-11-22T12:00:04.000Z   a   web   RUNNING → FATAL   exit status 1',
    '2026-11-22T12:00:04.000Z   b   web   RUNNING, pid 4711 → 4712',
    '2026-11-22T12:00:06.000Z   c-long   web   new → RUNNING',
    '2026-11-22T12:00:06.000Z   a        web   FATAL → gone',
    '',
  ]);
});

test('the exit code is that of the last answer', async () => {
  assert.equal(
    (await watch(['--watch'], [listing(running('a')), listing(fatal('a'))])).exitCode,
    3,
  );
});

test('JSON lines are all items, and then those that changed', async () => {
  const { stdout } = await watch(
    ['--watch', '-o', 'jsonl'],
    [listing(running('a'), running('b')), listing(fatal('a'), running('b')), listing(fatal('a'))],
  );
  const items = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    items.map(({ host, state, pid }) => [host, state, pid]),
    [
      ['a', 'RUNNING', 4711],
      ['b', 'RUNNING', 4711],
      ['a', 'FATAL', null],
      ['b', null, null],
    ],
  );
});

const rejecting = (problem: string | null): ProcessesAnswer => ({
  ...listing(running('a')),
  hosts: [aHost('a', { configProblem: problem })],
});

test('off a terminal a config that is rejected is told of once, and again when that changes', async () => {
  const pictures = [null, 'x:1: bad', 'x:1: bad', 'x:2: worse', null].map(rejecting);
  const { stderr } = await watch(['--watch'], pictures);
  assert.deepEqual(stderr.split('\n'), [
    'a: config rejected: x:1: bad',
    'a: config rejected: x:2: worse',
    'no config is rejected any more',
    '',
  ]);
  const json = await watch(['--watch', '-o', 'jsonl'], [rejecting('x:1: bad')]);
  assert.equal(JSON.parse(json.stderr).message, 'a: config rejected: x:1: bad');
});

test('on a screen it has the line of what is wrong', async () => {
  const screen = fakeScreen(80, 12);
  const seen: (readonly string[])[] = [];
  const onAnswer = () => seen.push(screen.visible());
  const pictures = [rejecting('x:1: bad'), rejecting(null)];
  await watch(['--watch'], pictures, { screen, onAnswer });
  assert.deepEqual(
    seen.slice(1).map((rows) => rows[1]),
    ['config rejected on a; fleetctl hosts says why', ''],
  );
});

test('a controller that goes away is told of once, asked again, and told of when it is back', async () => {
  const answers = [listing(running('a')), lost, lost, listing(fatal('a'))];
  const { exitCode, stdout, stderr } = await watch(['--watch'], answers);
  assert.equal(exitCode, 3);
  assert.deepEqual(stderr.split('\n'), [
    'what follows is not known until the controller answers again: Connection dropped',
    'the controller answers again',
    '',
  ]);
  assert.match(stdout, /12:00:06\.000Z {3}a {3}web {3}RUNNING → FATAL/);
  const json = await watch(['--watch', '-o', 'jsonl'], answers);
  assert.deepEqual(
    json.stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).kind),
    ['Notice', 'Notice'],
  );
});

test('a picture is old while the controller is silent, although it may still answer', async () => {
  const screen = fakeScreen(80, 12);
  const { askedMs } = await watch(['--watch'], [listing(running('a')), listing(running('a'))], {
    screen,
    eachTakesMs: 6_000,
  });
  assert.equal(askedMs.length, 3);
  assert.equal(screen.visible()[1], 'OLD, asked again at 12:02:05 UTC: the controller is silent');
});

test('what is wrong with the first question is wrong with the command', async () => {
  const nothing = new FleetError(refusal('nothing-matched', 'no host matches "x"'));
  const { exitCode, stderr, askedMs } = await watch(['--watch'], [nothing, listing(running('a'))]);
  assert.equal(exitCode, 6);
  assert.match(stderr, /no host matches/);
  assert.equal(askedMs.length, 1);
  assert.equal((await watch(['--watch'], [])).exitCode, 130);
});

test('it asks as often as it is told, but leaves nine tenths of its time to the controller', async () => {
  const same = Array(4).fill(listing(running('a')));
  const often = await watch(['--watch=1'], same);
  assert.deepEqual(often.askedMs, [0, 1_000, 2_000, 3_000, 4_000]);
  const slow = await watch(['--watch=1'], same, { eachTakesMs: 500 });
  assert.deepEqual(slow.askedMs, [0, 5_000, 10_000, 15_000, 20_000]);
});

test('what cannot be watched is refused before anything is asked', async () => {
  for (const output of ['json', 'name']) {
    const { exitCode, stderr, askedMs } = await watch(['--watch', '-o', output], []);
    assert.equal(exitCode, 2);
    assert.match(stderr, /-o jsonl/);
    assert.equal(askedMs.length, 0);
  }
});

test('on a terminal one picture is renewed, what changed is marked, and it stays at the end', async () => {
  const screen = fakeScreen(80, 12);
  const seen: (readonly string[])[] = [];
  const { exitCode } = await watch(
    ['--watch'],
    [
      listing(running('a'), running('b')),
      listing(fatal('a'), running('b')),
      lost,
      ...Array(5).fill(listing(fatal('a'), running('b'))),
    ],
    { screen, onAnswer: () => seen.push(screen.visible()) },
  );
  assert.equal(exitCode, 3);
  assert.deepEqual(seen[1], [
    '12:00:00 UTC   2 processes on 2 hosts: 2 RUNNING',
    '',
    '  HOST   PROCESS   STATE     PID    UPTIME    RESTARTS   DETAIL',
    '  a      web       RUNNING   4711   0:01:00   0',
    '  b      web       RUNNING   4711   0:01:00   0',
  ]);
  assert.deepEqual(seen[2], [
    '12:00:02 UTC   2 processes on 2 hosts: 1 RUNNING, 1 FATAL',
    '',
    '  HOST   PROCESS   STATE     PID    UPTIME    RESTARTS   DETAIL',
    '* a      web       FATAL     -      -         0          exit status 1',
    '  b      web       RUNNING   4711   0:01:02   0',
  ]);
  assert.deepEqual(seen[3]?.slice(0, 2), [
    '12:00:02 UTC   2 processes on 2 hosts: 1 RUNNING, 1 FATAL',
    'OLD, asked again at 12:00:04 UTC: Connection dropped',
  ]);
  assert.match(seen[3]?.[5] ?? '', /0:01:02/, 'an old picture does not grow older');
  assert.match(seen[4]?.[3] ?? '', /^\* a /, 'still marked after a break');
  const last = screen.visible();
  assert.match(last[0] ?? '', /^12:00:14 UTC/);
  assert.match(last[3] ?? '', /^ {2}a /, 'no longer marked after a while');
});

test('after Ctrl-Z and `fg` the picture stands below what the shell wrote, which stays', async () => {
  const screen = fakeScreen(80, 24);
  let answers = 0;
  await watch(['--watch'], Array(3).fill(listing(running('a'))), {
    screen,
    onAnswer: () => {
      answers += 1;
      if (answers === 2) screen.resume('[1]+  Stopped\n$ fg\n');
    },
  });
  const rows = screen.everything();
  const titles = rows.flatMap((row, index) => (row.includes('1 process on 1 host') ? index : []));
  assert.deepEqual(titles, [0, 6]);
  assert.deepEqual(rows.slice(4, 6), ['[1]+  Stopped', '$ fg']);
});

test('on a terminal what does not fit is folded, also after it was resized', async () => {
  const screen = fakeScreen(80, 24);
  const seen: (readonly string[])[] = [];
  const hosts = Array.from({ length: 9 }, (_, index) => `prod-${index + 1}`);
  const before = listing(...hosts.map((host) => running(host)));
  const after = listing(fatal('prod-1'), ...hosts.slice(1).map((host) => running(host)));
  await watch(['--watch'], [before, before, after], {
    screen,
    onAnswer: (index) => {
      seen.push(screen.visible());
      if (index !== 1) return;
      screen.resize(60, 10);
      seen.push(screen.visible());
    },
  });
  const tall = seen[1] ?? [];
  assert.equal(tall.length, 3 + 9);
  assert.equal(seen[2]?.length, 3 + 1, 'without waiting for the next answer');
  assert.deepEqual(screen.visible(), [
    '12:00:04 UTC   9 processes on 9 hosts: 8 RUNNING, 1 FATAL',
    '',
    '  STATE     COUNT   FOR   PROCESS   HOSTS',
    '* FATAL     1       -     web       prod-1',
    '      exit status 1',
    '* RUNNING   8       64s   web       prod-[2-9]',
  ]);
});

test('a restart marks the row that it is folded into', async () => {
  const screen = fakeScreen(80, 8);
  const marked: boolean[] = [];
  const hosts = Array.from({ length: 9 }, (_, index) => `prod-${index + 1}`);
  const before = hosts.map((host) => running(host));
  const after = [running('prod-1', { pid: 4712, startedAtMs: FAKE_NOW_MS }), ...before.slice(1)];
  await watch(['--watch'], [listing(...before), listing(...before), listing(...after)], {
    screen,
    onAnswer: () => marked.push(screen.visible().some((line) => line.startsWith('* '))),
  });
  assert.deepEqual(marked, [false, false, false, true]);
});

test('wide on a terminal shows every process it has room for, the worst first', async () => {
  const screen = fakeScreen(140, 10);
  const hosts = Array.from({ length: 30 }, (_, index) => `prod-${index + 1}`);
  await watch(
    ['--watch', '-o', 'wide'],
    [listing(...hosts.map((host) => (host === 'prod-29' ? fatal(host) : running(host))))],
    { screen },
  );
  const rows = screen.visible();
  assert.equal(rows.length, 9);
  assert.match(rows[3] ?? '', /^ {2}prod-29 {3}web {7}FATAL/);
  assert.match(rows[8] ?? '', /^… and 25 more lines$/);
});

test('a change of health is a change; more memory, and more output lost, is none', async () => {
  const told = await watch(
    ['--watch'],
    [
      listing(running('a', { health: 'starting', memoryMaxBytes: 10, residentBytes: 1 })),
      listing(running('a', { health: 'healthy', memoryMaxBytes: 10, residentBytes: 2 })),
      listing(running('a', { health: 'healthy', lostOutputBytes: 1_024 })),
      listing(running('a', { health: 'healthy', lostOutputBytes: 2_048 })),
      listing(running('a', { health: 'unhealthy', healthError: 'no', lostOutputBytes: 2_048 })),
    ],
  );
  assert.equal(told.exitCode, 3);
  assert.deepEqual(told.stdout.trimEnd().split('\n').slice(2), [
    '2026-11-22T12:00:02.000Z   a   web   RUNNING (starting) → RUNNING (healthy)   memory 2 bytes of 10 bytes',
    '2026-11-22T12:00:04.000Z   a   web   RUNNING (healthy)   1 KB of output lost',
    '2026-11-22T12:00:08.000Z   a   web   RUNNING (healthy) → RUNNING (unhealthy)   no; 2 KB of output lost',
  ]);
});

test('an agent that lost its state is told of as loudly as a config that is rejected', async () => {
  const losing = (stateProblem: string | null, configProblem: string | null = null) => ({
    ...listing(running('a')),
    hosts: [aHost('a', { stateProblem, configProblem })],
  });
  const { stderr } = await watch(
    ['--watch'],
    [losing('journal.db was damaged', 'x:1: bad'), losing(null, 'x:1: bad')],
  );
  assert.deepEqual(stderr.split('\n'), [
    'a: state lost: journal.db was damaged',
    'a: config rejected: x:1: bad',
    'no state is missed any more',
    '',
  ]);
  const screen = fakeScreen(100, 12);
  const seen: (readonly string[])[] = [];
  const onAnswer = () => seen.push(screen.visible());
  await watch(['--watch'], [losing('gone'), losing('gone', 'bad')], { screen, onAnswer });
  assert.deepEqual(
    seen.slice(1).map((rows) => rows[1]),
    [
      'state lost on a; fleetctl hosts says why',
      'state lost on a; config rejected on a; fleetctl hosts says why',
    ],
  );
});

test('who is let in no more leaves at once, with the reason', async () => {
  for (const code of ['denied', 'unauthenticated'] as const) {
    const because = new FleetError(refusal(code, 'the certificate of operator/bob was revoked'));
    const { exitCode, stdout, stderr, askedMs } = await watch(
      ['--watch'],
      [listing(running('a')), because, listing(fatal('a'))],
    );
    assert.equal(exitCode, 5);
    assert.match(stderr, /^error: the certificate of operator\/bob was revoked\n/);
    assert.doesNotMatch(stdout, /FATAL/);
    assert.equal(askedMs.length, 2);
  }
});
