import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { outcomeOf } from '../../cli/outcome.ts';
import { TARGET_STATES, type TargetState } from '../../proto/vocabulary.ts';
import { anOperation, aTarget } from '../fakes/control-client.ts';

const ofStates = (states: readonly TargetState[]) =>
  anOperation({
    state: 'failed',
    targets: states.map((state, index) => aTarget(`prod-${index}`, 'web', { state })),
  });

test('exit code 0 is for a full success alone', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...TARGET_STATES), { minLength: 1 }), (states) => {
      const { exitCode } = outcomeOf(ofStates(states));
      assert.equal(
        exitCode === 0,
        states.every((state) => state === 'succeeded'),
      );
    }),
  );
});

test('of several exit codes the one that leaves most open counts', () => {
  const codes: readonly (readonly [readonly TargetState[], number])[] = [
    [['succeeded', 'unreachable'], 11],
    [['succeeded', 'failed'], 10],
    [['indeterminate'], 10],
    [['unreachable', 'failed'], 10],
    [['unreachable', 'failed', 'not-attempted'], 12],
    [['succeeded', 'accepted'], 10],
    [[], 6],
  ];
  for (const [states, code] of codes) {
    assert.equal(outcomeOf(ofStates(states)).exitCode, code, states.join());
  }
});

test('a success says on how many hosts and how long', () => {
  const operation = anOperation({ targets: [aTarget('prod-1', 'web'), aTarget('prod-2', 'web')] });
  assert.equal(outcomeOf(operation).sentence, 'restarted 2 of 2 targets on 2 hosts in 1.1 s');
});

test('a failure names the culprits and their reasons', () => {
  const operation = anOperation({
    state: 'failed',
    targets: [
      aTarget('prod-1', 'web'),
      aTarget('prod-2', 'web', { state: 'failed', error: 'exited too quickly (exit status 3)' }),
    ],
  });
  assert.equal(
    outcomeOf(operation).sentence,
    'restarted 1 of 2 targets; 1 failed: prod-2 web: exited too quickly (exit status 3)',
  );
});

test('many failures are counted, the first few named', () => {
  assert.equal(
    outcomeOf(
      ofStates(['failed', 'failed', 'failed', 'failed', 'unreachable', 'not-attempted', 'pending']),
    ).sentence,
    'restarted 0 of 7 targets; 4 failed: prod-0 web, prod-1 web, prod-2 web, and 1 more; ' +
      '1 indeterminate: prod-6 web; 1 unreachable: prod-4 web; 1 not attempted: prod-5 web',
  );
});

test('a signal is named', () => {
  assert.equal(
    outcomeOf(anOperation({ verb: 'signal', signal: 'HUP', endedAtMs: null })).sentence,
    'signalled 1 of 1 target with HUP on 1 host',
  );
});

test('an error from another machine cannot steer the terminal', () => {
  const target = aTarget('a\u001b[2J', 'web', { state: 'failed', error: '\u202e\n' });
  assert.equal(
    outcomeOf(anOperation({ targets: [target] })).sentence,
    'restarted 0 of 1 target; 1 failed: a\\x1b[2J web: \\u202e\\x0a',
  );
});
