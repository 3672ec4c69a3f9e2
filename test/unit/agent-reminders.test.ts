import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createReminders } from '../../agent/identity/reminders.ts';
import { fakeLog } from '../fakes/agent-log.ts';

const HOUR_MS = 3_600_000;

test('a trouble is told at once and then once an hour, also where the clock is set back', () => {
  let nowMs = 100 * HOUR_MS;
  const log = fakeLog();
  const reminders = createReminders(log, () => nowMs);
  const timesAt = (atMs: number): number => {
    nowMs = atMs;
    reminders.warn('end', {}, 'it ends soon');
    return log.lines.length;
  };
  assert.equal(timesAt(nowMs), 1);
  assert.equal(timesAt(nowMs + HOUR_MS - 1), 1);
  assert.equal(timesAt(nowMs + 1), 2);
  assert.equal(timesAt(HOUR_MS), 3, 'four days back');
  assert.equal(timesAt(nowMs + HOUR_MS - 1), 3);
  assert.equal(timesAt(nowMs + 1), 4);
});
