import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Amount, batchSizes, countOf } from '../../proto/strategy.ts';

const count = (of: number): Amount => ({ kind: 'count', count: of });
const percent = (of: number): Amount => ({ kind: 'percent', percent: of });

test('a percentage is rounded down', () => {
  const cases = [
    [10, 19, 1],
    [10, 50, 5],
    [33, 3, 0],
    [29, 100, 29],
    [57, 100, 57],
    [100, 7, 7],
    [0, 7, 0],
  ] as const;
  for (const [of, total, expected] of cases) assert.equal(countOf(percent(of), total), expected);
  assert.equal(countOf(count(9), 3), 9);
});

test('batches are as docs/operations.md works them out', () => {
  const cases: readonly (readonly [readonly Amount[], number, number, readonly number[]])[] = [
    [[percent(100)], 0, 5, [5]],
    [[percent(10)], 0, 19, Array(19).fill(1)],
    [[percent(10)], 0, 25, [...Array(12).fill(2), 1]],
    [[count(10)], 0, 33, [10, 10, 10, 3]],
    [[count(1), count(5), percent(20)], 0, 100, [1, 5, 20, 20, 20, 20, 14]],
    [[percent(50)], 2, 10, [2, 5, 3]],
    [[percent(1)], 0, 3, [1, 1, 1]],
    [[percent(100)], 9, 4, [4]],
    [[count(1)], 0, 0, []],
  ];
  for (const [batch, canary, total, expected] of cases) {
    assert.deepEqual(batchSizes({ batch, canary }, total), expected);
  }
});

test('batches come to the whole, and each has at least one', () => {
  const anAmount = fc.oneof(fc.nat({ max: 50 }).map(count), fc.nat({ max: 100 }).map(percent));
  const some = fc.array(anAmount, { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(some, fc.nat({ max: 20 }), fc.nat({ max: 500 }), (batch, canary, total) => {
      const sizes = batchSizes({ batch, canary }, total);
      assert.equal(
        sizes.reduce((sum, size) => sum + size, 0),
        total,
      );
      assert.ok(sizes.every((size) => size >= 1));
      if (canary > 0 && total > 0) assert.equal(sizes[0], Math.min(canary, total));
    }),
  );
});
