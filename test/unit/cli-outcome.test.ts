import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { exitCodeFor } from '../../cli/outcome.ts';
import { outcomeSentence } from '../../cli/render/operation/outcome-sentence.ts';
import { type Halt, OPERATION_STATES, type Operation, type Target } from '../../proto/operation.ts';
import { TARGET_STATES, type TargetState } from '../../proto/vocabulary.ts';
import { anOperation, aTarget } from '../fakes/control-client.ts';

const ofStates = (states: readonly TargetState[]) =>
  anOperation({
    state: 'failed',
    targets: states.map((state, index) => aTarget(`prod-${index}`, 'web', { state })),
  });

test('exit code 0 is for a full success alone, with what was left alone on purpose', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...TARGET_STATES), { minLength: 1 }), (states) => {
      const exitCode = exitCodeFor(ofStates(states));
      assert.equal(
        exitCode === 0,
        states.every((state) => state === 'succeeded' || state === 'skipped'),
      );
    }),
  );
});

test('of several exit codes the one that leaves most open counts', () => {
  const codes: readonly (readonly [readonly TargetState[], number])[] = [
    [['succeeded', 'skipped'], 0],
    [['succeeded', 'unreachable'], 11],
    [['succeeded', 'failed'], 10],
    [['indeterminate'], 10],
    [['timed-out', 'unreachable'], 10],
    [['unreachable', 'failed'], 10],
    [['unreachable', 'failed', 'not-attempted'], 12],
    [['cancelled', 'failed'], 12],
    [['succeeded', 'accepted'], 10],
    [[], 6],
  ];
  for (const [states, code] of codes) {
    assert.equal(exitCodeFor(ofStates(states)), code, states.join());
  }
});

test('an early end, and by whom, counts before what became of the targets', () => {
  const codeOf = (state: Operation['state'], by: string | null = null) => {
    const halt = { by, because: '', atMs: 0, endsAs: null, kill: false };
    return exitCodeFor(anOperation({ state, halt }));
  };
  const codes = OPERATION_STATES.map((state) => [state, codeOf(state), codeOf(state, 'bob')]);
  assert.deepEqual(codes, [
    ['planned', 12, 12],
    ['running', 0, 0],
    ['paused', 12, 13],
    ['draining', 12, 13],
    ['succeeded', 0, 0],
    ['failed', 0, 0],
    ['aborted', 12, 12],
    ['cancelled', 13, 13],
    ['expired', 12, 12],
  ]);
});

test('a success says on how many hosts and how long', () => {
  const operation = anOperation({ targets: [aTarget('prod-1', 'web'), aTarget('prod-2', 'web')] });
  assert.equal(outcomeSentence(operation), 'restarted 2 of 2 targets on 2 hosts in 1.1 s');
});

const failed = (host: string, process: string, error: string | null = null) =>
  aTarget(host, process, { state: 'failed', error });

test('a failure names the culprits, and a reason that they share once', () => {
  const quickly = 'Exited too quickly (exit status 3)';
  const operation = anOperation({
    state: 'failed',
    targets: [
      aTarget('prod-1', 'web'),
      failed('prod-10', 'web', quickly),
      failed('prod-2', 'api', 'not executable'),
      failed('prod-9', 'web', quickly),
      failed('prod-9', 'api', quickly),
      failed('prod-10', 'api', quickly),
    ],
  });
  assert.equal(
    outcomeSentence(operation),
    'restarted 1 of 6 targets; 5 failed: web, api on prod-[9-10]: ' +
      'Exited too quickly (exit status 3), api on prod-2: not executable',
  );
});

test('every way to end has its own part of the sentence', () => {
  assert.equal(
    outcomeSentence(
      ofStates(['failed', 'failed', 'failed', 'failed', 'unreachable', 'not-attempted', 'pending']),
    ),
    'restarted 0 of 7 targets; 4 failed: web on prod-[0-3]; 1 indeterminate: web on prod-6; ' +
      '1 unreachable: web on prod-4; 1 not attempted: web on prod-5',
  );
});

test('of many reasons the most frequent are named, the rest is counted', () => {
  const targets = ['a', 'b', 'c', 'd', 'd'].map((error, n) => failed(`prod-${n}`, 'web', error));
  assert.equal(
    outcomeSentence(anOperation({ targets })),
    'restarted 0 of 5 targets; 5 failed: web on prod-[3-4]: d, web on prod-0: a, ' +
      'web on prod-1: b, and 1 more',
  );
});

test('hosts that cannot be folded are counted, and some of them named', () => {
  const names = ['ape', 'bee', 'cat', 'dog', 'eel', 'fox', 'gnu'];
  const targets = names.map((host) => failed(host, 'web'));
  assert.match(
    outcomeSentence(anOperation({ targets })),
    /; 7 failed: web on 7 hosts \(ape,bee,cat,dog,eel,…\)$/,
  );
  const long = names.map((host) => failed(`${host}.${'x'.repeat(100)}`, 'web'));
  assert.match(outcomeSentence(anOperation({ targets: long })), /web on 7 hosts \(ape\.x+,…\)$/);
});

test('what a full stop brought down and nobody started is not passed off as "not attempted"', () => {
  const down = {
    stopWave: 0,
    wave: 1,
    stopped: true,
    error: 'the operation stopped early',
  } as const;
  const targets = [
    aTarget('prod-1', 'web', { ...down, state: 'not-attempted' }),
    aTarget('prod-2', 'web', { ...down, state: 'not-attempted' }),
    aTarget('prod-3', 'web', { ...down, state: 'unreachable', error: 'gone' }),
    aTarget('prod-4', 'web', { ...down, state: 'failed', error: 'Exited too quickly' }),
    aTarget('prod-5', 'web', { stopWave: 0, wave: 1, state: 'not-attempted' }),
  ];
  const operation = anOperation({ fullStop: true, targets });
  assert.equal(exitCodeFor(operation), 12);
  assert.equal(
    outcomeSentence(operation),
    'restarted 0 of 5 targets; 1 failed: web on prod-4: Exited too quickly; ' +
      '1 unreachable: web on prod-3: gone; ' +
      '2 stopped and not started again: web on prod-[1-2]; 1 not attempted: web on prod-5; ' +
      '1 stopped, with no word of a start since: web on prod-3',
  );
});

