import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOperationSoFar } from '../../cli/watch/operation-so-far.ts';
import type { Operation, Target } from '../../proto/operation.ts';
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

const paused = {
  ...begun,
  state: 'paused',
  halt: { by: null, because: '1 target failed', atMs: 5, endsAs: null, kill: false },
} as const;
const moved = ({ targets: _, ...facts }: Operation) => ({ kind: 'moved', facts }) as const;

test('a paused operation rests once nothing of it is under way any more', () => {
  const { note } = createOperationSoFar();
  assert.equal(note(whole({ ...begun, targets: [{ ...web, state: 'verifying' }, db] })), null);
  assert.equal(note(moved(paused)), null);
  assert.equal(note(changed({ ...db, state: 'dispatched' })), null);
  assert.equal(note(changed({ ...web, state: 'failed' })), null);
  const atRest = note(changed({ ...db, state: 'succeeded' }));
  assert.deepEqual(atRest, {
    ...paused,
    targets: [
      { ...web, state: 'failed' },
      { ...db, state: 'succeeded' },
    ],
  });
});

test('one that was paused and goes on is watched on', () => {
  const { note } = createOperationSoFar();
  note(whole({ ...begun, targets: [{ ...web, state: 'accepted' }, db] }));
  note(moved(paused));
  assert.equal(note(moved(begun)), null);
  assert.equal(note(changed({ ...web, state: 'succeeded' })), null);
  assert.notEqual(note(moved(paused)), null);
});

test('one that is paused already, with hosts to come back, rests at once', () => {
  const targets = [{ ...web, state: 'waiting' } as const, db];
  assert.deepEqual(createOperationSoFar().note(whole({ ...paused, targets })), {
    ...paused,
    targets,
  });
});

test('what was under way before a break, and is not after it, holds nobody up', () => {
  const { note } = createOperationSoFar();
  note(whole({ ...begun, targets: [{ ...web, state: 'accepted' }, db] }));
  assert.notEqual(note(whole({ ...paused, targets: [{ ...web, state: 'failed' }, db] })), null);
});

test('one that waits for others, or drains, does not rest', () => {
  for (const state of ['planned', 'draining'] as const) {
    assert.equal(createOperationSoFar().note(whole({ ...begun, state })), null, state);
  }
});

test('ten thousand targets are counted as they come', () => {
  const { note } = createOperationSoFar();
  const targets = Array.from({ length: 10_000 }, (_, n) =>
    aTarget(`h${n}`, 'web', { state: 'accepted' }),
  );
  note(whole({ ...paused, targets }));
  const answers = targets.map((target) => note(changed({ ...target, state: 'succeeded' })));
  assert.equal(
    answers.findIndex((answer) => answer !== null),
    9_999,
  );
});

test('of targets of which the whole was never told nothing is claimed', () => {
  const { note } = createOperationSoFar();
  assert.equal(note(changed(web)), null);
  assert.equal(note(moved(paused)), null);
  assert.equal(note(ended(begun)), null);
});
