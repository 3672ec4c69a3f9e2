/** `fleetctl --local hold` and `release`: what is understood, what is ordered, what is said. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LocalOrder, OrderNews } from '../../proto/local-orders.ts';
import { type Hold, knownProcessName, type ProcessStatus } from '../../proto/vocabulary.ts';
import { FAKE_NOW_MS } from '../fakes/cli-environment.ts';
import { aProcess } from '../fakes/control-client.ts';
import { fleetctlLocal } from '../fakes/local-client.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

const held = (process: string, hold: Hold | null): ProcessStatus =>
  aProcess('web-1', process, { hold }).status;
const alice = (more: Partial<Hold> = {}): Hold => ({
  by: 'alice',
  reason: 'debugging',
  untilMs: FAKE_NOW_MS + 2 * 60 * MINUTE_MS,
  ...more,
});
const news = (process: string, hold: Hold | null, before: Hold | null): OrderNews => ({
  kind: 'hold',
  process: knownProcessName(process),
  hold,
  before,
});
const UNTIL = '2026-11-22 14:00 UTC';

/** Beyond `hold web`, and the duration that is ordered. */
const durations: readonly (readonly [string, number])[] = [
  ['30s', 30_000],
  ['30', 30_000],
  ['5m', 5 * MINUTE_MS],
  ['2h', 120 * MINUTE_MS],
  ['3d', 3 * DAY_MS],
  ['30d', 30 * DAY_MS],
];

test('a duration is what it is for operations, up to a month', async () => {
  for (const [typed, forMs] of durations) {
    for (const words of [['--for', typed], [`--for=${typed}`]]) {
      const { orders, exitCode } = await fleetctlLocal(['hold', 'web', ...words]);
      const order: LocalOrder = { kind: 'hold', names: ['web'], forMs, reason: '' };
      assert.deepEqual([orders, exitCode], [[order], 0], typed);
    }
  }
});

test('a duration that is none is refused with what would be one, and nothing is ordered', async () => {
  for (const typed of [
    '0',
    '0s',
    '-5m',
    '1.5h',
    '2w',
    'forever',
    '31d',
    '9'.repeat(500),
    '\u001b[2J',
  ]) {
    const { stderr, stdout, exitCode, orders } = await fleetctlLocal([
      'hold',
      'web',
      '--for',
      typed,
    ]);
    assert.equal(exitCode, 2, typed);
    assert.match(stderr, /^error: --for .*is not understood|^error: .*/);
    assert.match(stderr, /fix: {3}say how long, such as --for 2h; at most 30d/);
    assert.ok(!stderr.includes('\u001b'));
    assert.deepEqual([stdout, orders], ['', []]);
  }
});

test('without an end nothing is held, and the way to say one is told', async () => {
  const { stderr, exitCode, orders } = await fleetctlLocal(['hold', 'web']);
  assert.equal(
    stderr,
    'error: hold needs --for\ncause: a hold without an end is one that everybody forgets\nfix:   say how long, such as --for 2h\n',
  );
  assert.deepEqual([exitCode, orders], [2, []]);
});

test('a reason keeps its blanks, wherever it stands; one that is too long is refused', async () => {
  const words = ['--reason', 'two  words\n-- here', 'hold', 'web', 'shop:*', '--for', '2h'];
  const { orders } = await fleetctlLocal(words);
  assert.deepEqual(orders, [
    {
      kind: 'hold',
      names: ['web', 'shop:*'],
      forMs: 120 * MINUTE_MS,
      reason: 'two  words\n-- here',
    },
  ]);
  const long = await fleetctlLocal(['hold', 'web', '--for=2h', `--reason=${'x'.repeat(1_001)}`]);
  assert.match(
    long.stderr,
    /^error: --reason has 1001 characters\ncause: at most 1000 are taken\n/,
  );
  assert.deepEqual([long.exitCode, long.orders], [2, []]);
});

