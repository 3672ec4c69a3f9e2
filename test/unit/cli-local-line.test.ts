import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLocal } from '../../cli/local/arguments.ts';
import { LOCAL_VERBS } from '../../cli/local/verbs/table.ts';
import { fleetctl } from '../fakes/cli-run.ts';
import { fleetctlLocal } from '../fakes/local-client.ts';

test('--local may stand anywhere, but not behind --', () => {
  assert.deepEqual(
    [
      ['--local', 'status'],
      ['status', '--local'],
      ['start', 'a', '--', '--local'],
      ['status'],
      [],
    ].map(isLocal),
    [true, true, false, false, false],
  );
});

test('the socket is taken from wherever it is said', async () => {
  const lines = [
    [['status'], null],
    [['--socket', '/a', 'status'], '/a'],
    [['status', '--socket=/a b'], '/a b'],
    [['tail', '-5', 'x', '--socket', '/a'], '/a'],
  ] as const;
  for (const [words, socket] of lines) {
    const { dialled } = await fleetctlLocal(words, { log: [] });
    assert.deepEqual(dialled, [socket], words.join(' '));
  }
});

test('words are split at blanks, as supervisorctl reads its line', async () => {
  const { orders } = await fleetctlLocal([' start ', 'a  b', '\tc']);
  assert.deepEqual(
    orders.map((order) => 'names' in order && order.names),
    [['a', 'b', 'c']],
  );
  const behindDashes = await fleetctlLocal(['start', '--', '--x', '-y']);
  assert.deepEqual(
    behindDashes.orders.map((order) => 'names' in order && order.names),
    [['--x', '-y']],
  );
});

test('what is not understood is a usage error, and nobody is dialled', async () => {
  const lines = [
    [],
    [''],
    ['--sokcet', '/a', 'status'],
    ['-x', 'status'],
    ['status', '--hosts', 'web'],
    ['restart', 'web', '--reason=x'],
    ['--socket'],
    ['--socket='],
    ['--socket', '/a', '--socket', '/b', 'status'],
    ['status', '-o'],
    ['status', '-o', 'yaml'],
    ['start', 'a', '-o', 'json'],
  ];
  for (const words of lines) {
    const { exitCode, stdout, stderr, dialled } = await fleetctlLocal(words);
    assert.deepEqual([exitCode, stdout, dialled], [2, '', []], words.join(' '));
    const isJson = words.includes('json');
    if (isJson) assert.equal(JSON.parse(stderr).code, 'usage');
    else assert.match(stderr, /^error: /, words.join(' '));
  }
  assert.match((await fleetctlLocal([])).stderr, /cause: there are status, pid, .* shutdown\n/);
  assert.match((await fleetctlLocal(['--sokcet'])).stderr, /did you mean --socket\?/);
});

test('a verb that there is not is unknown syntax, in the words that were typed', async () => {
  for (const line of ['foo', 'foo bar', 'Status', 'fg x', '?', 'x\u001b[2J']) {
    const { exitCode, stdout } = await fleetctlLocal(line.split(' '));
    const shown = line.replace('\u001b', '\\x1b');
    assert.deepEqual([exitCode, stdout], [1, `*** Unknown syntax: ${shown}\n`]);
  }
  for (const word of ['__proto__', 'constructor', 'toString']) {
    assert.equal((await fleetctlLocal([word])).exitCode, 1, word);
  }
});

test('logs are of the fleet; what shows one of this host is said', async () => {
  const { exitCode, stdout, stderr, dialled } = await fleetctlLocal(['logs', 'web']);
  assert.deepEqual([exitCode, stdout, dialled], [2, '', []]);
  assert.match(stderr, /fleetctl --local tail -f PROCESS/);
});

test('there is help for every verb, without an agent', async () => {
  const { stdout: all } = await fleetctlLocal(['help']);
  assert.equal((await fleetctlLocal(['--help'])).stdout, all);
  for (const verb of LOCAL_VERBS.keys()) {
    assert.match(all, new RegExp(`^  ${verb} +\\w`, 'm'));
    const { stdout, exitCode, dialled } = await fleetctlLocal(['help', verb]);
    assert.match(stdout, new RegExp(`^  ${verb}`));
    assert.deepEqual([exitCode, dialled], [0, []]);
    assert.equal((await fleetctlLocal([verb, '--help'])).stdout, stdout);
    assert.ok(
      stdout.split('\n').every((line) => line.length <= 80),
      `a narrow terminal breaks:\n${stdout}`,
    );
  }
  const unknown = await fleetctlLocal(['help', 'no', 'such']);
  assert.deepEqual([unknown.stdout, unknown.exitCode], ['*** No help on no such\n', 0]);
});

test('fleetctl --help tells of --local', async () => {
  const { stdout } = await fleetctl(['--help'], {});
  assert.match(stdout, /^ {2}--local /m);
});
