import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLiveModel } from '../../cli/render/live/model.ts';
import { renderLive } from '../../cli/render/live/view.ts';
import { startProgress } from '../../cli/render/operation/progress.ts';
import { renderOperation } from '../../cli/render/operation/show.ts';
import { painter } from '../../cli/render/paint.ts';
import type { Operation, Target } from '../../proto/operation.ts';
import { WHOLE_HOST } from '../../proto/vocabulary.ts';
import { fleetctl, smoothly } from '../fakes/cli-run.ts';
import { anOperation, aTarget, aWave, whole } from '../fakes/control-client.ts';

const REJECTED =
  'the configuration was rejected, and nothing was changed: a.conf:3: x\n  a.conf:4: y';

const onHost = (host: string, more: Partial<Target> = {}): Target =>
  aTarget(host, WHOLE_HOST, { processState: 'UNKNOWN', ...more });

function anUpdate(targets: readonly Target[], more: Partial<Operation> = {}): Operation {
  const wave = { action: 'update', groupPriority: 0, priority: 0 } as const;
  const waves = [aWave(0, { ...wave, targets: targets.length })];
  return anOperation({ verb: 'update', hosts: 'web-*', processes: [], waves, targets, ...more });
}

const DONE = anUpdate(
  [
    onHost('web-1', { note: 'web updated, queue added', durationMs: 1_200 }),
    onHost('web-2', { note: 'nothing has changed', durationMs: 20 }),
    onHost('web-3', { state: 'failed', error: REJECTED, durationMs: 10 }),
  ],
  { state: 'failed' },
);

test('update is asked for with groups or without, and never without hosts', async () => {
  const plain = await fleetctl(['update', '--hosts', 'web-*'], smoothly(DONE));
  const named = await fleetctl(['update', 'web', 'queue', '--hosts', 'web-*'], smoothly(DONE));
  assert.deepEqual(
    [...plain.submitted, ...named.submitted].map(
      ({ verb, processes, hosts, order, fullStop, signal }) => ({
        ...{ verb, processes, hosts, order, fullStop, signal },
      }),
    ),
    [[], ['web', 'queue']].map((processes) => ({
      ...{ verb: 'update', processes, hosts: 'web-*' },
      ...{ order: 'tier', fullStop: false, signal: null },
    })),
  );
  const without = await fleetctl(['update'], {});
  assert.equal(without.exitCode, 2);
  assert.match(without.stderr, /update needs --hosts/);
  assert.match(without.stderr, /fleetctl update --hosts 'prod-\*'/);
});

test('an empty name is that of a group, and means no group at all', async () => {
  const { stderr, exitCode, submitted } = await fleetctl(['update', '', '--hosts', 'web-*'], {});
  assert.match(stderr, /^error: the name of a group is empty\n/);
  assert.deepEqual([exitCode, submitted.length], [2, 0]);
});

test('options that mean nothing for an update are not known to it', async () => {
  for (const option of ['--order=host', '--full-stop']) {
    const { exitCode, submitted } = await fleetctl(['update', '--hosts', 'web-*', option], {});
    assert.equal(exitCode, 2);
    assert.deepEqual(submitted, []);
  }
});

test('its lines name hosts, what each did, and what to do about the others', async () => {
  const { stdout, exitCode } = await fleetctl(['update', '--hosts', 'web-*'], smoothly(DONE));
  const error = 'the configuration was rejected, and nothing was changed: a.conf:3: x; a.conf:4: y';
  assert.deepEqual(stdout.split('\n'), [
    'web-1   updated       1.2 s   web updated, queue added',
    'web-2   updated       20 ms   nothing has changed',
    `web-3   FAILED        10 ms   ${error}`,
    `updated 2 of 3 hosts; 1 failed: web-3: ${error}`,
    'look:  fleetctl reread --hosts web-3',
    `retry: fleetctl op retry ${DONE.id}`,
    '',
  ]);
  assert.equal(exitCode, 10);
});

test('when all went well one sentence says on how many hosts, and how long it took', async () => {
  const targets = DONE.targets.slice(0, 2);
  const { stdout, exitCode } = await fleetctl(
    ['update', '--hosts', 'web-*'],
    smoothly(anUpdate(targets)),
  );
  assert.match(stdout, /\nupdated 2 of 2 hosts in 1\.1 s\n$/);
  assert.equal(exitCode, 0);
});

test('JSON has the note of each target', async () => {
  const { stdout } = await fleetctl(['update', '--hosts', 'web-*', '-o', 'json'], smoothly(DONE));
  const { targets } = JSON.parse(stdout);
  assert.deepEqual(
    targets.map(({ process, note, error }: Target) => ({ process, note, error })),
    [
      { process: '*', note: 'web updated, queue added', error: null },
      { process: '*', note: 'nothing has changed', error: null },
      { process: '*', note: null, error: REJECTED },
    ],
  );
});

