import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runFleetctl } from '../../cli/run.ts';
import { FleetError, refusal } from '../../proto/errors.ts';
import type { Runbook } from '../../proto/operation.ts';
import { DEFAULT_STRATEGY } from '../../proto/strategy.ts';
import { fakeWorld } from '../fakes/cli-environment.ts';
import { fleetctl, onHosts, smoothly, twoWaves } from '../fakes/cli-run.ts';
import { anOperation } from '../fakes/control-client.ts';

const aRunbook = (name: string, rest: Partial<Omit<Runbook, 'name'>> = {}): Runbook => ({
  name,
  description: '',
  verb: 'restart',
  signal: null,
  hosts: 'prod-*',
  processes: ['web'],
  reason: '',
  order: 'tier',
  fullStop: false,
  strategy: DEFAULT_STRATEGY,
  ...rest,
});
const rolling = aRunbook('restart-web', {
  description: 'After a new build',
  processes: ['web:*', 'worker'],
  order: 'host',
  strategy: { ...DEFAULT_STRATEGY, canary: 1, batch: [{ kind: 'percent', percent: 10 }] },
});
const rotate = aRunbook('rotate', { verb: 'signal', signal: 'HUP', hosts: '@*' });

test('run submits the name of the runbook alone, and watches it', async () => {
  const words = ['run', 'restart-web', '--reason', 'new build', '--expect', '3'];
  const { exitCode, submissions, saved, watched } = await fleetctl(words, smoothly(twoWaves));
  assert.equal(exitCode, 0);
  const [submission] = submissions;
  assert.equal(submission?.kind, 'runbook');
  const { id, ...rest } = submission as Extract<typeof submission, { kind: 'runbook' }>;
  assert.deepEqual(rest, {
    kind: 'runbook',
    runbook: 'restart-web',
    reason: 'new build',
    expectHosts: 3,
  });
  assert.deepEqual(
    saved.map((each) => [each.id, each.words]),
    [[id, 'run restart-web']],
  );
  assert.deepEqual(watched, [id]);
});

test('a runbook can be shown beforehand, and a large one is asked about', async () => {
  const dry = await fleetctl(['run', 'restart-web', '-n'], smoothly(twoWaves));
  assert.match(dry.stdout, /dry run: nothing was done/);
  assert.deepEqual([dry.submissions, dry.saved], [[], []]);
  const asked = await fleetctl(['run', 'restart-web'], {
    ...smoothly(onHosts(11)),
    answers: ['y'],
  });
  assert.equal(asked.questions.length, 1);
  const [submission] = asked.submissions;
  assert.equal(submission?.kind === 'runbook' && submission.expectHosts, 11);
});

test('an unknown runbook is refused by the controller, and not the last operation', async () => {
  const unknown = refusal('nothing-matched', 'there is no runbook "restart-wbe"', {
    fix: 'did you mean restart-web?',
  });
  const { exitCode, stderr, saved } = await fleetctl(['run', 'restart-wbe'], {
    submissions: [new FleetError(unknown)],
  });
  assert.deepEqual([exitCode, saved], [6, []]);
  assert.match(stderr, /did you mean restart-web\?/);
});

test('a script whose name of a runbook is empty does not hear that all went well', async () => {
  for (const options of [
    ['--detach', '-q'],
    ['-y'],
    ['-n'],
    ['--timeout', '5m'],
    ['--expect', '3'],
  ]) {
    const { exitCode, stdout, stderr } = await fleetctl(['run', ...options], {
      runbooks: [rolling],
    });
    assert.deepEqual([exitCode, stdout], [2, '']);
    assert.match(stderr, /^error: run --[a-z-]+ does not say which runbook\n/);
  }
  const both = await fleetctl(['run', 'restart-web', '--list', '-y'], { runbooks: [rolling] });
  assert.equal(both.exitCode, 2);
});