test('an option without a value, twice, or with a verb that has none is refused', async () => {
  for (const [words, message] of [
    [['hold', 'web', '--for'], '--for needs a value'],
    [['hold', 'web', '--for', '2h', '--reason', ''], '--reason needs a value'],
    [['hold', 'web', '--for', '2h', '--for', '3h'], '--for is given twice'],
    [['stop', 'web', '--for', '2h'], '--for does not go with stop'],
    [['release', 'web', '--reason=done'], '--reason does not go with release'],
    [['hold', 'web', '--form', '2h'], 'unknown option "--form" with --local'],
  ] as const) {
    const { stderr, exitCode, orders } = await fleetctlLocal(words);
    assert.ok(stderr.startsWith(`error: ${message}\n`), stderr);
    assert.deepEqual([exitCode, orders], [2, []]);
  }
});

test('hold and release need a name', async () => {
  const nothing = await fleetctlLocal(['hold', '--for', '2h']);
  assert.ok(
    nothing.stdout.startsWith('Error: hold requires a process name\n  hold NAME… --for 2h'),
  );
  assert.deepEqual([nothing.exitCode, nothing.orders], [2, []]);
  const release = await fleetctlLocal(['release']);
  assert.ok(release.stdout.startsWith('Error: release requires a process name\n'));
  assert.deepEqual([release.exitCode, release.orders], [2, []]);
  assert.deepEqual((await fleetctlLocal(['release', 'web', 'all'])).orders, [
    { kind: 'release', names: ['all'] },
  ]);
});

test('what became of each is told, whose hold it was too, and that a name means nothing', async () => {
  const bob = alice({ by: 'bob', reason: '' });
  const { stdout, exitCode } = await fleetctlLocal(['hold', 'a', 'b', 'nope', '--for', '2h'], {
    news: [
      { kind: 'process', process: 'nope', step: 'hold', fault: 'bad-name', error: null },
      news('a', alice(), null),
      news('b', alice(), bob),
    ],
  });
  assert.equal(
    stdout,
    `nope: ERROR (no such process)\na: held until ${UNTIL}\nb: held until ${UNTIL} (was held by bob until ${UNTIL})\n`,
  );
  assert.equal(exitCode, 1);
});

test('a release says whose it was, or that there was none, which is no failure', async () => {
  const { stdout, exitCode } = await fleetctlLocal(['release', 'a', 'b'], {
    news: [news('a', null, alice()), news('b', null, null)],
  });
  assert.equal(stdout, `a: released (was held by alice until ${UNTIL}: debugging)\nb: not held\n`);
  assert.equal(exitCode, 0);
});

test('hold alone lists who holds what, until when and why; what is over is not shown', async () => {
  const { stdout, stderr, exitCode, orders } = await fleetctlLocal(['hold'], {
    processes: [
      held('web', alice({ reason: '\u001b[2Jx\ny' })),
      held('db', alice({ by: 'root (sudo by bob)', reason: '' })),
      held('over', alice({ untilMs: FAKE_NOW_MS })),
      held('free', null),
    ],
  });
  assert.equal(
    stdout,
    `db                               held by root (sudo by bob) until ${UNTIL}\n` +
      `web                              held by alice until ${UNTIL}: \\x1b[2Jx\\x0ay\n`,
  );
  assert.deepEqual([stderr, exitCode, orders], ['', 0, []]);
  assert.equal((await fleetctlLocal(['hold'])).stdout, 'no process is held\n');
});

test('status keeps its lines as supervisorctl has them, and tells of holds on stderr', async () => {
  const free = await fleetctlLocal(['status', 'web'], { processes: [held('web', null)] });
  const processes = [
    held('web', alice()),
    held('db', alice()),
    held('over', alice({ untilMs: 0 })),
  ];
  const one = await fleetctlLocal(['status', 'web'], { processes });
  assert.equal(one.stdout, free.stdout);
  assert.equal(one.stderr, `held: web is held by alice until ${UNTIL}: debugging\n`);
  const all = await fleetctlLocal(['status'], { processes });
  assert.equal(all.stderr, 'held: 2 processes; fleetctl --local hold shows by whom\n');
  assert.equal((await fleetctlLocal(['status', 'over'], { processes })).stderr, '');
});

test('help lists both, and says how to hold', async () => {
  const { stdout } = await fleetctlLocal(['help']);
  assert.match(stdout, /^ {2}hold +keep the fleet's operations off processes for a while$/m);
  assert.match(stdout, /^ {2}release +end holds before their time$/m);
  assert.match((await fleetctlLocal(['help', 'hold'])).stdout, /at most 30d/);
});
