import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PersistentList } from '../../controller/core/persistent-list.ts';

const changes = (length: number) =>
  fc.array(fc.tuple(fc.nat({ max: Math.max(0, length - 1) }), fc.integer()), {
    maxLength: length === 0 ? 0 : 20,
  });

test('a changed list is as an array with the same changes; the one before stays as it was', () => {
  const lists = fc.array(fc.integer(), { maxLength: 400, size: 'max' });
  fc.assert(
    fc.property(
      lists.chain((values) => fc.tuple(fc.constant(values), changes(values.length))),
      ([values, made]) => {
        const before = PersistentList.of(values);
        const after = before.withAll(made);
        const expected = [...values];
        for (const [position, value] of made) expected[position] = value;
        assert.deepEqual([...after], expected);
        assert.deepEqual([...before], values);
        assert.equal(after.size, values.length);
        for (const position of expected.keys())
          assert.equal(after.at(position), expected[position]);
      },
    ),
    { numRuns: 100 },
  );
});

test('there is nothing outside of it', () => {
  const list = PersistentList.of([1, 2, 3]);
  for (const position of [-1, 3, 128, Number.NaN]) {
    assert.throws(() => list.at(position), RangeError);
  }
});
