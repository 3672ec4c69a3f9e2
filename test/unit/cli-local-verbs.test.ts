import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Unreachable } from '../../cli/local/ports.ts';
import { LOCAL_VERBS } from '../../cli/local/verbs/table.ts';
import { FleetError, refusal } from '../../proto/errors.ts';
import type { GroupAction, GroupFault, OrderNews } from '../../proto/local-orders.ts';
import { knownProcessName } from '../../proto/vocabulary.ts';
import { fleetctlLocal, type LocalAnswers } from '../fakes/local-client.ts';

function group(name: string, action: GroupAction, fault: GroupFault | null = null, error?: string) {
  return { kind: 'group', group: name, action, fault, error: error ?? null } as const;
}
const refused = (...because: Parameters<typeof refusal>): OrderNews => {
  return { kind: 'refused', refusal: refusal(...because) };
};
const ending = refused('unavailable', 'the agent is shutting down');
const broken = refused('configuration', 'the configuration is not usable', {
  cause: 'a.conf:1: no\nb.conf:2: \u001b[2J',
});
const BROKEN =
  'ERROR: CANT_REREAD: the configuration is not usable\n  a.conf:1: no\n  b.conf:2: \\x1b[2J\n';
const reread = { kind: 'reread' } as const;

/** As supervisorctl 4.2.5 printed it, where it can be in the situation. */
const situations: readonly (readonly [string, readonly OrderNews[], string, number])[] = [
  ['reread', [{ ...reread, changes: [] }], 'No config updates to processes\n', 0],
  [
    'reread',
    [
      {
        ...reread,
        changes: [
          { group: 'zeta', change: 'available' },
          { group: 'ab', change: 'changed' },
          { group: 'gone', change: 'disappeared' },
        ],
      },
    ],
    'ab: changed\ngone: disappeared\nzeta: available\n',
    0,
  ],
  ['reread', [broken], BROKEN, 1],
  ['reread', [ending], 'ERROR: supervisor shutting down\n', 1],
  ['avail', [ending], 'ERROR: supervisor shutting down\n', 1],
  [
    'update',
    [
      group('gone', 'stopped'),
      group('gone', 'removed'),
      group('ab', 'updated'),
      group('zeta', 'added'),
    ],
    'gone: stopped\ngone: removed process group\nab: updated process group\nzeta: added process group\n',
    0,
  ],
  ['update', [], '', 0],
  ['update', [group('x', 'removed')], 'x: stopped\nx: removed process group\n', 0],
  ['update', [broken], BROKEN, 1],
  ['update', [ending], 'ERROR: already shutting down\n', 1],
  ['update x', [group('x', 'updated', 'no-such-group')], 'ERROR: no such group: x\n', 1],
  ['update x', [group('x', 'removed', 'failed')], 'x: has problems; not removing\n', 1],
  ['update x', [group('x', 'updated', 'failed', 'no')], 'x: ERROR (no)\n', 1],
  [
    'update',
    [
      group('shop', 'updated'),
      group('web', 'added', 'failed', "web: can't find command '/x'"),
      group('pool', 'added', 'failed', 'pool:1: Exited too quickly; pool:2: no'),
      group('zoo', 'added'),
    ],
    "shop: updated process group\nweb: ERROR (can't find command '/x')\n" +
      'pool: ERROR (pool:1: Exited too quickly; pool:2: no)\nzoo: added process group\n',
    1,
  ],
  ['add x', [group('x', 'added')], 'x: added process group\n', 0],
  ['add x', [group('x', 'added', 'already-active')], 'ERROR: process group already active\n', 0],
  ['add x', [group('x', 'added', 'no-such-group')], 'ERROR: no such process/group: x\n', 1],
  ['add x', [ending], 'ERROR: shutting down\n', 1],
  ['remove x', [group('x', 'removed')], 'x: removed process group\n', 0],
  [
    'remove x',
    [group('x', 'removed', 'still-running')],
    'ERROR: process/group still running: x\n',
    1,
  ],
  ['remove x', [group('x', 'removed', 'no-such-group')], 'ERROR: no such process/group: x\n', 1],
  ['handover', [], 'Handed over\n', 0],
  ['handover', [ending], 'ERROR: already shutting down\n', 1],
  ['shutdown', [], 'Shut down\n', 0],
  ['shutdown', [ending], 'ERROR: already shutting down\n', 0],
  ['reload', [], 'Restarted supervisord\n', 0],
  ['reload', [ending], 'ERROR: already shutting down\n', 1],
  ['reload', [broken], BROKEN, 1],
];

test('what is said of configurations and of the end is what supervisorctl says', async () => {
  for (const [typed, news, stdout, exitCode] of situations) {
    const result = await fleetctlLocal(typed.split(' '), { news });
    assert.deepEqual(
      { stdout: result.stdout, stderr: result.stderr, exitCode: result.exitCode },
      { stdout, stderr: '', exitCode },
      typed,
    );
  }
});

