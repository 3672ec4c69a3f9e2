import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startProgress } from '../../cli/render/operation/progress.ts';
import { painter } from '../../cli/render/paint.ts';
import type { Operation, Target } from '../../proto/operation.ts';
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
