import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLiveModel } from '../../cli/render/live/model.ts';
import { renderLive } from '../../cli/render/live/view.ts';
import { painter } from '../../cli/render/paint.ts';
import type { Halt, Operation, OperationUpdate, Target } from '../../proto/operation.ts';
import { DEFAULT_STRATEGY } from '../../proto/strategy.ts';
import { anOperation, aTarget, aWave, whole } from '../fakes/control-client.ts';

interface Seen {
  readonly atMs: number;
  readonly update: OperationUpdate;
}

/** What a terminal of 80 by 24 shows after these updates, `nowMs` after the beginning. */
function shown(updates: readonly Seen[], nowMs: number, rows = 24): readonly string[] {
  const model = createLiveModel();
  for (const { atMs, update } of updates) {
    model.note(update, { monotonicMs: atMs, wallMs: 1_000 + atMs });
  }
  const picture = model.picture() ?? assert.fail('nothing was seen');
  const screen = { columns: 80, rows, nowMs, fleetctl: 'fleetctl' };
  return renderLive(picture, screen, painter(false));
}

const begin = (operation: Operation): Seen => ({ atMs: 0, update: whole(operation) });
const later = (atMs: number, ...targets: readonly Target[]): Seen => ({
  atMs,
  update: { kind: 'targets', targets },
});
const move = (atMs: number, { targets: _, ...facts }: Operation): Seen => ({
  atMs,
  update: { kind: 'moved', facts },
});
const halted = (rest: Partial<Halt>): Halt => ({
  by: null,
  because: '',
  atMs: 0,
  endsAs: null,
  kill: false,
  ...rest,
});

const HINT = 'Ctrl-C stops watching, not the operation';
const running = { state: 'running', endedAtMs: null } as const;
const planned = { state: 'pending' } as const;
const two = anOperation({
  ...running,
  waves: [aWave(0, { batches: 2, isCanary: true }), aWave(1, { batch: 1, batches: 2 })],
  targets: [aTarget('a', 'web', planned), aTarget('b', 'web', { ...planned, wave: 1 })],
});
const [a, b] = two.targets as readonly [Target, Target];
const stopping = { ...a, state: 'accepted', processState: 'STOPPING', dispatchedAtMs: 1 } as const;

test('the wave line says which batch it is, and that it is the canary', () => {
  assert.equal(
    shown([begin(two), later(0, stopping)], 0)[1],
    'wave 1 of 2 (group priority 999, priority 999, canary, batch …: 0 of 1 finished',
  );
  const byHost = { ...two, order: 'host' } as const;
  assert.equal(
    shown([begin(byHost), later(0, stopping)], 0)[1],
    'wave 1 of 2, canary, batch 1 of 2 of hosts, each host by itself',
  );
});

test('what is paused says by whom, what is still under way, and how to go on', () => {
  const paused = { ...two, state: 'paused', halt: halted({ by: 'bob', because: 'wait' }) } as const;
  assert.deepEqual(shown([begin(two), later(0, stopping), move(1_000, paused)], 2_000).slice(2), [
    'a   web   stopping      2 s   until it exits or is killed',
    'b   web   waiting       for wave 2',
    'paused by bob: wait; waiting for 1 target of wave 1 (at most 28 s more): 1',
    'stopping on a',
    `resume: fleetctl op resume ${two.id}`,
    `cancel: fleetctl op cancel ${two.id}`,
  ]);
  const resumed = [begin(paused), move(2_000, two), later(2_000, stopping)];
  assert.deepEqual(shown(resumed, 2_000).slice(-2), [
    'waiting for 1 target of wave 1 (at most 30 s more): 1 stopping on a',
    HINT,
  ]);
});

test('what waits for other operations says for which, and for how long at most', () => {
  const strategy = { ...DEFAULT_STRATEGY, lockWaitMs: 300_000 };
  const waiting = {
    ...two,
    strategy,
    state: 'planned',
    halt: halted({ because: 'operation 01a2 of bob has web on a' }),
  } as const;
  assert.deepEqual(shown([begin(waiting)], 60_000).slice(-2), [
    'planned: operation 01a2 of bob has web on a (at most 4 min 0 s more)',
    HINT,
  ]);
  assert.equal(
    shown([begin(waiting)], 400_000).at(-2),
    'planned: operation 01a2 of bob has web on a',
  );
});

