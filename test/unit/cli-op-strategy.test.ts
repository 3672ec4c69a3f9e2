import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderOperationJson } from '../../cli/render/operation/json.ts';
import { renderWideOperationTable } from '../../cli/render/operation/list.ts';
import { renderOperation } from '../../cli/render/operation/show.ts';
import { painter } from '../../cli/render/paint.ts';
import { formatExact, formatMinute } from '../../cli/render/time.ts';
import type { Operation, Wave } from '../../proto/operation.ts';
import { DEFAULT_STRATEGY, type Strategy } from '../../proto/strategy.ts';
import { operationId, TARGET_STATES } from '../../proto/vocabulary.ts';
import { anOperation, aSummary, aTarget, aWave } from '../fakes/control-client.ts';

const NOW_MS = Date.UTC(2026, 10, 22, 12, 0, 0);
const OLD = operationId('0198f2a0-0000-7000-8000-000000000009');
const STRATEGY: Strategy = {
  ...DEFAULT_STRATEGY,
  batch: [
    { kind: 'count', count: 1 },
    { kind: 'percent', percent: 20 },
  ],
  canary: 1,
  maxErrors: { kind: 'percent', percent: 10 },
  minHealthyMs: 10_000,
  offline: { kind: 'queue', ttlMs: 7_200_000 },
};
const paused = anOperation({
  state: 'paused',
  strategy: STRATEGY,
  runbook: 'restart-web',
  retryOf: OLD,
  halt: {
    by: 'bob',
    because: 'wait for the database\u001b[2J',
    atMs: NOW_MS - 180_000,
    endsAs: null,
    kill: false,
  },
  startedAtMs: NOW_MS - 600_000,
  endedAtMs: null,
  waves: [
    aWave(0, { batches: 2, isCanary: true }),
    aWave(1, { batch: 1, batches: 2, targets: TARGET_STATES.length }),
  ],
  targets: [
    aTarget('prod-0', 'web', { dispatchedAtMs: NOW_MS - 590_000 }),
    ...TARGET_STATES.map((state, n) => aTarget(`prod-${n + 1}`, 'web', { state, wave: 1 })),
  ],
});
const shown = (operation: Operation) =>
  renderOperation(operation, NOW_MS, painter(false)).split('\n');

test('op show tells the strategy, what would stop it, from what it was made, and what holds it up', () => {
  const facts = shown(paused).filter((line) => /^(runbook|retry|strat|limits|state)/.test(line));
  assert.deepEqual(facts, [
    'runbook     restart-web',
    `retry of    ${OLD}`,
    'strategy    1 target of each tier first, as a canary; batches of 1,20% targets; each watched for 10 s before it counts as done; hosts that are away are waited for, up to 2 h',
    'limits      stops when more than 1 of 14 fail, any host is lost, or a canary goes wrong; it can be resumed then',
    'state       paused by bob: wait for the database\\x1b[2J, 3 min ago',
  ]);
});

test('op show has the batches of its waves, and every state a target can be in', () => {
  const lines = shown(paused);
  const table = lines.findIndex((line) => line.startsWith('WAVE'));
  assert.deepEqual(lines.slice(table, table + 3), [
    'WAVE   ACTION    GROUP PRIORITY   PRIORITY   BATCH            DONE   NEXT WAITS AT MOST',
    '1      restart   999              999        canary, 1 of 2   1/1    30 s',
    '2      restart   999              999        2 of 2           2/13   -',
  ]);
  assert.deepEqual(lines.slice(table + 4, -1), [
    'FAILED          web on prod-7',
    'TIMED OUT       web on prod-8',
    'INDETERMINATE   web on prod-10',
    'UNREACHABLE     web on prod-9',
    'NOT ATTEMPTED   web on prod-13',
    'cancelled       web on prod-12',
    'skipped         web on prod-11',
    'under way       web on prod-4: is RUNNING',
    'verifying       web on prod-5: up, watched for 10 s',
    'sent            web on prod-3',
    'waiting         web on prod-2: its host is away, waited for until 2026-11-22 13:50 UTC',
    'pending         web on prod-1',
    'restarted       web on prod-[0,6]',
  ]);
});

