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
  WALL_START_MS,
} from '../fakes/agent-process.ts';

test('a start spawns, and only a child that waits at its gate is released', () => {
  const life = aLife();
  assert.deepEqual(deedsIn(life.give({ kind: 'start' })), [
    { kind: 'spawn', definition: life.process().definition },
  ]);
  assert.deepEqual(deedsIn(life.spawned(100)), [
    { kind: 'release', child: aChild(100) },
    { kind: 'timer', timer: 'stayedUp', timerToken: life.process().timerToken, delayMs: 1_000 },
  ]);
  assert.equal(statusOf(life.process()).pid, 100);
  life.fireTimer();
  assert.deepEqual(life.states(), ['STARTING', 'STARTING', 'RUNNING']);
});

test('startsecs=0 is RUNNING at once, but not before its gate is opened', () => {
  const life = aLife({ startMs: 0 });
  life.give({ kind: 'start' });
  const step = life.spawned();
  assert.deepEqual(statesIn(step), ['STARTING']);
  assert.deepEqual(deedsIn(step), [
    { kind: 'release', child: aChild() },
    { kind: 'timer', timer: 'stayedUp', timerToken: life.process().timerToken, delayMs: 0 },
  ]);
  assert.deepEqual(statesIn(life.fireTimer()), ['RUNNING']);
});

test('startsecs=0: an exit that overtakes the timer was RUNNING, however soon it comes', () => {
  for (const exit of [exitCode(0), exitCode(3), killedBy('SEGV'), { kind: 'unknown' } as const]) {
    const life = aLife({ startMs: 0, autorestart: 'never' });
    life.give({ kind: 'start' });
    life.spawned();
    assert.deepEqual(statesIn(life.exited(exit)), ['RUNNING', 'EXITED']);
  }
});

test('what never ran was never RUNNING, whatever startsecs is and however late that is seen', () => {
  for (const startMs of [0, 1_000]) {
    const life = aLife({ startMs });
    life.give({ kind: 'start' });
    life.spawned();
    life.pass(5_000);
    assert.deepEqual(statesIn(life.exited({ kind: 'neverRan' })), ['BACKOFF']);
  }
});

test('failed starts are retried after 1, 2 and 3 seconds, and the fourth is FATAL', () => {
  const life = aLife();
  const attemptsAtMs: number[] = [];
  life.give({ kind: 'start' });
  for (let attempt = 1; attempt <= 4; attempt += 1) {
    attemptsAtMs.push(life.nowMs());
    life.spawned(100 + attempt);
    const step = life.exited();
    if (attempt < 4) {
      assert.deepEqual(statesIn(step), ['BACKOFF']);
      assert.equal(life.process().nextTryAtMs, WALL_START_MS + life.nowMs() + attempt * 1_000);
      life.fireTimer();
    } else {
      assert.deepEqual(statesIn(step), ['BACKOFF', 'FATAL']);
      assert.deepEqual(deedsIn(step), []);
    }
  }
  assert.deepEqual(attemptsAtMs, [0, 1_000, 3_000, 6_000]);
  assert.equal(life.process().lastError, 'Exited too quickly (exit status 1)');
  assert.equal(life.process().nextTryAtMs, null);
  assert.equal(statusOf(life.process()).restarts, 3);
});

test('startretries=0 goes from the first failure straight to FATAL', () => {
  const life = aLife({ startRetries: 0 });
  life.give({ kind: 'start' });
  life.spawned();
  assert.deepEqual(statesIn(life.exited()), ['BACKOFF', 'FATAL']);
});

test('a program that cannot be spawned is retried like one that fails', () => {
  const life = aLife({ startRetries: 1 });
  life.give({ kind: 'start' });
  const error = "can't find command 'web'";
  assert.deepEqual(statesIn(life.give({ kind: 'spawnFailed', error })), ['BACKOFF']);
  assert.equal(life.process().lastError, error);
  assert.equal(statusOf(life.process()).pid, null);
  life.fireTimer();
  assert.deepEqual(statesIn(life.give({ kind: 'spawnFailed', error })), ['BACKOFF', 'FATAL']);
  assert.equal(life.process().starts, 0);
});

test('an exit before startsecs is a failure even with status 0, which exitcodes allows', () => {
  const life = aLife();
  life.give({ kind: 'start' });
  life.spawned();
  life.pass(1_000);
  assert.deepEqual(statesIn(life.exited(exitCode(0), ['bye'])), ['BACKOFF']);
  assert.equal(life.process().lastError, 'Exited too quickly (exit status 0)');
  assert.deepEqual(life.process().lastLines, ['bye']);
  assert.equal(statusOf(life.process()).exitCode, 0);
});

test('an exit that overtakes the timer was RUNNING, if it comes more than startsecs after the spawn', () => {
  const life = aLife({ autorestart: 'never' });
  life.give({ kind: 'start' });
  life.spawned();
  life.pass(1_001);
  assert.deepEqual(statesIn(life.exited(exitCode(0))), ['RUNNING', 'EXITED']);
});

test('a keeper that ends before its program reached the gate is a failed start', () => {
  const life = aLife();
  life.give({ kind: 'start' });
  life.pass(60_000);
  assert.deepEqual(statesIn(life.exited({ kind: 'unknown' })), ['BACKOFF']);
  assert.equal(life.process().lastError, 'Exited too quickly (exit status unknown)');
});

test('tries are counted anew after a success, and after a request', () => {
  const life = aLife({ autorestart: 'always' });
  life.give({ kind: 'start' });
  life.spawned();
  life.exited();
  assert.equal(life.process().failedTries, 1);
  life.fireTimer();
  life.spawned();
  life.fireTimer();
  assert.equal(life.process().state, 'RUNNING');
  assert.equal(life.process().failedTries, 0);

  const stopped = aLife();
  stopped.give({ kind: 'start' });
  stopped.spawned();
  stopped.exited();
  stopped.give({ kind: 'stop' });
  stopped.give({ kind: 'start' });
  assert.equal(stopped.process().failedTries, 0);
  assert.equal(stopped.process().lastError, null);
});

test('a timer of an earlier state changes nothing', () => {
  const life = aLife();
  life.give({ kind: 'start' });
  life.spawned();
  const { timerToken } = life.process();
  life.exited();
  life.fireTimer();
  const before = life.process();
  assert.equal(before.state, 'STARTING');
  for (const kind of ['stayedUp', 'retryDue', 'stopTimedOut'] as const) {
    const step = life.give({ kind, timerToken });
    assert.equal(step.process, before);
    assert.deepEqual(step.effects, []);
  }
});

test('the end is told as code or as signal, never as both, and restarts count every start but the first', () => {
  const life = aRunningLife({ autorestart: 'always' });
  life.exited(killedBy('KILL'));
  const { exitCode: code, exitSignal, restarts, lastError } = statusOf(life.process());
  assert.deepEqual({ code, exitSignal, restarts }, { code: null, exitSignal: 'KILL', restarts: 0 });
  assert.equal(lastError, 'exited unexpectedly (killed by SIGKILL)');
  life.spawned(101);
  assert.equal(statusOf(life.process()).restarts, 1);
});
