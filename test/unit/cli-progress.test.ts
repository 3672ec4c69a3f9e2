import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startProgress } from '../../cli/render/operation/progress.ts';
import { painter } from '../../cli/render/paint.ts';
import type { Operation, OperationFacts, Target } from '../../proto/operation.ts';
import { DEFAULT_STRATEGY } from '../../proto/strategy.ts';
import { anOperation, aTarget, aWave, whole } from '../fakes/control-client.ts';

/** The lines of each update in turn. */
function told(operation: Operation, ...updates: readonly (readonly Target[])[]) {
  const progress = startProgress(painter(false));
  const first = progress.next(whole(operation));
  return [first, ...updates.map((targets) => progress.next({ kind: 'targets', targets }))];
}

const inFlight = { state: 'accepted', processState: 'STOPPING' } as const;

test('a heading is told when the first target of its wave is sent, and only then', () => {
  const db = aTarget('prod-1', 'db', { state: 'pending' });
  const web = aTarget('prod-1', 'web', { state: 'pending', wave: 1 });
  const operation = anOperation({ waves: [aWave(0), aWave(1)], targets: [db, web] });
  assert.deepEqual(
    told(
      operation,
      [{ ...db, state: 'dispatched' }],
      // The order in which a controller tells of one step is its own.
      [
        { ...web, state: 'dispatched' },
        { ...db, state: 'succeeded' },
      ],
      [{ ...web, state: 'accepted' }],
      [{ ...web, state: 'succeeded', durationMs: 40 }],
    ),
    [
      [],
      ['wave 1 of 2 (group priority 999, priority 999): 1 target'],
      ['prod-1   db    restarted', 'wave 2 of 2 (group priority 999, priority 999): 1 target'],
      [],
      ['prod-1   web   restarted     40 ms'],
    ],
  );
});

test('an operation of one wave has no headings', () => {
  const target = aTarget('prod-1', 'web', { state: 'dispatched' });
  assert.deepEqual(told(anOperation({ targets: [target] })), [[]]);
});

test('a full stop tells of both halves, under what their waves do', () => {
  const halves = { stopWave: 0, wave: 1, oldPid: 17 } as const;
  const a = aTarget('prod-1', 'web', { ...halves, state: 'dispatched' });
  const b = aTarget('prod-2', 'web', { ...halves, state: 'dispatched' });
  const operation = anOperation({
    fullStop: true,
    waves: [
      aWave(0, { action: 'stop', targets: 2 }),
      aWave(1, { action: 'start', targets: 2, priority: 5 }),
    ],
    targets: [a, b],
  });
  const stopped = { state: 'pending', stopped: true, durationMs: 300 } as const;
  // Its stop was the last of the wave, so that its start was sent in the same step.
  const last = { ...stopped, state: 'dispatched' } as const;
  assert.deepEqual(
    told(
      operation,
      [{ ...a, ...stopped }],
      [
        { ...a, ...stopped, state: 'dispatched' },
        { ...b, ...last },
      ],
      [{ ...a, ...stopped, state: 'failed', error: 'Exited too quickly' }],
    ),
    [
      ['wave 1 of 2 (stop, group priority 999, priority 999): 2 targets'],
      ['prod-1   web   stopped       pid 17   0.3 s   to be started in wave 2'],
      [
        'prod-2   web   stopped       pid 17   0.3 s   to be started in wave 2',
        'wave 2 of 2 (start, group priority 999, priority 5): 2 targets',
      ],
      ['prod-1   web   FAILED        pid 17   0.3 s   Exited too quickly'],
    ],
  );
});

test('a target that its wave went on without is told once, and again when it is done', () => {
  const target = aTarget('prod-1', 'web', inFlight);
  const overdue = { ...target, overdue: true };
  assert.deepEqual(
    told(
      anOperation({ targets: [target] }),
      [overdue],
      [{ ...overdue, processState: 'STARTING' }],
      [{ ...overdue, state: 'succeeded' }],
    ),
    [
      [],
      ['prod-1   web   OVERDUE       its process is STOPPING; still waited for'],
      [],
      ['prod-1   web   restarted'],
    ],
  );
});