test('an agent that is gone before it said so has not stopped everything', async () => {
  for (const verb of ['shutdown', 'reload', 'handover']) {
    const lost = await fleetctlLocal([verb], { vanishes: true });
    assert.deepEqual([lost.stdout, lost.exitCode], ['', 4], verb);
    assert.match(lost.stderr, /the agent went away/);
  }
});

test('avail shows what is configured, by name', async () => {
  const configured = (process: string, rest: object) => {
    const [group = '', name = group] = process.split(':');
    const more = { inUse: true, autostart: true, groupPriority: 999, priority: 5, ...rest };
    return { process: knownProcessName(process), group, name, ...more };
  };
  const processes = [
    configured('ab:z', {}),
    configured('alpha', { inUse: false, autostart: false, priority: 999 }),
  ];
  const { stdout } = await fleetctlLocal(['avail'], { news: [{ kind: 'avail', processes }] });
  assert.equal(
    stdout,
    'alpha                            avail     manual    999:999\n' +
      'ab:z                             in use    auto      999:5\n',
  );
});

test('update all is update of everything; add and remove of nothing are nothing', async () => {
  const { orders } = await fleetctlLocal(['update', 'x', 'all']);
  assert.deepEqual(
    orders.map((order) => 'groups' in order && order.groups),
    [[]],
  );
  for (const verb of ['add', 'remove']) {
    const { exitCode, stdout, dialled } = await fleetctlLocal([verb]);
    assert.deepEqual([exitCode, stdout, dialled], [0, '', []]);
  }
});

test('words where none are taken are complained of without an agent', async () => {
  for (const verb of ['version', 'avail', 'reread', 'reload', 'handover', 'shutdown']) {
    const { exitCode, stdout, dialled } = await fleetctlLocal([verb, 'x']);
    assert.deepEqual([exitCode, dialled], [1, []]);
    assert.match(stdout, new RegExp(`^Error: ${verb} accepts no arguments\n  ${verb} `));
  }
});

test('clear tells of each process', async () => {
  const cleared = [
    { process: 'a', fault: null, error: null },
    { process: 'x:*', fault: 'bad-name', error: null },
    { process: 'b', fault: 'failed', error: null },
  ] as const;
  const { stdout, exitCode } = await fleetctlLocal(['clear', 'a', 'x:*', 'b'], { cleared });
  assert.equal(stdout, 'a: cleared\nx: ERROR (no such group)\nb: ERROR (failed)\n');
  assert.equal(exitCode, 1);
  assert.equal((await fleetctlLocal(['clear', 'a'], { cleared: [cleared[0]] })).exitCode, 0);
});

const logOf = { process: 'web:0', channel: 'stdout', follow: false } as const;
const tails: readonly (readonly [string, object | null, string, number])[] = [
  ['tail web:0', { ...logOf, bytes: 1_600 }, 'one\ntwo\n\n', 0],
  ['tail -5 web:0', { ...logOf, bytes: 5 }, 'one\ntwo\n\n', 0],
  ['tail -+5 web:0 STDERR', { ...logOf, bytes: 5, channel: 'stderr' }, 'one\ntwo\n\n', 0],
  ['tail -0 web:web', { ...logOf, process: 'web', bytes: 4_194_304 }, 'one\ntwo\n\n', 0],
  ['tail -99999999999999999999 web:0', { ...logOf, bytes: 4_194_304 }, 'one\ntwo\n\n', 0],
  ['tail :', { ...logOf, process: ':', bytes: 1_600 }, 'one\ntwo\n\n', 0],
  ['maintail', { ...logOf, process: null, bytes: 1_600 }, 'one\ntwo\n\n', 0],
  ['maintail -7', { ...logOf, process: null, bytes: 7 }, 'one\ntwo\n\n', 0],
  ['tail', null, 'Error: too few arguments', 1],
  ['tail a stdout b c', null, 'Error: too many arguments', 1],
  ['tail -5 a stderr b', null, 'Error: too many arguments', 1],
  ['tail -5', null, 'Error: tail requires process name', 1],
  ['tail a stdin', null, "Error: bad channel 'stdin'", 1],
  ['tail a -5', null, "Error: bad channel '-5'", 1],
  ['tail -x a', null, 'Error: bad argument -x', 1],
  ['tail - a', null, 'Error: bad argument -', 1],
  ['tail -1.5 a', null, 'Error: bad argument -1.5', 1],
  ['maintail x', null, 'Error: bad argument x', 1],
  ['maintail -f x', null, 'Error: too many arguments', 1],
];

