import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLocalSignal } from '../../cli/local/signals.ts';
import type { ProcessStatus } from '../../proto/vocabulary.ts';
import { FAKE_NOW_MS } from '../fakes/cli-environment.ts';
import { aProcess } from '../fakes/control-client.ts';
import { fleetctlLocal } from '../fakes/local-client.ts';

const local = (process: string, rest: Partial<ProcessStatus> = {}): ProcessStatus =>
  aProcess('web-1', process, rest).status;

const down = { state: 'STOPPED', pid: null } as const;
/** 12:04 on this host, wherever it is. */
const NOON_MS = new Date(2026, 10, 2, 12, 4).getTime();
const up = (seconds: number) => ({ pid: 15250, startedAtMs: FAKE_NOW_MS - seconds * 1_000 });

test('every state has its line, which stands where supervisorctl has it', async () => {
  const processes = [
    local('web:web_1', up(90_061)),
    local('web:web_0', up(1)),
    local('boot', { state: 'FATAL', pid: null, lastError: "can't find command '/no/such/boot'" }),
    local('retry', { state: 'BACKOFF', pid: null, lastError: null }),
    local('idle', { ...down, startedAtMs: null }),
    local('done', { state: 'EXITED', pid: null, changedAtMs: NOON_MS }),
    local('was', { ...down, changedAtMs: new Date(2026, 11, 31, 0, 59).getTime() }),
    local('coming', { state: 'STARTING' }),
    local('going', { state: 'STOPPING' }),
    local('lost', { state: 'UNKNOWN' }),
  ];
  const { stdout, stderr, exitCode } = await fleetctlLocal(['status'], { processes });
  assert.equal(
    stdout,
    [
      "boot                             FATAL     can't find command '/no/such/boot'",
      'coming                           STARTING  ',
      'done                             EXITED    Nov 02 12:04 PM',
      'going                            STOPPING  ',
      'idle                             STOPPED   Not started',
      'lost                             UNKNOWN   ',
      'retry                            BACKOFF   unknown error (try "tail retry")',
      'was                              STOPPED   Dec 31 12:59 AM',
      'web:web_0                        RUNNING   pid 15250, uptime 0:00:01',
      'web:web_1                        RUNNING   pid 15250, uptime 1 day, 1:01:01',
      '',
    ].join('\n'),
  );
  assert.deepEqual([stderr, exitCode], ['', 3]);
});

test('a name that is longer than its column makes the column as wide as it', async () => {
  const name = 'n'.repeat(40);
  const processes = [local(name, up(0)), local('b', up(0))];
  const { stdout } = await fleetctlLocal(['status'], { processes });
  const tail = 'RUNNING   pid 15250, uptime 0:00:00\n';
  assert.equal(stdout, `b${' '.repeat(42)}${tail}${name}   ${tail}`);
});

const processes = [
  local('web:web_0', up(1)),
  local('web:web_1', up(1)),
  local('solo', up(1)),
  local('gone', down),
  local('slow', { state: 'BACKOFF', pid: null }),
];

/** The names of the lines that are shown, and what is complained of. */
const selections: readonly (readonly [string, string, number])[] = [
  ['solo', 'solo', 0],
  ['solo:solo', 'solo', 0],
  ['solo solo', 'solo solo', 0],
  ['web:*', 'web:web_0 web:web_1', 0],
  ['web:', 'web:web_0 web:web_1', 0],
  ['web', 'web:web_0 web:web_1', 0],
  ['w*', 'web:web_0 web:web_1', 0],
  ['slow', 'slow', 0],
  ['gone', 'gone', 3],
  ['solo all', 'gone slow solo web:web_0 web:web_1', 3],
  ['nosuch', 'nosuch:ERROR(process)', 4],
  ['x:x', 'x:x:ERROR(process)', 4],
  ['a:b:c', 'a:b:c:ERROR(process)', 4],
  ['nosuch:*', 'nosuch:ERROR(group)', 4],
  ['nosuch: solo', 'nosuch:ERROR(group) solo', 4],
  [':', ':ERROR(group)', 4],
  ['solo z*', 'z*:ERROR(process) solo', 4],
  ['nosuch gone', 'nosuch:ERROR(process) gone', 3],
];