test('what an overdue target keeps waiting is said as it is', () => {
  const target = aTarget('prod-1', 'web', inFlight);
  const [, overdue] = told(anOperation({ waves: [aWave(0), aWave(1)], targets: [target] }), [
    { ...target, overdue: true },
  ]);
  assert.match(overdue?.at(-1) ?? '', /is STOPPING; the next wave goes on without it$/);
});

test('a host that goes and comes back is told once for all of its open targets', () => {
  const web = aTarget('prod-1', 'web', inFlight);
  const db = aTarget('prod-1', 'db', inFlight);
  const away = { hostConnected: false };
  assert.deepEqual(
    told(
      anOperation({ targets: [web, db, aTarget('prod-2', 'db', away)] }),
      [{ ...web, ...away }],
      [{ ...db, ...away }],
      [web, db],
      [
        { ...web, ...away },
        { ...db, ...away, state: 'unreachable', error: 'gone' },
      ],
    ),
    [
      ['prod-2   db    restarted'],
      ['prod-1         AWAY          not connected; given up unless it returns'],
      [],
      ['prod-1         back          connected again'],
      [
        'prod-1         AWAY          not connected; given up unless it returns',
        'prod-1   db    UNREACHABLE   gone',
      ],
    ],
  );
});

test('the same again tells nothing', () => {
  const targets = [
    aTarget('prod-1', 'web', { ...inFlight, overdue: true, hostConnected: false }),
    aTarget('prod-2', 'web', { state: 'pending', stopped: true, stopWave: 0, wave: 1 }),
    aTarget('prod-3', 'web', { state: 'failed', wave: 1 }),
  ];
  const operation = anOperation({ waves: [aWave(0), aWave(1)], targets });
  const [first = [], again = []] = told(operation, targets);
  assert.equal(first.length, 6);
  assert.deepEqual(again, []);
});

test('a name from another machine cannot steer the terminal', () => {
  const target = aTarget('\u001b[2J', '\n', { state: 'failed', error: '\r' });
  assert.deepEqual(told(anOperation({ targets: [target] })), [
    ['\\x1b[2J   \\x0a   FAILED        \\x0d'],
  ]);
});

const halt = { by: null, because: '1 target failed, and none may', atMs: 0, kill: false } as const;

/** The lines of each state of the operation in turn. */
function moved(first: Operation, ...states: readonly Partial<OperationFacts>[]) {
  const progress = startProgress(painter(false));
  const lines = [progress.next(whole(first))];
  let { targets: _, ...facts }: Operation = first;
  for (const state of states) {
    facts = { ...facts, ...state };
    lines.push(progress.next({ kind: 'moved', facts }));
  }
  return lines;
}

test('what holds the operation up is told with who and why, and that it goes on', () => {
  const operation = anOperation({
    state: 'running',
    endedAtMs: null,
    targets: [aTarget('prod-1', 'web', inFlight)],
  });
  const bob = { ...halt, by: 'bob\u001b[2J', because: '' };
  assert.deepEqual(
    moved(
      operation,
      { state: 'paused', halt: { ...halt, endsAs: null } },
      { state: 'paused', halt: { ...halt, endsAs: null } },
      { state: 'running', halt: null },
      { state: 'paused', halt: { ...bob, endsAs: null } },
      { state: 'draining', halt: { ...bob, endsAs: 'cancelled' } },
      { state: 'draining', halt: { ...bob, endsAs: 'cancelled', kill: true } },
      { state: 'draining', halt: { ...halt, endsAs: 'aborted' } },
    ),
    [
      [],
      ['paused: 1 target failed, and none may; nothing new begins, what has begun goes on'],
      [],
      ['it goes on'],
      ['paused by bob\\x1b[2J; nothing new begins, what has begun goes on'],
      ['cancelled by bob\\x1b[2J; nothing new begins, what has begun is waited for'],
      ['cancelled by bob\\x1b[2J; nothing new begins, agents give up waiting for what has begun'],
      ['aborted: 1 target failed, and none may; nothing new begins, what has begun is waited for'],
    ],
  );
});

test('a pause under which nothing goes on is told by the sentence that ends the watching', () => {
  const operation = anOperation({
    state: 'running',
    endedAtMs: null,
    targets: [aTarget('prod-1', 'web'), aTarget('prod-2', 'web', { state: 'pending' })],
  });
  const states = [
    { state: 'paused', halt: { ...halt, endsAs: null } },
    { state: 'running', halt: null },
  ] as const;
  assert.deepEqual(moved(operation, ...states).slice(1), [[], ['it goes on']]);
});

