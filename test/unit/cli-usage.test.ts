import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProcessSelection } from '../../cli/ports.ts';
import { runFleetctl } from '../../cli/run.ts';
import { parseDurationMs } from '../../cli/tree/values.ts';
import { FleetError, refusal } from '../../proto/errors.ts';
import { fakeWorld } from '../fakes/cli-environment.ts';
import { fleetctl } from '../fakes/cli-run.ts';
import { fakeControl } from '../fakes/control-client.ts';

test('a changing verb without hosts is refused before anything is dialled', async () => {
  for (const words of [
    ['stop', 'web'],
    ['stop', 'web', '--hosts', ''],
    ['stop', 'web', '--hosts', ' '],
    ['stop', '', '--hosts', 'a'],
    ['signal', 'NOPE', 'web', '--hosts', 'a'],
    ['stop'],
    ['stpo', 'web'],
    ['stop', 'web', '--host', 'a'],
  ]) {
    const world = fakeWorld(() => assert.fail('dialled'));
    assert.equal(await runFleetctl(words, world.environment), 2, words.join(' '));
    assert.match(world.stderr(), /^error: .*\n(cause: .*\n)?fix: {3}.*\n$/, words.join(' '));
  }
});

test('the refusal of missing hosts says how the whole fleet is spelled', async () => {
  const { stderr } = await fleetctl(['restart', 'web:*'], {});
  assert.equal(
    stderr,
    'error: restart needs --hosts\n' +
      'cause: what changes something never means the whole fleet by accident\n' +
      "fix:   fleetctl restart 'web:*' --hosts 'prod-*', or --hosts '@*' for the whole fleet\n",
  );
});

test('usage errors are JSON where JSON was asked for', async () => {
  const { stderr } = await fleetctl(['status', '--hsots', 'x', '-o', 'json'], {});
  assert.deepEqual(JSON.parse(stderr), {
    kind: 'Error',
    code: 'usage',
    message: "unknown option '--hsots'",
    cause: null,
    fix: 'did you mean --hosts?',
  });
});

test('version shows ours even where no controller answers', async () => {
  const world = fakeWorld(async () => {
    throw new FleetError(refusal('unavailable', 'nobody there'));
  });
  assert.equal(await runFleetctl(['version'], world.environment), 4);
  assert.equal(world.stdout(), 'fleetctl: 0.1.0 (protocol 1)\n');
  assert.equal(world.stderr(), 'error: nobody there\n');
  const both = await fleetctl(['version'], {});
  assert.equal(
    both.stdout,
    'fleetctl: 0.1.0 (protocol 1)\ncontroller ops-1:7460: 0.1.0 (protocol 1)\n',
  );
});

test('help and version are no errors, a bare fleetctl is', async () => {
  const help = await fleetctl(['restart', '--help'], {});
  assert.equal(help.exitCode, 0);
  assert.ok(help.stdout.startsWith('Examples:\n  fleetctl restart web'));
  assert.deepEqual(
    [(await fleetctl(['--version'], {})).stdout, (await fleetctl([], {})).exitCode],
    ['fleetctl 0.1.0\n', 2],
  );
});

test('a usage error names the help of the command that it was made in', async () => {
  const fixes = [
    [['restart', '--nope-at-all'], 'fleetctl restart --help shows what there is'],
    [['op', 'explain'], 'fleetctl op explain --help shows what there is'],
    [
      ['signal', 'HUP', 'web', '--min-healthy-time', '5'],
      'fleetctl signal --help shows what there is',
    ],
    [['update', '--order', 'host'], 'fleetctl update --help shows what there is'],
    [['restart', '--max-error', '3'], 'did you mean --max-errors?'],
    [['op', 'nope-at-all'], 'fleetctl op --help shows what there is'],
    [['nope-at-all'], 'fleetctl --help shows what there is'],
    [['--context'], 'fleetctl --help shows what there is'],
    [['stop', 'web', '--full-stop'], 'fleetctl stop --help shows what there is'],
    [['signal', 'HUP', 'web', '--order', 'host'], 'fleetctl signal --help shows what there is'],
    [['restart', '--detahc'], 'did you mean --detach?'],
    [['restart', 'web', '--host=a'], 'did you mean --hosts?'],
    [['restart', 'web', '--contxt=a'], 'did you mean --context?'],
    [['op', 'lsit'], 'did you mean list?'],
  ] as const;
  for (const [words, fix] of fixes) {
    const { exitCode, stderr } = await fleetctl(words, {});
    assert.equal(exitCode, 2);
    assert.equal(stderr.match(/^fix: {3}(.*)$/m)?.[1], fix, words.join(' '));
  }
});

test('what was typed cannot pass for what fleetctl says', async () => {
  const words = ['status', '--a\n(Did you mean rm -rf?)\nb\u001b[2J'];
  const { stderr } = await fleetctl(words, {});
  assert.equal(stderr.includes('\u001b'), false);
  assert.match(stderr, /^fix: {3}fleetctl status --help shows what there is$/m);
});