test('words select as supervisorctl has it, and status 3 wins over 4', async () => {
  for (const [typed, expected, exitCode] of selections) {
    const result = await fleetctlLocal(['status', ...typed.split(' ')], { processes });
    const shown = result.stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/: ERROR \(no such (.*)\)/, ':ERROR($1)').split(' ')[0]);
    assert.deepEqual([shown.join(' '), result.exitCode], [expected, exitCode], typed);
  }
});

test('no process at all is no error', async () => {
  const { stdout, exitCode } = await fleetctlLocal(['status']);
  assert.deepEqual([stdout, exitCode], ['', 0]);
});

test('a configuration that was refused is told beside the table, not in it', async () => {
  const configProblem = 'agent.conf:3: \u001b[2J\nagent.conf:9: no';
  const told = await fleetctlLocal(['status', 'solo'], { processes, configProblem });
  assert.match(told.stdout, /^solo .*\n$/);
  assert.equal(told.stderr, 'config rejected: agent.conf:3: \\x1b[2J\nagent.conf:9: no\n');
  assert.equal(told.exitCode, 0);
  const json = await fleetctlLocal(['status', '-o', 'json'], { processes, configProblem });
  assert.match(JSON.parse(json.stderr).message, /^config rejected: /);
});

test('JSON is that of fleetctl status, with the name of this host', async () => {
  const line = ['status', 'gone', 'gone', 'x', '-o', 'json'];
  const { stdout, stderr, exitCode } = await fleetctlLocal(line, { processes });
  const { kind, items } = JSON.parse(stdout);
  assert.equal(kind, 'ProcessList');
  assert.equal(items.length, 1);
  assert.deepEqual(
    [items[0].host, items[0].process, items[0].state, items[0].uptimeSeconds],
    ['web-1', 'gone', 'STOPPED', null],
  );
  assert.deepEqual([stderr, exitCode], ['x: ERROR (no such process)\n', 3]);
});

test('hostile names and errors stay one line each', async () => {
  const evil = 'e\u001b[31m\nsolo RUNNING';
  const { stdout } = await fleetctlLocal(['status'], {
    processes: [local(evil, { state: 'FATAL', pid: null, lastError: 'x\r\n\u009b2J' })],
  });
  assert.match(stdout, /^e\\x1b\[31m\\x0asolo RUNNING {8}FATAL {5}x\\x0d\\x0a\\x9b2J\n$/);
});

test('ten thousand processes, and ten thousand names of them, take no time to speak of', async () => {
  const many = Array.from({ length: 10_000 }, (_, index) => local(`p:${index}`, up(1)));
  const names = many.map(({ process }) => process);
  const startedAtMs = performance.now();
  const { stdout } = await fleetctlLocal(['status', ...names], { processes: many });
  assert.equal(stdout.split('\n').length, 10_001);
  assert.ok(performance.now() - startedAtMs < 2_000);
});

test('pids are those of the processes, 0 where there is none', async () => {
  const cases = [
    ['', '4711\n', 0],
    ['solo', '15250\n', 0],
    ['solo gone', '15250\n0\n', 7],
    ['gone nosuch', '0\nNo such process nosuch\n', 1],
    ['nosuch gone', 'No such process nosuch\n0\n', 7],
    ['nosuch solo', 'No such process nosuch\n15250\n', 1],
    ['all', '0\n0\n15250\n15250\n15250\n', 0],
  ] as const;
  for (const [typed, stdout, exitCode] of cases) {
    const words = typed === '' ? [] : typed.split(' ');
    const result = await fleetctlLocal(['pid', ...words], { processes });
    assert.deepEqual([result.stdout, result.exitCode], [stdout, exitCode], typed);
  }
});

test('signals are known by name and by number of this host', () => {
  assert.deepEqual(
    ['hup', 'SIGHUP', 'SigUsr1', '15', '0', '99', 'SIG', '', '9x', '-9', 'NOPE'].map(
      parseLocalSignal,
    ),
    ['HUP', 'HUP', 'USR1', 'TERM', null, null, null, null, null, null, null],
  );
});