test('a dry run counts hosts, and says who knows what would change', async () => {
  const targets = [
    onHost('web-1', { state: 'unreachable', hostConnected: false }),
    onHost('web-2', { state: 'pending' }),
    onHost('web-3', { state: 'pending' }),
  ];
  const plan = anUpdate(targets, { state: 'planned', endedAtMs: null });
  const { stdout } = await fleetctl(['update', '--hosts', 'web-*', '--dry-run'], { plan });
  assert.deepEqual(stdout.split('\n'), [
    'hosts: web-* means 3 hosts: web-[1-3]',
    'not connected: web-1',
    'order: all hosts at once; each keeps the order of its tiers',
    'wave 1 of 1: update 3 hosts',
    '  web-[2-3]',
    '  web-1: not connected: UNREACHABLE at once',
    'dry run: nothing was done; update would touch 2 hosts, and not reach 1 host',
    'what it would change there: fleetctl reread says it',
    '',
  ]);
});

test('many hosts are asked about as hosts', async () => {
  const plan = anUpdate(Array.from({ length: 11 }, (_, index) => onHost(`web-${index}`)));
  const { questions, submitted } = await fleetctl(['update', '--hosts', 'web-*'], {
    plan,
    answers: ['n'],
  });
  assert.deepEqual(submitted, []);
  assert.deepEqual(questions, ['update 11 hosts (web-[0-10])? [y/N] ']);
});

const accepted = { state: 'accepted', durationMs: null } as const;

test('the live view shows hosts that update, and nothing of processes they do not have', () => {
  const targets = [onHost('web-1', accepted), onHost('web-2', { state: 'dispatched' })];
  const running = anUpdate(targets, { state: 'running', endedAtMs: null });
  assert.deepEqual(liveLines(running), [
    'update: 2 hosts, 0 s',
    'web-1   updating      0 s   takes up its configuration',
    'web-2   sent          0 s   its agent has not answered yet',
    'waiting for 2 hosts: 1 accepted on web-1, 1 sent to web-2',
    'Ctrl-C stops watching, not the operation',
  ]);
});

test('of many hosts the live view counts those that did the same', () => {
  const targets = Array.from({ length: 50 }, (_, index) =>
    onHost(`web-${index}`, {
      state: index === 0 ? 'failed' : index < 10 ? 'accepted' : 'succeeded',
      error: index === 0 ? REJECTED : null,
      note: index < 10 ? null : index < 20 ? 'nothing has changed' : 'web updated',
    }),
  );
  const running = anUpdate(targets, { state: 'running', endedAtMs: null, processes: ['web'] });
  const lines = liveLines(running);
  assert.equal(lines[0], 'update web: 50 hosts, 0 s');
  const error = 'the configuration was rejected, and nothing was changed: a.conf:3: x; a.conf:4: y';
  assert.ok(lines.some((line) => line.startsWith(`FAILED         1   ${error.slice(0, 40)}`)));
  assert.ok(lines.some((line) => line.trim() === 'web-0'));
  assert.ok(lines.includes('updated       10   nothing has changed'), lines.join('\n'));
  assert.ok(lines.includes('updated       30   web updated'));
});

test('an overdue host is said to be, without a state of a process', () => {
  const targets = [onHost('web-1', accepted)];
  const running = anUpdate(targets, { state: 'running', endedAtMs: null });
  const progress = startProgress(painter(false));
  progress.next(whole(running));
  const overdue = [onHost('web-1', { ...accepted, overdue: true })];
  assert.deepEqual(progress.next({ kind: 'targets', targets: overdue }), [
    'web-1   OVERDUE       still waited for',
  ]);
});

test('op show has groups instead of processes, and hosts with what each said', () => {
  const text = renderOperation(DONE, 10_000, painter(false));
  assert.match(text, /^groups +all$/m);
  assert.match(
    text,
    /^FAILED {4}web-3: the configuration was rejected.*a\.conf:3: x; a\.conf:4: y$/m,
  );
  assert.match(text, /^updated {3}web-1: web updated, queue added$/m);
  assert.doesNotMatch(text, /\* on|UNKNOWN/);
});

function liveLines(operation: Operation): readonly string[] {
  const model = createLiveModel();
  model.note(whole(operation), { monotonicMs: 0, wallMs: operation.startedAtMs });
  const picture = model.picture() ?? assert.fail('nothing was seen');
  return renderLive(
    picture,
    { columns: 100, rows: 24, nowMs: 0, fleetctl: 'fleetctl' },
    painter(false),
  );
}