test('an operation that waits for others says so at once, and when it begins', () => {
  const because = 'operation 01a2 of bob still has web on prod-1';
  const planned = anOperation({
    state: 'planned',
    halt: { ...halt, because, endsAs: null },
    endedAtMs: null,
    targets: [aTarget('prod-1', 'web', { state: 'pending' })],
  });
  assert.deepEqual(moved(planned, { state: 'running', halt: null }), [
    [`planned: ${because}`],
    ['it begins'],
  ]);
});

test('after a broken stream nothing is told twice of what holds it up', () => {
  const paused = anOperation({
    state: 'paused',
    halt: { ...halt, endsAs: null },
    endedAtMs: null,
    targets: [aTarget('prod-1', 'web', inFlight)],
  });
  const progress = startProgress(painter(false));
  assert.equal(progress.next(whole(paused)).length, 1);
  assert.deepEqual(progress.next(whole(paused)), []);
  assert.deepEqual(progress.next(whole({ ...paused, state: 'running', halt: null })), [
    'it goes on',
  ]);
});

test('what is watched before it counts as done has a line, and so has what was given up', () => {
  const strategy = { ...DEFAULT_STRATEGY, minHealthyMs: 10_000 };
  const target = aTarget('prod-1', 'web', { ...inFlight, oldPid: 17, newPid: 23 });
  const verifying = { ...target, state: 'verifying', processState: 'RUNNING' } as const;
  assert.deepEqual(
    told(
      anOperation({ strategy, targets: [target] }),
      [verifying],
      [{ ...verifying, oldPid: 18 }],
      [{ ...verifying, state: 'timed-out', error: 'the deadline came first', dispatchedAtMs: 1 }],
    ),
    [
      [],
      ['prod-1   web   verifying     pid 17 → 23   up, watched for 10 s'],
      [],
      ['prod-1   web   TIMED OUT     pid 17 → 23   the deadline came first'],
    ],
  );
  const stop = anOperation({ verb: 'stop', strategy, targets: [target] });
  assert.match(told(stop, [verifying])[1]?.[0] ?? '', /down, watched for 10 s$/);
});

test('a host that is waited for is told once, and how long it may take', () => {
  const strategy = { ...DEFAULT_STRATEGY, offline: { kind: 'queue', ttlMs: 7_200_000 } } as const;
  const away = { state: 'waiting', hostConnected: false } as const;
  const web = aTarget('prod-1', 'web', away);
  const db = aTarget('prod-1', 'db', away);
  const startedAtMs = Date.UTC(2026, 10, 22, 12, 20);
  const waves = [aWave(0), aWave(1)];
  assert.deepEqual(
    told(anOperation({ strategy, startedAtMs, waves, targets: [web, db] }), [
      { ...web, hostConnected: true, state: 'dispatched' },
    ]),
    [
      ['prod-1         waiting       not connected, waited for until 2026-11-22 14:20 UTC'],
      [
        'prod-1         back          connected again',
        'wave 1 of 2 (group priority 999, priority 999): 1 target',
      ],
    ],
  );
});

test('what was left alone from the beginning has a line but begins no wave, what was cancelled has none', () => {
  const waves = [aWave(0, { batches: 2 }), aWave(1, { batch: 1, batches: 2, isCanary: true })];
  const held = 'held by alice';
  const skipped = aTarget('prod-1', 'web', { state: 'skipped', error: held, wave: 1 });
  const cancelled = aTarget('prod-2', 'web', { state: 'cancelled' });
  assert.deepEqual(
    told(
      anOperation({ waves, targets: [skipped, cancelled] }),
      [{ ...cancelled, state: 'cancelled', dispatchedAtMs: 5, host: skipped.host }],
      [{ ...skipped, process: cancelled.process, host: cancelled.host, dispatchedAtMs: 7 }],
    ),
    [
      ['prod-1   web   skipped       held by alice'],
      [
        'wave 1 of 2 (group priority 999, priority 999, batch 1 of 2): 1 target',
        'prod-1   web   cancelled',
      ],
      [
        'wave 2 of 2 (group priority 999, priority 999, canary, batch 2 of 2): 1 target',
        'prod-2   web   skipped       held by alice',
      ],
    ],
  );
});
