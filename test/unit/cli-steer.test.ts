import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FleetError, refusal } from '../../proto/errors.ts';
import type { Operation } from '../../proto/operation.ts';
import { operationId } from '../../proto/vocabulary.ts';
import { fleetctl } from '../fakes/cli-run.ts';
import { anOperation, aTarget, lost, whole } from '../fakes/control-client.ts';

const ID = operationId('0198f2a0-aaaa-7000-8000-000000000001');
const BEGINNING = '0198f2a0-aaaa';
const halfWay = anOperation({
  id: ID,
  state: 'running',
  endedAtMs: null,
  targets: [
    aTarget('prod-1', 'web'),
    aTarget('prod-2', 'web', { state: 'accepted' }),
    aTarget('prod-3', 'web', { state: 'pending' }),
    aTarget('prod-4', 'web', { state: 'waiting' }),
  ],
});
const byAlice = { by: 'alice', because: '', atMs: 5, endsAs: null, kill: false } as const;
const paused: Operation = { ...halfWay, state: 'paused', halt: byAlice };
const draining: Operation = {
  ...halfWay,
  state: 'draining',
  halt: { ...byAlice, endsAs: 'cancelled' },
};

test('pause says what goes on, what is left, and how to go on', async () => {
  const words = ['--context', 'prod', 'op', 'pause', BEGINNING, '--reason', 'looking'];
  const { exitCode, stdout, steered } = await fleetctl(words, { steerings: [paused] });
  assert.equal(exitCode, 0);
  assert.deepEqual(steered, [
    { operation: BEGINNING, action: 'pause', kill: false, reason: 'looking' },
  ]);
  assert.equal(
    stdout,
    `operation ${ID} is paused: 1 target under way goes on, 2 to go\n` +
      `next: fleetctl --context prod op resume ${ID}\n`,
  );
});

test('of a pause with nothing under way nothing goes on', async () => {
  const targets = paused.targets.filter(({ state }) => state !== 'accepted');
  const { stdout } = await fleetctl(['op', 'pause', ID], { steerings: [{ ...paused, targets }] });
  assert.match(stdout, /is paused: 2 to go$/m);
  const resumed = await fleetctl(['op', 'resume', ID], { steerings: [{ ...halfWay, targets }] });
  assert.match(resumed.stdout, /goes on: 2 to go$/m);
});

test('op show of a paused one says how to go on and how to leave it', async () => {
  const { stdout } = await fleetctl(['op', 'show', ID], { operations: [paused] });
  assert.match(
    stdout,
    new RegExp(`^resume: fleetctl op resume ${ID}\\ncancel: fleetctl op cancel ${ID}$`, 'm'),
  );
});

test('resume and cancel say what is now and how to watch, and do not wait', async () => {
  const resumed = await fleetctl(['op', 'resume', ID], { steerings: [halfWay] });
  assert.equal(
    resumed.stdout,
    `operation ${ID} goes on: 1 target under way, 2 to go\nnext: fleetctl op watch ${ID}\n`,
  );
  const cancelled = await fleetctl(['op', 'cancel', ID], { steerings: [draining] });
  assert.equal(
    cancelled.stdout,
    `operation ${ID} is being cancelled: nothing new begins, 1 target under way is waited for\n` +
      `next: fleetctl op watch ${ID}\n`,
  );
  const given = { by: 'alice', because: '', atMs: 8_000, endsAs: 'cancelled', kill: true } as const;
  const hurried = { ...draining, halt: given };
  const killed = await fleetctl(['op', 'cancel', ID, '--kill'], { steerings: [hurried] });
  assert.equal(killed.steered[0]?.kill, true);
  assert.match(killed.stdout, /1 target under way shall give up waiting$/m);
  for (const { watched, exitCode } of [resumed, cancelled, killed]) {
    assert.deepEqual([watched, exitCode], [[], 0]);
  }
});

test('one that pauses itself again when it is resumed says so, and why', async () => {
  const because = '1 target failed, and none may';
  const halt = { by: null, because, atMs: 8_000, endsAs: null, kill: false } as const;
  const { stdout } = await fleetctl(['op', 'resume', ID], {
    steerings: [{ ...halfWay, state: 'paused', halt }],
  });
  assert.match(stdout, /is paused: 1 target failed, and none may$/m);
  assert.match(stdout, /^next: fleetctl op resume /m);
});

test('one that the cancelling ended says how it ended', async () => {
  const ended: Operation = {
    ...draining,
    state: 'cancelled',
    endedAtMs: 9_000,
    targets: [aTarget('prod-1', 'web'), aTarget('prod-2', 'web', { state: 'cancelled' })],
  };
  const { stdout, exitCode } = await fleetctl(['op', 'cancel', ID], { steerings: [ended] });
  assert.equal(exitCode, 0);
  assert.match(stdout, /^cancelled by alice; restarted 1 of 2 targets/);
});

test('with --watch it is watched to its end, whose exit code counts', async () => {
  const failed: Operation = {
    ...halfWay,
    state: 'failed',
    endedAtMs: 9_000,
    targets: [aTarget('prod-1', 'web', { state: 'failed', error: 'no' })],
  };
  const { exitCode, watched, stdout } = await fleetctl(['op', 'resume', BEGINNING, '-w'], {
    steerings: [halfWay],
    views: [{ updates: [whole(failed)], ending: 'end' }],
  });
  assert.deepEqual([exitCode, watched], [10, [ID]]);
  assert.match(stdout, /^restarted 0 of 1 targets?; 1 failed/m);
});

test('-o json prints the operation as it stands then, -q nothing', async () => {
  const json = await fleetctl(['op', 'pause', ID, '-o', 'json'], { steerings: [paused] });
  assert.equal(JSON.parse(json.stdout).state, 'paused');
  const quiet = await fleetctl(['op', 'pause', ID, '-q'], { steerings: [paused] });
  assert.deepEqual([quiet.stdout, quiet.stderr, quiet.exitCode], ['', '', 0]);
});

test('what cannot be done as things stand is refused as the controller says', async () => {
  const ended = new FleetError(refusal('wrong-state', 'operation x has ended'));
  const { exitCode, stderr } = await fleetctl(['op', 'resume', ID], { steerings: [ended] });
  assert.deepEqual([exitCode, stderr], [1, 'error: operation x has ended\n']);
});

test('a controller that is lost meanwhile leaves it open whether it listened', async () => {
  const { exitCode, stderr } = await fleetctl(['op', 'cancel', 'x y'], { steerings: [lost] });
  assert.equal(exitCode, 4);
  assert.equal(
    stderr,
    'error: it is not known whether the controller took this cancel\n' +
      'cause: Connection dropped\n' +
      "fix:   once the controller answers: fleetctl op show 'x y'\n",
  );
});

test('a name of ten thousand characters, or with an escape in it, harms nothing', async () => {
  const unknown = new FleetError(refusal('nothing-matched', 'no such operation'));
  for (const id of ['', '\u001b[2J', 'x'.repeat(10_000)]) {
    const { exitCode, stderr } = await fleetctl(['op', 'cancel', id], { steerings: [unknown] });
    assert.equal(exitCode, 6);
    assert.equal(stderr.includes('\u001b'), false);
  }
});
