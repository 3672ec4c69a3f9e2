import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HEARTBEAT_INTERVAL_MS } from '../../controller/core/sessions.ts';
import {
  DUE_AT_ONCE_MAX,
  type Due,
  Heartbeats,
  SILENCE_MAX_MS,
  TICK_INTERVAL_MS,
} from '../../controller/link/heartbeats.ts';

/** With the ticks of a timer that is never late. */
function ticking() {
  let nowMs = 1_000;
  const heartbeats = new Heartbeats(nowMs);
  return {
    heartbeats,
    nowMs: () => nowMs,
    pass(durationMs: number): readonly Due[] {
      const due: Due[] = [];
      for (const untilMs = nowMs + durationMs; nowMs < untilMs; ) {
        nowMs += TICK_INTERVAL_MS;
        due.push(...heartbeats.tick(nowMs));
      }
      return due;
    },
    /** Nobody ticks meanwhile; then the timer comes, before anything is read. */
    stall(durationMs: number): readonly Due[] {
      nowMs += durationMs;
      return heartbeats.tick(nowMs);
    },
  };
}

const alive = (connection: number): Due => ({ connection, silentMs: null });

test('every connection has its heartbeat at its own time', () => {
  const { heartbeats, nowMs, pass } = ticking();
  heartbeats.join(1, nowMs());
  pass(1_000);
  heartbeats.join(2, nowMs());
  assert.deepEqual(pass(HEARTBEAT_INTERVAL_MS - 1_000), [alive(1)]);
  assert.deepEqual(pass(1_000), [alive(2)]);
  assert.deepEqual(pass(HEARTBEAT_INTERVAL_MS - 1_000), [alive(1)]);
  heartbeats.leave(2);
  assert.deepEqual(pass(HEARTBEAT_INTERVAL_MS), [alive(1)]);
});

test('who says nothing for 15 s is silent within 20 s; who says anything is not', () => {
  const { heartbeats, nowMs, pass } = ticking();
  heartbeats.join(1, nowMs());
  heartbeats.join(2, nowMs());
  pass(SILENCE_MAX_MS - HEARTBEAT_INTERVAL_MS);
  heartbeats.heard(2, nowMs());
  assert.deepEqual(pass(HEARTBEAT_INTERVAL_MS), [alive(1), alive(2)]);
  const [first, second] = pass(HEARTBEAT_INTERVAL_MS);
  assert.deepEqual(second, alive(2));
  assert.deepEqual(first, { connection: 1, silentMs: SILENCE_MAX_MS + HEARTBEAT_INTERVAL_MS });
});

test('while we did not listen ourselves nobody was silent', () => {
  const { heartbeats, nowMs, pass, stall } = ticking();
  heartbeats.join(1, nowMs());
  pass(HEARTBEAT_INTERVAL_MS);
  assert.deepEqual(stall(10 * SILENCE_MAX_MS), [alive(1)]);
  // What it said during the stall is read only now, or was never said.
  assert.deepEqual(pass(HEARTBEAT_INTERVAL_MS), [alive(1)]);
  const [silent] = pass(HEARTBEAT_INTERVAL_MS);
  assert.ok((silent?.silentMs ?? 0) > SILENCE_MAX_MS);
});

test('after a stall the heartbeats of a large fleet leave in parts, and none is forgotten', () => {
  const { heartbeats, nowMs, pass, stall } = ticking();
  const agents = DUE_AT_ONCE_MAX + 1;
  for (let connection = 1; connection <= agents; connection += 1) {
    heartbeats.join(connection, nowMs());
  }
  assert.equal(stall(HEARTBEAT_INTERVAL_MS).length, DUE_AT_ONCE_MAX);
  assert.deepEqual(pass(TICK_INTERVAL_MS), [alive(agents)]);
});