test('run alone lists what there is, and what each would be typed as', async () => {
  for (const words of [['run'], ['run', '--list'], ['run', 'restart-web', '--list']]) {
    const { exitCode, stdout } = await fleetctl(words, { runbooks: [rolling, rotate] });
    assert.equal(exitCode, 0);
    assert.equal(
      stdout,
      [
        'RUNBOOK       DESCRIPTION         DOES',
        "restart-web   After a new build   restart 'web:*' worker --hosts 'prod-*' --order host --batch 10% --canary 1",
        "rotate        -                   signal HUP web --hosts '@*'",
        '',
      ].join('\n'),
    );
  }
});

test('the list of runbooks comes in every format, also where there are none', async () => {
  const none = await fleetctl(['run'], {});
  assert.match(none.stdout, /^no runbooks: .*\[runbook:NAME\]\n$/);
  const names = await fleetctl(['run', '-o', 'name'], { runbooks: [rolling, rotate] });
  assert.equal(names.stdout, 'restart-web\nrotate\n');
  const json = await fleetctl(['run', '-o', 'json'], { runbooks: [rolling] });
  const document = JSON.parse(json.stdout);
  assert.deepEqual(
    [document.kind, document.items[0].name, document.items[0].strategy.batch],
    ['RunbookList', 'restart-web', ['10%']],
  );
  const lines = await fleetctl(['run', '-o', 'jsonl'], { runbooks: [rolling, rotate] });
  assert.deepEqual(
    lines.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).reason),
    [null, null],
  );
});

test('what stands in a configuration cannot rewrite the screen', async () => {
  const evil = aRunbook('a\u001b[2J', { description: '\u202eevil', hosts: 'x\ny' });
  for (const format of ['table', 'name', 'json', 'jsonl']) {
    const { stdout } = await fleetctl(['run', '-o', format], { runbooks: [evil] });
    assert.deepEqual(
      [stdout.includes('\u001b'), stdout.includes('\u202e')],
      [false, false],
      format,
    );
  }
});

test('formats of lists, and options that contradict, are refused for a run', async () => {
  for (const flags of ['-o name', '-o jsonl', '--dry-run --detach', '--detach --timeout 5']) {
    const world = fakeWorld(() => assert.fail('dialled'));
    const words = ['run', 'restart-web', ...flags.split(' ')];
    assert.equal(await runFleetctl(words, world.environment), 2, flags);
  }
});

test('retry submits which operation is meant, as a new one, and watches it', async () => {
  const again = anOperation();
  const words = ['op', 'retry', '0198f2a0-aaaa', '--reason', 'fixed'];
  const { exitCode, submissions, saved, watched } = await fleetctl(words, smoothly(again));
  assert.equal(exitCode, 0);
  const [submission] = submissions;
  const { id, ...rest } = submission as Extract<typeof submission, { kind: 'retry' }>;
  assert.deepEqual(rest, {
    kind: 'retry',
    of: '0198f2a0-aaaa',
    reason: 'fixed',
    expectHosts: null,
    allowedOnly: false,
  });
  assert.deepEqual(
    saved.map(({ words }) => words),
    ['op retry 0198f2a0-aaaa'],
  );
  assert.deepEqual(watched, [id]);
});

test('retry is shown, detached from and refused as the verbs are', async () => {
  const dry = await fleetctl(['op', 'retry', '0198f2a0-aaaa', '-n'], smoothly(twoWaves));
  assert.match(dry.stdout, /dry run: nothing was done/);
  const begun = { ...twoWaves, state: 'running', endedAtMs: null } as const;
  const left = await fleetctl(['op', 'retry', '0198f2a0-aaaa', '--detach', '-q'], {
    submissions: [begun],
  });
  assert.deepEqual([left.stdout, left.watched], [`${begun.id}\n`, []]);
  const world = fakeWorld(() => assert.fail('dialled'));
  const words = ['op', 'retry', '0198f2a0-aaaa', '--detach', '--timeout', '5'];
  assert.equal(await runFleetctl(words, world.environment), 2);
});