const refusedValues = {
  '--timeout': ['0', '0s', '-1', '1.5', '', ' ', '5 m', '1w', '99999999999', '577h', 'five', '1e3'],
  '--batch': ['0', '0%', '', '1,', '101%', '1000001', 'all', '-1', '\u001b[2J', '9'.repeat(10_000)],
  '--canary': ['1%', '-1', '', 'x'],
  '--batch-wait': ['-1', '1w', '', '25d'],
  '--max-errors': ['-1', '101%', '', '1,2', 'none'],
  '--max-unreachable': ['-1', '101%', ''],
  '--min-healthy-time': ['-1', '', '25d'],
  '--on-error': ['', 'stop', 'PAUSE', '\u001b[2J'],
  '--offline': ['', 'queue', 'queue=', 'queue=0', 'queue=25d', 'wait'],
  '--deadline': ['0', '-1', '', '25d'],
  '--lock-wait': ['-1', '', '25d'],
  '--expect': ['0', '-1', '1.5', '', '1e3', '9999999999', 'x', '٣', '0x10'],
  '--order': ['', 'tiers', 'HOST', '\u001b[2J'],
  '-o': ['', 'jsonl', 'yaml', 'wide'],
} as const;

test('values that make no sense are refused, each with what would', async () => {
  for (const [flag, values] of Object.entries(refusedValues)) {
    for (const value of values) {
      const world = fakeWorld(() => assert.fail('dialled'));
      const words = ['restart', 'web', '--hosts', 'a', flag, value];
      assert.equal(await runFleetctl(words, world.environment), 2, `${flag} ${value}`);
      assert.match(
        world.stderr(),
        /cause"?: ?"?(?:expected is|it must be|allowed choices are)/,
        value,
      );
      assert.equal(world.stderr().includes('\u001b'), false);
    }
  }
});

test('durations are read as people write them', () => {
  assert.deepEqual(
    ['1', '30', '30s', '5m', '2h', '576h', '3d', '007'].map(parseDurationMs),
    [1_000, 30_000, 30_000, 300_000, 7_200_000, 2_073_600_000, 259_200_000, 7_000],
  );
});

test('hosts that are selected twice are refused, in two ways', async () => {
  const twice = await fleetctl(['stop', 'web', '--hosts', 'a', '--hosts', 'b'], {});
  assert.equal(twice.exitCode, 2);
  assert.match(twice.stderr, /given twice: say --hosts 'a,b'/);
  const both = await fleetctl(['hosts', 'a', '--hosts', 'b'], {});
  assert.equal(both.exitCode, 2);
  assert.match(both.stderr, /by an argument and by --hosts/);
});

const OPERATION_COMMANDS = [
  ...['list', 'show', 'watch', 'explain'],
  ...['pause', 'resume', 'cancel', 'retry'],
];

test('every command has help with its options, and none needs a controller for it', async () => {
  const commands = ['status', 'describe', 'start', 'stop', 'restart', 'signal', 'hosts', 'version'];
  const more = ['update', 'run', ...OPERATION_COMMANDS.map((name) => `op ${name}`)];
  for (const path of [...commands, ...more, 'op']) {
    const world = fakeWorld(() => assert.fail('dialled'));
    assert.equal(await runFleetctl([...path.split(' '), '--help'], world.environment), 0, path);
    assert.match(world.stdout(), new RegExp(`^Usage: fleetctl ${path} `, 'm'));
    assert.match(world.stdout(), /^Global Options:\n {2}-V/m);
  }
});

test('status -w takes seconds, and leaves a process that follows it a process', async () => {
  const enough = new FleetError(refusal('unavailable', 'enough'));
  const askedFor = async (...words: string[]) => {
    const asked: ProcessSelection[] = [];
    const { client } = fakeControl({});
    const listProcesses = async (selection: ProcessSelection) => {
      asked.push(selection);
      throw enough;
    };
    const world = fakeWorld({ ...client, listProcesses });
    const running = runFleetctl(['status', ...words], world.environment);
    for (let turn = 0; turn < 100 && asked.length === 0; turn += 1) await new Promise(setImmediate);
    world.pressInterrupt();
    await running;
    return asked[0]?.processes;
  };
  assert.deepEqual(await askedFor('-w'), []);
  assert.deepEqual(await askedFor('web', '-w', '5'), ['web']);
  assert.deepEqual(await askedFor('-w5', 'web'), ['web']);
  assert.deepEqual(await askedFor('-w', 'web', 'db'), ['web', 'db']);
  for (const seconds of ['0', '-1', '1.5', '5x', '+3', '577h']) {
    const world = fakeWorld(() => assert.fail('dialled'));
    assert.equal(
      await runFleetctl(['status', `--watch=${seconds}`], world.environment),
      2,
      seconds,
    );
    assert.match(world.stderr(), /whole number of seconds|longer than nothing|at most 24d/);
  }
});

test('the options of a changing verb stand in groups, and are no more than two screens', async () => {
  const { stdout } = await fleetctl(['restart', '--help'], {});
  const headings = stdout.match(/^[A-Z].*:$/gm);
  assert.deepEqual(headings, [
    'Examples:',
    'Arguments:',
    'Where:',
    'How many at a time:',
    'When something goes wrong:',
    'Options:',
    'Global Options:',
  ]);
  assert.ok(stdout.split('\n').length <= 64, 'two screens of 32 lines');
});