test('tail asks for what was meant and prints it as it is', async () => {
  for (const [typed, request, expected, exitCode] of tails) {
    const result = await fleetctlLocal(typed.split(' '), { log: ['one\n', 'two\n'] });
    assert.deepEqual(result.logs, request === null ? [] : [request], typed);
    const shown = request === null ? result.stdout.split('\n')[0] : result.stdout;
    assert.deepEqual([shown, result.exitCode], [expected, exitCode], typed);
  }
});

test('a log that there is not is a complaint; with -f it goes to stderr, and the code is 0', async () => {
  const log = [new FleetError(refusal('nothing-matched', 'no such process name'))];
  const once = await fleetctlLocal(['tail', 'x:*'], { log });
  assert.deepEqual([once.stdout, once.exitCode], ['x:*: ERROR (no such process name)\n', 1]);
  const followed = await fleetctlLocal(['tail', '-f', 'x'], { log });
  assert.deepEqual(
    [followed.stdout, followed.stderr, followed.exitCode],
    ['==> Press Ctrl-C to exit <==\n', 'x: ERROR (no such process name)\n', 0],
  );
});

test('a followed log ends with Ctrl-C, on a line of its own and with 0', async () => {
  for (const words of [
    ['tail', '-f', 'a'],
    ['maintail', '-f'],
  ]) {
    const { stdout, exitCode, logs } = await fleetctlLocal(words, { log: ['one\n'] });
    assert.equal(stdout, '==> Press Ctrl-C to exit <==\none\n\n');
    assert.deepEqual([exitCode, logs[0]?.bytes, logs[0]?.follow], [0, 1_024, true]);
  }
});

test('a file gets every byte of a log, a terminal none that it would obey', async () => {
  const log = ['\u001b[2Jred\u0007\ttab\r\n\u00c2', '\u009b31m \u00c3', '\u00a9\u00ff\u0000'];
  const raw = await fleetctlLocal(['tail', 'a'], { log });
  assert.equal(raw.stdout, `${log.join('')}\n`);
  const screen = { columns: 80, rows: 24 };
  const shown = await fleetctlLocal(['tail', 'a'], { log, screen });
  assert.equal(
    Buffer.from(shown.stdout, 'latin1').toString('utf8'),
    '\\x1b[2Jred\\x07\ttab\r\n\\x9b31m é\ufffd\\x00\n',
  );
});

const AT = 'unix:///run/x.sock';
const gone = (reason: Unreachable['reason']): LocalAnswers => {
  return { dial: { kind: 'unreachable', url: AT, reason, detail: 'why' } };
};

test('without an agent each verb says so with its own code', async () => {
  const codes = {
    missing: { status: 4, shutdown: 1, others: 7, atOnce: 1 },
    refused: { status: 4, shutdown: 1, others: 4, atOnce: 1 },
    denied: { status: 1, shutdown: 1, others: 1, atOnce: 1 },
    unusable: { status: 1, shutdown: 1, others: 1, atOnce: 1 },
  } as const;
  const facts = {
    missing: /^unix:\/\/\/run\/x.sock no such file\n$/,
    refused: /^unix:\/\/\/run\/x.sock refused connection\n$/,
    denied: /^unix:\/\/\/run\/x.sock permission denied: try it with sudo/,
    unusable: /^unix:\/\/\/run\/x.sock does not answer as an agent does: why\n$/,
  } as const;
  const atOnce = new Set(['reread', 'update', 'avail', 'add', 'remove', 'reload', 'handover']);
  const endings = ['reload', 'handover', 'shutdown'];
  const bare = new Set(['version', 'reread', 'avail', 'maintail', ...endings]);
  for (const reason of ['missing', 'refused', 'denied', 'unusable'] as const) {
    for (const verb of LOCAL_VERBS.keys()) {
      const words = bare.has(verb) ? [verb] : [verb, 'x'];
      const { stdout, exitCode } = await fleetctlLocal(words, gone(reason));
      const kind = atOnce.has(verb) ? 'atOnce' : 'others';
      const key = verb === 'status' || verb === 'shutdown' ? verb : kind;
      assert.equal(exitCode, codes[reason][key], `${verb}, ${reason}`);
      if (verb !== 'shutdown') assert.match(stdout, facts[reason]);
    }
  }
  const down = await fleetctlLocal(['shutdown'], gone('missing'));
  assert.equal(down.stdout, `ERROR: ${AT} no such file (already shut down?)\n`);
  const refusing = await fleetctlLocal(['shutdown'], gone('refused'));
  assert.equal(refusing.stdout, `ERROR: ${AT} refused connection (already shut down?)\n`);
});

test('a missing agent is told before missing words, where supervisorctl looks for it first', async () => {
  for (const typed of ['start', 'stop', 'signal HUP', 'clear', 'tail', 'tail a stdin']) {
    const { stdout, exitCode } = await fleetctlLocal(typed.split(' '), gone('missing'));
    assert.deepEqual([stdout, exitCode], [`${AT} no such file\n`, 7], typed);
  }
});