test('what drains says as what it will end, and whether what has begun is waited for', () => {
  const draining = (halt: Partial<Halt>) =>
    shown(
      [begin(two), later(0, stopping), move(0, { ...two, state: 'draining', halt: halted(halt) })],
      0,
    )
      .slice(4, -1)
      .join(' ');
  assert.equal(
    draining({ by: 'bob', endsAs: 'cancelled' }),
    'cancelled by bob; waiting for 1 target of wave 1 (at most 30 s more): 1 stopping on a',
  );
  assert.match(
    draining({ because: 'its deadline came', endsAs: 'expired', kill: true }),
    /^expired: its deadline came; agents give up waiting for what has begun; waiting for 1 target/,
  );
});

test('between two batches it is said that this is so', () => {
  const strategy = { ...DEFAULT_STRATEGY, batchWaitMs: 20_000 };
  const done = { ...a, state: 'succeeded', dispatchedAtMs: 1 } as const;
  const lines = shown([begin({ ...two, strategy }), later(1_000, done)], 2_000);
  assert.equal(lines.at(-2), 'waiting 20 s before the next wave');
  assert.equal(shown([begin({ ...two, strategy })], 0).at(-2), 'waiting for the controller');
});

const strategy = { ...DEFAULT_STRATEGY, minHealthyMs: 10_000 };
const verifying = { ...a, state: 'verifying', dispatchedAtMs: 1 } as const;

test('what is watched counts down, and is known by its state where its beginning was not seen', () => {
  const watched = { ...two, strategy };
  const row = (updates: readonly Seen[], nowMs: number) => shown(updates, nowMs)[2];
  const seen = [begin(watched), later(1_000, verifying)];
  assert.equal(row(seen, 4_500), 'a   web   verifying     up, watched for 7 s more');
  assert.equal(row(seen, 60_000), 'a   web   verifying     up, watched for 0 s more');
  assert.match(shown(seen, 4_500).at(-2) ?? '', /: 1 verifying on a$/);
  const old = { ...watched, startedAtMs: -60_000, targets: [verifying, b] };
  assert.equal(row([begin(old)], 0), 'a   web   verifying     up, watched for 10 s');
  const stop = { ...watched, verb: 'stop', waves: [aWave(0, { action: 'stop' })] } as const;
  assert.equal(
    shown([begin(stop), later(0, verifying)], 0)[1],
    'a   web   verifying     down, watched for 10 s more',
  );
});

test('a target whose host is away and waited for says for how long, and is no problem', () => {
  const offline = { kind: 'queue', ttlMs: 7_200_000 } as const;
  const queued = { state: 'waiting', hostConnected: false } as const;
  const operation = anOperation({
    ...running,
    strategy: { ...DEFAULT_STRATEGY, offline },
    targets: [aTarget('a', 'web', queued), aTarget('b', 'web', { state: 'failed' })],
  });
  assert.deepEqual(shown([begin(operation)], 60_000), [
    'restart web: 2 targets on 2 hosts, 1 min 0 s',
    'b   web   FAILED',
    'a   web   waiting       for its host, 1 h 59 min more',
    'waiting for 1 target (at most 1 h 59 min more): 1 on a, whose host is not',
    'connected',
    HINT,
  ]);
});

test('many are counted by what they are, also what is watched, left alone or waited for', () => {
  const offline = { kind: 'queue', ttlMs: 7_200_000 } as const;
  const targets = Array.from({ length: 200 }, (_, n) => aTarget(`p-${n}`, 'web', planned));
  const operation = anOperation({ ...running, strategy: { ...strategy, offline }, targets });
  const part = (from: number, to: number, rest: Partial<Target>) =>
    targets.slice(from, to).map((target) => ({ ...target, ...rest }));
  const updates = [
    begin(operation),
    later(
      1_000,
      ...part(0, 50, { state: 'verifying' }),
      ...part(50, 60, { state: 'skipped', error: 'held by alice\u001b[2J' }),
      ...part(60, 70, { state: 'waiting', hostConnected: false }),
      ...part(70, 72, { state: 'timed-out', error: 'the deadline came first' }),
      ...part(72, 200, { state: 'cancelled' }),
    ),
  ];
  assert.deepEqual(shown(updates, 2_000).slice(2, -2), [
    'TIMED OUT       2   the deadline came first',
    '                    web on p-[70-71]',
    'verifying      50   on p-[0-49], up, watched for 10 s, at most 9 s more',
    'waiting        10   on p-[60-69], for its host, at most 1 h 59 min more',
    'skipped        10   held by alice\\x1b[2J',
    '                    web on p-[50-59]',
    'cancelled     128',
  ]);
});
