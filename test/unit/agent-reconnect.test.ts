import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { redialDelayMs } from '../../agent/core/reconnect.ts';

/** The bounds of one delay, as chance goes from 0 to just below 1. */
function bounds(attempt: number, spreadMs: number): readonly [number, number] {
  const delay = (chance: number) =>
    redialDelayMs({ attempt, spreadMs, chance, isUnwelcome: false });
  return [delay(0), Math.round(delay(1 - Number.EPSILON))];
}

test('the first try after a session is spread over what the controller asked for', () => {
  assert.deepEqual(bounds(0, 80_000), [0, 80_000]);
  assert.deepEqual(bounds(0, 0), [0, 250]);
});

test('further tries double up to 5 s, half of each drawn by chance', () => {
  assert.deepEqual(bounds(1, 0), [250, 500]);
  assert.deepEqual(bounds(2, 0), [500, 1_000]);
  assert.deepEqual(bounds(4, 0), [2_000, 4_000]);
  assert.deepEqual(bounds(5, 0), [2_500, 5_000]);
  assert.deepEqual(bounds(1_000, 1_000), [2_500, 5_000]);
});

test('a large fleet may be asked to wait longer than 5 s', () => {
  assert.deepEqual(bounds(20, 80_000), [40_000, 80_000]);
  assert.deepEqual(bounds(1, 80_000), [2_500, 5_000]);
  assert.deepEqual(bounds(2, 80_000), [5_000, 10_000]);
  assert.deepEqual(bounds(1, 8_000), [250, 500]);
});

test('no delay is negative, endless, or longer than the spread or 5 s', () => {
  const anyRedial = fc.record({
    attempt: fc.nat(),
    spreadMs: fc.nat({ max: 120_000 }),
    chance: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    isUnwelcome: fc.constant(false),
  });
  fc.assert(
    fc.property(anyRedial, (redial) => {
      const delayMs = redialDelayMs(redial);
      assert.ok(delayMs >= 0 && delayMs <= Math.max(5_000, redial.spreadMs), `${delayMs}`);
    }),
  );
});

test('an agent whose session was given to another one does not fight for it', () => {
  const redial = { attempt: 0, spreadMs: 0, chance: 0, isUnwelcome: true };
  assert.equal(redialDelayMs(redial), 60_000);
});
