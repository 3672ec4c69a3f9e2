import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusal } from '../../proto/errors.ts';
import type { LocalOrder, OrderNews } from '../../proto/local-orders.ts';
import type { TargetFault } from '../../proto/vocabulary.ts';
import { aProcess } from '../fakes/control-client.ts';
import { fleetctlLocal } from '../fakes/local-client.ts';

type Step = 'start' | 'stop' | 'signal';

function news(process: string, step: Step, fault: TargetFault | null = null, error?: string) {
  return { kind: 'process', process, step, fault, error: error ?? null } as const;
}

/** Lines and exit codes as supervisorctl 4.2.5 printed them, where it can be in the situation. */
const situations: readonly (readonly [
  typed: string,
  happened: readonly OrderNews[],
  stdout: string,
  exitCode: number,
])[] = [
  ['start web', [news('web', 'start')], 'web: started\n', 0],
  ['stop web:*', [news('web:0', 'stop')], 'web:0: stopped\n', 0],
  ['signal HUP web', [news('web', 'signal')], 'web: signalled\n', 0],
  ['start a', [news('a', 'start', 'already-started')], 'a: ERROR (already started)\n', 0],
  ['stop a', [news('a', 'stop', 'not-running')], 'a: ERROR (not running)\n', 0],
  ['signal HUP a', [news('a', 'signal', 'not-running')], 'a: ERROR (not running)\n', 7],
  ['start a', [news('a', 'start', 'bad-name')], 'a: ERROR (no such process)\n', 1],
  ['start a:a', [news('a:a', 'start', 'bad-name')], 'a: ERROR (no such process)\n', 1],
  ['start a:b:c', [news('a:b:c', 'start', 'bad-name')], 'a:b:c: ERROR (no such process)\n', 1],
  ['start a:*', [news('a:*', 'start', 'bad-name')], 'a: ERROR (no such group)\n', 2],
  ['stop a:', [news('a:', 'stop', 'bad-name')], 'a: ERROR (no such group)\n', 1],
  ['signal 1 a:*', [news('a:*', 'signal', 'bad-name')], 'a: ERROR (no such group)\n', 1],
  ['start a', [news('a', 'start', 'no-file')], 'a: ERROR (no such file)\n', 1],
  ['start a', [news('a', 'start', 'not-executable')], 'a: ERROR (file is not executable)\n', 1],
  ['start a', [news('a', 'start', 'spawn-error')], 'a: ERROR (spawn error)\n', 7],
  ['start a', [news('a', 'start', 'abnormal-termination')], 'a: ERROR (abnormal termination)\n', 7],
  ['stop a', [news('a', 'stop', 'failed', 'it will not die')], 'a: ERROR (it will not die)\n', 1],
  ['stop a', [news('a', 'stop', 'failed')], 'a: ERROR (failed)\n', 1],
  ['stop a', [news('a', 'stop', 'failed', 'a: no')], 'a: ERROR (no)\n', 1],
  ['restart a', [news('a', 'stop'), news('a', 'start')], 'a: stopped\na: started\n', 0],
  [
    'restart a',
    [news('a', 'stop', 'not-running'), news('a', 'start', 'no-file')],
    'a: ERROR (not running)\na: ERROR (no such file)\n',
    1,
  ],
  [
    'restart a',
    [news('a', 'stop', 'bad-name')],
    'a: ERROR (no such process)\na: ERROR (no such process)\n',
    1,
  ],
  [
    'restart a:*',
    [news('a:*', 'stop', 'bad-name')],
    'a: ERROR (no such group)\na: ERROR (no such group)\n',
    2,
  ],
  [
    'start a b c',
    [news('a', 'start', 'no-file'), news('b', 'start', 'spawn-error'), news('c', 'start')],
    'a: ERROR (no such file)\nb: ERROR (spawn error)\nc: started\n',
    7,
  ],
  [
    'start b a',
    [news('b', 'start', 'spawn-error'), news('a', 'start', 'no-file')],
    'b: ERROR (spawn error)\na: ERROR (no such file)\n',
    1,
  ],
  [
    'signal HUP dead no web:*',
    [
      news('no', 'signal', 'bad-name'),
      news('web:0', 'signal'),
      news('dead', 'signal', 'not-running'),
    ],
    'dead: ERROR (not running)\nno: ERROR (no such process)\nweb:0: signalled\n',
    1,
  ],
  [
    'start web:* gone',
    [news('gone', 'start', 'no-file'), news('web:0', 'start', 'spawn-error')],
    'gone: ERROR (no such file)\nweb:0: ERROR (spawn error)\n',
    1,
  ],
  [
    'restart a b',
    [
      news('a', 'stop'),
      news('a', 'start', 'spawn-error'),
      news('b', 'stop', 'failed', 'it will not die'),
    ],
    'a: stopped\na: ERROR (spawn error)\nb: ERROR (it will not die)\n',
    7,
  ],
  ['start all', [], '', 0],
];

