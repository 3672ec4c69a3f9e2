/** How much an agent may say: by the second and at once, in events and in bytes, and log data apart. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { costOf, createAgentBudget } from '../../controller/link/agent-limits.ts';
import { processName } from '../../proto/vocabulary.ts';

const LIMITS = {
  eventsPerSecond: 10,
  eventsAtOnce: 100,
  bytesPerSecond: 1_000,
  bytesAtOnce: 5_000,
};
const cost = (events: number, bytes = 0, logBytes = 0) => ({ events, bytes, logBytes });

test('a burst is free, and what comes beyond it is waited for as long as the rate says', () => {
  const budget = createAgentBudget(0, LIMITS);
  assert.equal(budget.spend(cost(100), 0), 0);
  assert.equal(budget.spend(cost(5), 0), 500);
  assert.equal(budget.spend(cost(0), 500), 0);
  assert.equal(budget.spend(cost(1), 500), 100);
});

test('bytes have a bound of their own, and the longer wait counts', () => {
  const budget = createAgentBudget(0, LIMITS);
  assert.equal(budget.spend(cost(1, 5_000), 0), 0);
  assert.equal(budget.spend(cost(1, 2_000), 0), 2_000);
  assert.equal(budget.spend(cost(198), 0), 10_000);
});

test('silence saves up a burst and no more', () => {
  const budget = createAgentBudget(0, LIMITS);
  assert.equal(budget.spend(cost(101), 1_000_000), 100);
});

test('a clock that stands still or goes back gives nothing away', () => {
  const budget = createAgentBudget(1_000, LIMITS);
  assert.equal(budget.spend(cost(100), 1_000), 0);
  assert.equal(budget.spend(cost(10), 0), 1_000);
});

test('log data is free as far as it was asked for, once, and counts like the rest beyond that', () => {
  const budget = createAgentBudget(0, LIMITS);
  budget.grantLog(1_000_000);
  assert.equal(budget.spend(cost(1, 0, 1_000_000), 0), 0);
  assert.equal(budget.spend(cost(1, 0, 5_000), 0), 0);
  assert.equal(budget.spend(cost(1, 0, 1_000), 0), 1_000);
});

test('over any time an agent is heard with its burst and its rate at most, if it waits as it is told', () => {
  const sent = fc.record({ events: fc.nat(300), gapMs: fc.nat(5_000) });
  fc.assert(
    fc.property(fc.array(sent, { maxLength: 40 }), (sending) => {
      const budget = createAgentBudget(0, LIMITS);
      let [nowMs, heard] = [0, 0];
      for (const { events, gapMs } of sending) {
        nowMs += gapMs;
        heard += events;
        nowMs += budget.spend(cost(events), nowMs);
        const most = LIMITS.eventsAtOnce + (nowMs * LIMITS.eventsPerSecond) / 1_000;
        assert.ok(heard <= most + 1e-6, `${heard} events by ${nowMs} ms`);
      }
    }),
  );
});

test('a message costs the events in it, and its size as it came', () => {
  const event = {
    seq: 1,
    atMs: 0,
    event: { kind: 'processRemoved', process: processName('web', 'web') },
  } as const;
  const events = { kind: 'events', sessionEpoch: 1, events: [event, event, event] } as const;
  assert.deepEqual(costOf(events, 120), cost(3, 120));
  assert.deepEqual(costOf({ ...events, events: [] }, 5), cost(1, 5));
  assert.deepEqual(costOf({ kind: 'heartbeat', probe: 0 }, 2), cost(1, 2));
  const block = {
    kind: 'logBlock',
    sessionEpoch: 1,
    readerId: 1,
    process: processName('web', 'web'),
    channel: 'stdout',
    data: Buffer.alloc(700),
    skippedBytes: 0,
    skippedMore: false,
  } as const;
  assert.deepEqual(costOf(block, 760), cost(1, 0, 700));
});
