import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAttemptLimit } from '../../controller/door/attempt-limit.ts';

function limitAt() {
  const clock = { nowMs: 1_000_000 };
  const limit = createAttemptLimit(() => clock.nowMs);
  const fail = (address: string | null, times: number): readonly boolean[] =>
    Array.from({ length: times }, () => limit.failed(address));
  const isRefused = (address: string | null): boolean => limit.refusalFor(address) !== null;
  return { clock, fail, isRefused, limit };
}

test('after ten failures within a minute an address waits for a minute, and that is told once', () => {
  const { clock, fail, isRefused, limit } = limitAt();
  assert.deepEqual(fail('10.0.0.7', 9), Array(9).fill(false));
  assert.equal(isRefused('10.0.0.7'), false);
  clock.nowMs += 50_000;
  assert.deepEqual(fail('10.0.0.7', 2), [true, false]);
  assert.equal(limit.refusalFor('10.0.0.7')?.code, 'exhausted');
  clock.nowMs += 59_999;
  assert.equal(isRefused('10.0.0.7'), true);
  clock.nowMs += 1;
  assert.equal(isRefused('10.0.0.7'), false);
});

test('failures that are a minute old count no more', () => {
  const { clock, fail, isRefused } = limitAt();
  fail('10.0.0.7', 9);
  clock.nowMs += 60_000;
  fail('10.0.0.7', 9);
  assert.equal(isRefused('10.0.0.7'), false);
});

test('nobody else waits: not another address, nor one that is not known', () => {
  const { fail, isRefused } = limitAt();
  fail('10.0.0.7', 10);
  fail(null, 9);
  assert.deepEqual(['10.0.0.8', '2001:db8::7', null].map(isRefused), [false, false, false]);
  fail(null, 1);
  assert.equal(isRefused(null), true);
});

test('who has one address of IPv6 has all beside it, and one of IPv4 is itself however it is written', () => {
  const { fail, isRefused } = limitAt();
  fail('2001:db8:0:1::7', 5);
  fail('2001:db8:0:1:ffff::9', 5);
  assert.equal(isRefused('2001:db8:0:1::1'), true);
  assert.equal(isRefused('2001:db8:0:2::1'), false);
  fail('::ffff:10.0.0.7', 10);
  assert.equal(isRefused('10.0.0.7'), true);
  assert.equal(isRefused('::ffff:10.0.0.8'), false);
});

test('it remembers so many addresses and no more: the oldest is forgotten', () => {
  const { fail, isRefused } = limitAt();
  fail('10.9.9.9', 10);
  for (let index = 0; index < 9_999; index += 1) fail(`10.0.${index >> 8}.${index & 255}`, 1);
  assert.equal(isRefused('10.9.9.9'), true);
  fail('10.8.8.8', 1);
  assert.equal(isRefused('10.9.9.9'), false);
});