test('a draining operation says as what it will end', () => {
  const halt = { ...(paused.halt ?? assert.fail()), because: '', endsAs: 'cancelled' } as const;
  const state = shown({ ...paused, state: 'draining', halt }).find((line) => /^state/.test(line));
  assert.equal(state, 'state       draining: cancelled by bob, 3 min ago');
});

test('a thousand batches are a table of few lines', () => {
  const waves: Wave[] = Array.from({ length: 1_000 }, (_, batch) =>
    aWave(batch, { batch, batches: 1_000, targets: 10 }),
  );
  const targets = Array.from({ length: 10_000 }, (_, n) =>
    aTarget(`prod-${n}`, 'web', {
      wave: Math.floor(n / 10),
      state: n < 25 ? 'succeeded' : 'pending',
    }),
  );
  const lines = shown({ ...paused, waves, targets });
  assert.ok(lines.length < 30);
  assert.match(
    lines.find((line) => line.startsWith('1-1000')) ?? '',
    /^1-1000 {3}restart .* 1-1000 of 1000 {3}25\/10000 {3}30 s$/,
  );
});

test('of a skipped target of a full stop both waves are done', () => {
  const halves = { stopWave: 0, wave: 1 } as const;
  const lines = shown({
    ...paused,
    waves: [aWave(0, { action: 'stop' }), aWave(1, { action: 'start' })],
    targets: [aTarget('a', 'web', { ...halves, state: 'skipped' })],
  });
  assert.equal(lines.filter((line) => / 1\/1 /.test(line)).length, 2);
});

test('the document has strategy, halt and where it came from; amounts are numbers or percentages', () => {
  const document = JSON.parse(renderOperationJson(paused));
  assert.deepEqual(document.strategy, {
    batch: [1, '20%'],
    canary: 1,
    batchWaitMs: 0,
    maxErrors: '10%',
    maxUnreachable: 0,
    minHealthyMs: 10_000,
    onError: 'pause',
    offline: 'queue',
    offlineTtlMs: 7_200_000,
    deadlineMs: null,
    lockWaitMs: 0,
  });
  assert.deepEqual(document.halt, {
    by: 'bob',
    because: 'wait for the database\u001b[2J',
    at: '2026-11-22T11:57:00.000Z',
    endsAs: null,
    kill: false,
  });
  assert.deepEqual([document.runbook, document.retryOf], ['restart-web', OLD]);
  assert.deepEqual(
    document.waves.map(({ batch, batches, canary }: Record<string, unknown>) => ({
      batch,
      batches,
      canary,
    })),
    [
      { batch: 0, batches: 2, canary: true },
      { batch: 1, batches: 2, canary: false },
    ],
  );
  assert.equal(document.targets[0].dispatchedAt, '2026-11-22T11:50:10.000Z');
  assert.equal(document.targets[1].dispatchedAt, null);
});

test('what nothing holds up has no halt, in the document and in the list', () => {
  assert.equal(JSON.parse(renderOperationJson(anOperation())).halt, null);
  const summaries = [aSummary(paused), aSummary(anOperation({ id: OLD }))];
  const [, first, second] = renderWideOperationTable(summaries, NOW_MS, painter(false)).split('\n');
  assert.match(
    first ?? '',
    / {3}restart-web {3}- {8}paused by bob: wait for the database\\x1b\[2J$/,
  );
  assert.match(second ?? '', / {3}- {13}- {8}-$/);
});

test('what was configured is said to the letter', () => {
  const said = [
    0, 250, 1_500, 30_000, 90_000, 120_000, 5_400_000, 7_200_000, 86_400_000, 172_800_000,
  ];
  assert.deepEqual(said.map(formatExact), [
    '0 s',
    '250 ms',
    '1500 ms',
    '30 s',
    '90 s',
    '2 min',
    '90 min',
    '2 h',
    '24 h',
    '2 days',
  ]);
  assert.equal(formatMinute(NOW_MS + 59_999), '2026-11-22 12:00 UTC');
  assert.equal(formatMinute(Number.MAX_SAFE_INTEGER), null);
});
