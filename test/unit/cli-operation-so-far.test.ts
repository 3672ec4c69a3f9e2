import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOperationSoFar } from '../../cli/watch/operation-so-far.ts';
import type { Target } from '../../proto/operation.ts';
import { anOperation, aTarget, ended, whole } from '../fakes/control-client.ts';

const web = aTarget('prod-1', 'web', { state: 'pending' });
const db = aTarget('prod-1', 'db', { state: 'pending' });
const begun = anOperation({ state: 'running', endedAtMs: null, targets: [web, db] });
const changed = (...targets: readonly Target[]) => ({ kind: 'targets', targets }) as const;

test('at the end stand the targets as they were told last, in the order of the plan', () => {
  const { note } = createOperationSoFar();
  const up = { state: 'succeeded', newPid: 23 } as const;
  for (const update of [
    whole(begun),
    changed({ ...db, state: 'accepted' }),
    changed({ ...db, ...up }, { ...web, state: 'accepted' }),
    changed({ ...web, ...up }),
  ]) {
    assert.equal(note(update), null);
  }
  const end = anOperation({
    targets: [
      { ...web, ...up },
      { ...db, ...up },
    ],
  });
  assert.deepEqual(note(ended(end)), end);
});

test('one that has ended already is told whole and at once', () => {
  assert.deepEqual(createOperationSoFar().note(whole(anOperation())), anOperation());
});

test('after a break the whole comes again, and what was known before does not count', () => {
  const { note } = createOperationSoFar();
  note(whole(begun));
  note(changed({ ...web, state: 'unreachable' }));
  note(whole({ ...begun, targets: [{ ...web, state: 'accepted' }, db] }));
  assert.deepEqual(
    note(ended(begun))?.targets.map(({ state }) => state),
    ['accepted', 'pending'],
  );
});

test('of targets of which the whole was never told nothing is claimed', () => {
  const { note } = createOperationSoFar();
  assert.equal(note(changed(web)), null);
  assert.equal(note(ended(begun)), null);
});