test('a success that outlasted the wait for its wave is told', () => {
  const targets = [aTarget('prod-1', 'web'), aTarget('prod-2', 'web', { overdue: true })];
  assert.equal(
    outcomeSentence(anOperation({ targets })),
    'restarted 2 of 2 targets on 2 hosts in 1.1 s; ' +
      '1 took longer than its wave was waited for: web on prod-2',
  );
});

test('what was found as wanted is not counted as done, and a restart that only started is told', () => {
  const found = (verb: 'start' | 'stop' | 'restart', pids: Parameters<typeof aTarget>[2]) =>
    outcomeSentence(
      anOperation({ verb, targets: [aTarget('a', 'web', pids), aTarget('b', 'web', changed)] }),
    );
  const changed = { oldPid: 17, newPid: 23 };
  const up = found('start', { oldPid: 17, newPid: 17 });
  assert.match(up, /^started 1 of 2 targets on 2 hosts in .*; 1 was up already$/);
  const down = found('stop', { oldPid: null });
  assert.match(down, /^stopped 1 of 2 targets on 2 hosts in .*; 1 was down already$/);
  const started = found('restart', { oldPid: null, newPid: 23 });
  assert.match(started, /^restarted 2 of 2 targets on 2 hosts in .*; 1 was down before$/);
});

const halted = (state: Operation['state'], halt: Partial<Halt>, targets: readonly Target[]) =>
  outcomeSentence(
    anOperation({
      state,
      halt: { by: null, because: '', atMs: 0, endsAs: null, kill: false, ...halt },
      targets,
    }),
  );
const ofState = (host: string, state: TargetState, rest: Partial<Target> = {}) =>
  aTarget(host, 'web', { state, ...rest });

test('what is paused says why, what was done, and what is not begun', () => {
  const targets = [
    ofState('a', 'succeeded'),
    ofState('b', 'failed', { error: 'Exited too quickly' }),
    ofState('c', 'accepted'),
    ofState('d', 'pending'),
    ofState('e', 'pending'),
    ofState('f', 'waiting'),
    ofState('g', 'pending', { stopWave: 0, wave: 1, stopped: true }),
  ];
  const rest =
    'restarted 1 of 7 targets; 1 failed: web on b: Exited too quickly; 1 under way: web on c; ' +
    '1 stopped and not started yet: web on g; 1 waiting for a host that is away: web on f; ' +
    '2 not begun: web on d,e';
  assert.equal(
    halted('paused', { because: '1 target failed, and none may' }, targets),
    `paused: 1 target failed, and none may; ${rest}`,
  );
  assert.equal(halted('paused', { by: 'bob' }, targets), `paused by bob; ${rest}`);
});

test('an early end says by whom or why, and what was not done', () => {
  const left = (state: TargetState) => [ofState('a', 'succeeded'), ofState('b', state)];
  assert.equal(
    halted('cancelled', { by: 'bob', because: 'wrong branch' }, left('cancelled')),
    'cancelled by bob: wrong branch; restarted 1 of 2 targets; 1 cancelled: web on b',
  );
  assert.equal(
    halted('aborted', { because: '2 targets failed, and none may' }, left('not-attempted')),
    'aborted: 2 targets failed, and none may; restarted 1 of 2 targets; 1 not attempted: web on b',
  );
  assert.equal(
    halted('expired', { because: 'its deadline came' }, left('timed-out')),
    'expired: its deadline came; restarted 1 of 2 targets; 1 timed out: web on b',
  );
});

test('a halt that came to nothing is not told: all was done', () => {
  assert.equal(
    halted('succeeded', { by: 'bob', endsAs: 'cancelled' }, [ofState('a', 'succeeded')]),
    'restarted 1 of 1 target on 1 host in 1.1 s',
  );
});

test('what was left alone on purpose is counted, named and explained, and is no failure', () => {
  const held = 'held by alice until 2026-11-22 14:20 UTC: debugging';
  assert.equal(
    outcomeSentence(
      anOperation({
        targets: [
          ofState('a', 'succeeded'),
          ofState('b', 'skipped', { error: held }),
          ofState('c', 'skipped', { note: 'not connected' }),
        ],
      }),
    ),
    'restarted 1 of 3 targets on 1 host in 1.1 s; ' +
      `2 skipped: web on b: ${held}, web on c: not connected`,
  );
  assert.equal(
    outcomeSentence(anOperation({ targets: [ofState('a', 'skipped')] })),
    'restarted 0 of 1 target; 1 skipped: web on a',
  );
});

test('a signal is named', () => {
  assert.equal(
    outcomeSentence(anOperation({ verb: 'signal', signal: 'HUP', endedAtMs: null })),
    'signalled 1 of 1 target with HUP on 1 host',
  );
});

test('an error from another machine cannot steer the terminal', () => {
  const target = aTarget('a\u001b[2J', 'web', { state: 'failed', error: '\u202e\n' });
  assert.equal(
    outcomeSentence(anOperation({ targets: [target] })),
    'restarted 0 of 1 target; 1 failed: web on a\\x1b[2J: \\u202e\\x0a',
  );
});
