import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FifoQueue } from '../../agent/core/fifo-queue.ts';

function valuesOf(queue: FifoQueue<number>): readonly number[] {
  const values: number[] = [];
  for (let taken = queue.take(); taken !== null; taken = taken.rest.take()) {
    values.push(taken.value);
  }
  return values;
}

test('what was added first is taken first, and every earlier version is as it was', () => {
  const step = fc.option(fc.integer(), { freq: 2 });
  fc.assert(
    fc.property(fc.array(fc.integer(), { maxLength: 5 }), fc.array(step), (first, steps) => {
      let queue = FifoQueue.of(first);
      let model: readonly number[] = first;
      const versions = [{ queue, model }];
      for (const value of steps) {
        const taken = queue.take();
        assert.equal(taken?.value, model[0]);
        queue = value === null ? (taken?.rest ?? queue) : queue.with(value);
        model = value === null ? model.slice(1) : [...model, value];
        versions.push({ queue, model });
      }
      for (const version of versions) {
        assert.deepEqual(valuesOf(version.queue), version.model);
        assert.deepEqual([...version.queue], version.model);
        assert.equal(version.queue.first, version.model[0]);
        assert.equal(version.queue.size, version.model.length);
      }
    }),
    { numRuns: 100 },
  );
});
