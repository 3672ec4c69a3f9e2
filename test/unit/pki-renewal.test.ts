/** When a certificate is renewed, and when somebody must hear that it is not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { renewalDueMs, renewalPauseMs, warningDueMs } from '../../proto/pki/renewal.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const week = { notBeforeMs: 0, notAfterMs: 7 * DAY_MS };
const chances = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('a certificate is renewed at two thirds of its life, a tenth earlier or later', () => {
  const life = { notBeforeMs: 1_000, notAfterMs: 31_000 };
  assert.equal(Math.round(renewalDueMs(life, 0.5)), 21_000);
  assert.equal(Math.round(renewalDueMs(life, 0)), 18_000);
  assert.equal(Math.round(renewalDueMs(life, 1 - Number.EPSILON)), 24_000);
});

test('the warning comes two days before the end, or once renewal was due for certain', () => {
  assert.equal(warningDueMs({ notBeforeMs: 0, notAfterMs: 30 * DAY_MS }), 28 * DAY_MS);
  assert.ok(warningDueMs(week) > 5 * DAY_MS && warningDueMs(week) < 5.5 * DAY_MS);
});

test('whoever was to renew has always been due before the warning', () => {
  const lives = fc.record({ lengthMs: fc.integer({ min: 1_000, max: 1_000 * DAY_MS }), chances });
  fc.assert(
    fc.property(lives, ({ lengthMs, chances: chance }) => {
      const life = { notBeforeMs: 0, notAfterMs: lengthMs };
      const dueMs = renewalDueMs(life, chance);
      assert.ok(dueMs > 0 && dueMs <= warningDueMs(life) && warningDueMs(life) < lengthMs);
    }),
  );
});

test('the pause after failed tries doubles from a minute to an hour', () => {
  const pauses = [1, 2, 3, 7, 100].map((failures) => renewalPauseMs(failures, 7 * DAY_MS, 0));
  assert.deepEqual(pauses, [60_000, 120_000, 240_000, HOUR_MS, HOUR_MS]);
});

test('in a life of which little is left there is still time for several tries', () => {
  assert.equal(renewalPauseMs(7, 60_000, 0), 6_000);
  assert.equal(renewalPauseMs(1, 100, 0), 1_000);
  assert.equal(renewalPauseMs(1, -5_000, 0), 1_000);
});