test('what happened to a process is said in the words of supervisorctl, and counts as there', async () => {
  for (const [typed, happened, stdout, exitCode] of situations) {
    const result = await fleetctlLocal(typed.split(' '), { news: happened });
    assert.deepEqual(
      { stdout: result.stdout, stderr: result.stderr, exitCode: result.exitCode },
      { stdout, stderr: '', exitCode },
      typed,
    );
  }
});

test('the names go to the agent together, and `all` leaves the others out', async () => {
  const ordered: readonly (readonly [string, Partial<LocalOrder>])[] = [
    ['start web:* b', { verb: 'start', signal: null, names: ['web:*', 'b'] }],
    ['stop nosuch all', { verb: 'stop', signal: null, names: ['all'] }],
    ['signal sigusr1 b', { verb: 'signal', signal: 'USR1', names: ['b'] }],
    ['signal 9 b', { verb: 'signal', signal: 'KILL', names: ['b'] }],
  ];
  for (const [typed, expected] of ordered) {
    const { orders } = await fleetctlLocal(typed.split(' '));
    const [{ operationId, ...order } = { operationId: '' }] = orders as {
      operationId: string;
    }[];
    assert.match(operationId, /^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    assert.deepEqual(order, { kind: 'control', ...expected }, typed);
  }
});

test('words that are missing are complained of on stdout, with the help of the verb', async () => {
  const complaints = {
    start: ['Error: start requires a process name', 2],
    stop: ['Error: stop requires a process name', 1],
    restart: ['Error: restart requires a process name', 1],
    signal: ['Error: signal requires a signal name and a process name', 1],
    'signal HUP': ['Error: signal requires a signal name and a process name', 1],
    clear: ['Error: clear requires a process name', 1],
  } as const;
  for (const [typed, [complaint, expected]] of Object.entries(complaints)) {
    const { stdout, stderr, exitCode, orders } = await fleetctlLocal(typed.split(' '));
    assert.equal(stdout.split('\n')[0], complaint);
    assert.match(stdout, new RegExp(`\n {2}${typed.split(' ')[0]} `));
    assert.deepEqual([stderr, exitCode, orders], ['', expected, []], typed);
  }
});

test('a signal that there is not reaches nobody, and each who would have got it is named', async () => {
  const processes = [
    aProcess('h', 'web:0').status,
    aProcess('h', 'web:1', { state: 'EXITED', pid: null }).status,
    aProcess('h', 'db', { state: 'STOPPED', pid: null }).status,
  ];
  const bad = (name: string) => `${name}: ERROR (bad signal name)\n`;
  const cases = [
    ['NOPE db', bad('db'), 1],
    ['99 web:*', bad('web:0'), 1],
    ['NOPE all', bad('web:0'), 1],
    ['-1 web:1 db', bad('web:1') + bad('db'), 1],
    ['NOPE x x:*', 'x: ERROR (no such process)\nx: ERROR (no such group)\n', 1],
    ['18.5 web:0', bad('web:0'), 1],
  ] as const;
  for (const [typed, stdout, exitCode] of cases) {
    const result = await fleetctlLocal(['signal', ...typed.split(' ')], { processes });
    assert.deepEqual(
      [result.stdout, result.exitCode, result.orders],
      [stdout, exitCode, []],
      typed,
    );
  }
  const down = processes.filter(({ state }) => state !== 'RUNNING');
  const nobody = await fleetctlLocal(['signal', 'NOPE', 'web:*'], { processes: down });
  assert.deepEqual([nobody.stdout, nobody.exitCode], ['', 0]);
});

test('a refusal, and an agent that goes away, are no success', async () => {
  const because = refusal('unavailable', 'the agent is shutting down');
  const refused = await fleetctlLocal(['start', 'a'], {
    news: [{ kind: 'refused', refusal: because }],
  });
  assert.deepEqual(
    [refused.stdout, refused.stderr, refused.exitCode],
    ['error: the agent is shutting down\n', '', 1],
  );
  const taken = await fleetctlLocal(['start', 'a'], {
    news: [{ kind: 'refused', refusal: refusal('conflict', 'the id is taken') }],
  });
  assert.match(taken.stderr, /^error: the id is taken\n/);
  const lost = await fleetctlLocal(['start', 'a'], { news: [news('a', 'stop')], vanishes: true });
  assert.deepEqual([lost.stdout, lost.exitCode], ['a: stopped\n', 4]);
});

test('names and errors cannot steer the terminal', async () => {
  const evil = 'a\u001b[2J\u202e\nb: started';
  const { stdout } = await fleetctlLocal(['start', 'x'], {
    news: [news(evil, 'start'), news(evil, 'start', 'failed', evil)],
  });
  const shown = 'a\\x1b[2J\\u202e\\x0ab: started';
  assert.equal(stdout, `${shown}: started\n${shown}: ERROR (${shown})\n`);
});
