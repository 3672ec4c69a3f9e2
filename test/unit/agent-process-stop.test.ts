import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statusOf } from '../../agent/core/process.ts';
import {
  aChild,
  aLife,
  aRunningLife,
  deedsIn,
  exitCode,
  killedBy,
  statesIn,
} from '../fakes/agent-process.ts';

const stop = { kind: 'stop' } as const;

function signalsIn(step: Parameters<typeof deedsIn>[0]) {
  return deedsIn(step).flatMap((deed) =>
    deed.kind === 'stop' ? `${deed.signal}${deed.wholeGroup ? ' to the group' : ''}` : [],
  );
}

test('a stop of a running process signals it, and its end is STOPPED whatever its status', () => {
  const life = aRunningLife({ stopSignal: 'INT', autorestart: 'always' });
  const step = life.give(stop);
  assert.deepEqual(statesIn(step), ['STOPPING']);
  const { timerToken } = life.process();
  assert.deepEqual(deedsIn(step), [
    { kind: 'stop', child: aChild(), signal: 'INT', wholeGroup: false },
    { kind: 'timer', timer: 'stopTimedOut', timerToken, delayMs: 10_000 },
  ]);
  const ended = life.exited(exitCode(7));
  assert.deepEqual(statesIn(ended), ['STOPPED']);
  assert.deepEqual(deedsIn(ended), []);
  assert.equal(life.process().child, null);
  assert.equal(life.process().lastError, null);
  assert.equal(statusOf(life.process()).exitCode, 7);
});

test('SIGKILL follows after stopwaitsecs, and again and again until the process is gone', () => {
  const life = aRunningLife({ stopWaitMs: 3_000 });
  life.give(stop);
  const stoppedAtMs = life.nowMs();
  for (const waitedMs of [3_000, 6_000, 9_000]) {
    const step = life.fireTimer();
    assert.deepEqual(signalsIn(step), ['KILL']);
    assert.deepEqual(statesIn(step), []);
    assert.equal(life.nowMs() - stoppedAtMs, waitedMs);
  }
  assert.deepEqual(statesIn(life.exited(killedBy('KILL'))), ['STOPPED']);
});

test('stopwaitsecs=0 kills at once, but never more than once a second', () => {
  const life = aRunningLife({ stopWaitMs: 0 });
  life.give(stop);
  const stoppedAtMs = life.nowMs();
  assert.deepEqual(signalsIn(life.fireTimer()), ['KILL']);
  assert.equal(life.nowMs(), stoppedAtMs);
  assert.deepEqual(signalsIn(life.fireTimer()), ['KILL']);
  assert.equal(life.nowMs(), stoppedAtMs + 1_000);
});

test('stopasgroup and killasgroup each widen their own signal', () => {
  const cases = [
    [false, false, ['TERM', 'KILL']],
    [false, true, ['TERM', 'KILL to the group']],
    [true, true, ['TERM to the group', 'KILL to the group']],
  ] as const;
  for (const [stopAsGroup, killAsGroup, expected] of cases) {
    const life = aRunningLife({ stopAsGroup, killAsGroup });
    const signals = [...signalsIn(life.give(stop)), ...signalsIn(life.fireTimer())];
    assert.deepEqual(signals, expected);
  }
});

test('a second stop sends nothing, and a start while STOPPING is refused', () => {
  const life = aRunningLife();
  life.give(stop);
  assert.deepEqual(life.give(stop).effects, []);
  assert.equal(life.give({ kind: 'start' }).refused, 'stopping');
});

test('a stop of a child that is still starting signals it, and the startsecs timer is stale', () => {
  const life = aLife();
  life.give({ kind: 'start' });
  life.spawned();
  const { timerToken } = life.process();
  assert.deepEqual(signalsIn(life.give(stop)), ['TERM']);
  assert.deepEqual(life.give({ kind: 'stayedUp', timerToken }).effects, []);
  assert.deepEqual(statesIn(life.exited()), ['STOPPED']);
  assert.equal(life.process().failedTries, 0);
});

test('a stop before the child reached its gate closes the gate, and a late child is never released', () => {
  const life = aLife({ stopWaitMs: 500 });
  life.give({ kind: 'start' });
  assert.deepEqual(
    deedsIn(life.give(stop)).map(({ kind }) => kind),
    ['abandon', 'timer'],
  );
  const late = life.spawned(100);
  assert.deepEqual(deedsIn(late), []);
  assert.deepEqual(statesIn(late), ['STOPPING']);
  assert.equal(life.process().starts, 0, 'it never ran');
  assert.deepEqual(signalsIn(life.fireTimer()), ['KILL']);
  assert.deepEqual(statesIn(life.exited({ kind: 'neverRan' })), ['STOPPED']);
  assert.equal(life.process().exit, null, 'an end that it never had is not told');
});

test('a stop before the gate whose spawn fails ends in STOPPED, without a retry', () => {
  const life = aLife();
  life.give({ kind: 'start' });
  life.give(stop);
  const step = life.give({ kind: 'spawnFailed', error: "couldn't fork: EAGAIN" });
  assert.deepEqual(statesIn(step), ['STOPPED']);
  assert.deepEqual(deedsIn(step), []);
});

test('a stop in BACKOFF is STOPPED at once, and its retry never comes', () => {
  const life = aLife();
  life.give({ kind: 'start' });
  life.spawned();
  life.exited();
  assert.deepEqual(statesIn(life.give(stop)), ['STOPPED']);
  assert.equal(life.process().nextTryAtMs, null);
  assert.deepEqual(life.fireTimer().effects, []);
});

test('a process that cannot be signalled is UNKNOWN, is never started again, and ends as STOPPED', () => {
  const life = aRunningLife({ autorestart: 'always' });
  life.give(stop);
  const error = 'could not send SIGTERM: EPERM';
  assert.deepEqual(statesIn(life.give({ kind: 'signalFailed', error })), ['UNKNOWN']);
  assert.equal(life.process().lastError, error);
  assert.equal(life.give({ kind: 'start' }).refused, 'state-unknown');
  assert.equal(life.give(stop).refused, 'state-unknown');
  assert.deepEqual(life.fireTimer().effects, [], 'no SIGKILL any more');
  assert.equal(life.process().child?.pid, 100, 'it may still be alive');
  assert.deepEqual(statesIn(life.exited()), ['STOPPED']);
});
