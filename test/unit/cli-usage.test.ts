import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runFleetctl } from '../../cli/run.ts';
import { FleetError, refusal } from '../../proto/errors.ts';
import { fakeWorld } from '../fakes/cli-environment.ts';
import { fleetctl } from '../fakes/cli-run.ts';

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
