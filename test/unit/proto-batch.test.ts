import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BATCH_MAX,
  createBatchLoop,
  PERFORMED_AT_ONCE_MAX,
  STEPPING_MAX_MS,
} from '../../proto/batch.ts';
import { fakeClock } from '../fakes/controller-ports.ts';

/** Remembers its inputs; each is written, and performed so many times. */
function world({ stepMs = 0, effectsOfEach = 1 } = {}) {
  const clock = fakeClock();
  const commits: (readonly number[])[] = [];
  const performed: number[][] = [];
  let settle = (): void => undefined;
  const loop = createBatchLoop<readonly number[], number, number, number>(
    {
      clock,
      step: (state, input) => {
        clock.pass(stepMs);
        return {
          state: [...state, input],
          writes: [input],
          effects: Array.from({ length: effectsOfEach }, () => input),
        };
      },
      commit: (step) => {
        commits.push(step.writes);
        return new Promise((resolve) => {
          settle = () => resolve(step);
        });
      },
      perform: (effects) => void performed.push([...effects]),
      onBroken: (error) => assert.fail(String(error)),
    },
    [],
  );
  return {
    clock,
    loop,
    commits,
    performed,
    async commit() {
      clock.runNext();
      settle();
      await Promise.resolve();
      await Promise.resolve();
    },
  };
}

test('what has queued up is one batch, up to a number; the rest is the next', async () => {
  const made = world();
  for (let input = 0; input < BATCH_MAX + 2; input += 1) made.loop.deliver(input);
  await made.commit();
  assert.deepEqual(
    made.commits.map(({ length }) => length),
    [BATCH_MAX],
  );
  assert.equal(made.loop.state().length, BATCH_MAX);
  made.clock.runSoon();
  assert.deepEqual(made.commits[1], [BATCH_MAX, BATCH_MAX + 1]);
});

test('a batch takes only so long, but at least one input', async () => {
  const slow = world({ stepMs: STEPPING_MAX_MS / 4 });
  for (let input = 0; input < 20; input += 1) slow.loop.deliver(input);
  await slow.commit();
  assert.deepEqual(slow.commits, [[0, 1, 2, 3, 4]]);
  const slowest = world({ stepMs: 10 * STEPPING_MAX_MS });
  for (const input of [1, 2]) slowest.loop.deliver(input);
  await slowest.commit();
  assert.deepEqual(slowest.commits, [[1]]);
});

test('nothing is lost or changes places, however much comes in whenever', async () => {
  const made = world({ stepMs: 1, effectsOfEach: 30 });
  let given = 0;
  for (let round = 0; round < 40; round += 1) {
    for (let count = 0; count < 25; count += 1) made.loop.deliver(given++);
    await made.commit();
  }
  for (let round = 0; round < 200; round += 1) await made.commit();
  const all = Array.from({ length: given }, (_, input) => input);
  assert.deepEqual(made.loop.state(), all);
  assert.deepEqual(made.commits.flat(), all);
  assert.deepEqual(
    made.performed.flat(),
    all.flatMap((input) => Array(30).fill(input)),
  );
});

test('what is to be done is done in parts, all of it before the next batch is stepped', async () => {
  const made = world({ effectsOfEach: 2 * PERFORMED_AT_ONCE_MAX + 1 });
  made.loop.deliver(1);
  await made.commit();
  made.loop.deliver(2);
  assert.deepEqual(
    made.performed.map(({ length }) => length),
    [PERFORMED_AT_ONCE_MAX],
  );
  assert.deepEqual(made.loop.state(), [1]);
  made.clock.runNext();
  assert.equal(made.commits.length, 1);
  made.clock.runNext();
  assert.deepEqual(made.performed.map(({ length }) => length).slice(1), [PERFORMED_AT_ONCE_MAX, 1]);
  assert.equal(made.commits.length, 1);
  made.clock.runNext();
  assert.deepEqual(made.commits, [[1], [2]]);
});

test('what is stepped again, as after a failed commit, is stepped whole', () => {
  const made = world({ stepMs: STEPPING_MAX_MS });
  const batch = Array.from({ length: BATCH_MAX + 1 }, (_, input) => input);
  assert.deepEqual(made.loop.stepAll(batch).writes, batch);
});
