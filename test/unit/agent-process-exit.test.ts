import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AutoRestart } from '../../agent/core/definition.ts';
import { type ExitStatus, isExpected } from '../../agent/core/exit-status.ts';
import {
  aLife,
  aRunningLife,
  deedsIn,
  exitCode,
  killedBy,
  type Life,
  statesIn,
} from '../fakes/agent-process.ts';

test('autorestart × exitcodes × how it ended decides about another run', () => {
  const cases: readonly (readonly [AutoRestart, readonly number[], ExitStatus, boolean])[] = [
    ['always', [0], exitCode(0), true],
    ['always', [0], killedBy('TERM'), true],
    ['never', [0], exitCode(0), false],
    ['never', [0], exitCode(9), false],
    ['never', [0], killedBy('SEGV'), false],
    ['unexpected', [0], exitCode(0), false],
    ['unexpected', [0], exitCode(3), true],
    ['unexpected', [0, 3], exitCode(3), false],
    ['unexpected', [3], exitCode(0), true],
    ['unexpected', [], exitCode(0), true],
    ['unexpected', [0, 9, 137], killedBy('KILL'), true],
    ['unexpected', [0], { kind: 'unknown' }, true],
  ];
  for (const [autorestart, exitCodes, exit, isRestarted] of cases) {
    const life = aRunningLife({ autorestart, exitCodes });
    const step = life.exited(exit);
    const title = `${autorestart} ${exitCodes} ${JSON.stringify(exit)}`;
    assert.deepEqual(statesIn(step), isRestarted ? ['EXITED', 'STARTING'] : ['EXITED'], title);
    assert.deepEqual(
      deedsIn(step).map(({ kind }) => kind),
      isRestarted ? ['spawn'] : [],
      title,
    );
    const isError = !isExpected(exit, exitCodes);
    assert.equal(life.process().lastError?.startsWith('exited unexpectedly (') ?? false, isError);
  }
});

/** One run that is RUNNING for `ranMs` and dies; what the agent makes of it. */
function crash(life: Life, ranMs = 0) {
  life.spawned();
  life.fireTimer();
  life.pass(ranMs);
  return life.exited();
}

test('beyond 10 restarts in 10 s each waits 1, 2, 4 … 60 s, and the process says until when', () => {
  const life = aLife({ startMs: 0, autorestart: 'always' });
  life.give({ kind: 'start' });
  for (let restart = 1; restart <= 10; restart += 1) {
    assert.deepEqual(statesIn(crash(life)), ['EXITED', 'STARTING'], `restart ${restart}`);
  }
  const delaysMs = Array.from({ length: 9 }, () => {
    const crashedAtMs = life.nowMs();
    assert.deepEqual(statesIn(crash(life)), ['EXITED', 'BACKOFF']);
    const { nextTryAtMs, changedAtMs } = life.process();
    assert.deepEqual(statesIn(life.fireTimer()), ['STARTING']);
    const waitedMs = life.nowMs() - crashedAtMs;
    assert.equal((nextTryAtMs ?? 0) - changedAtMs, waitedMs);
    return waitedMs;
  });
  assert.deepEqual(
    delaysMs,
    [1, 2, 4, 8, 16, 32, 60, 60, 60].map((seconds) => seconds * 1_000),
  );
});

test('a crash loop never becomes FATAL, not even with startretries=0', () => {
  const life = aLife({ startMs: 0, startRetries: 0, autorestart: 'always' });
  life.give({ kind: 'start' });
  for (let restart = 1; restart <= 30; restart += 1) {
    crash(life);
    if (life.process().state === 'BACKOFF') life.fireTimer();
  }
  assert.ok(!life.states().includes('FATAL'));
});

test('a run of 10 s ends a crash loop, one of less does not', () => {
  const damped = () => {
    const life = aLife({ startMs: 0, autorestart: 'always' });
    life.give({ kind: 'start' });
    for (let restart = 1; restart <= 11; restart += 1) crash(life);
    life.fireTimer();
    return life;
  };
  assert.deepEqual(statesIn(crash(damped(), 9_999)), ['EXITED', 'BACKOFF']);
  const calm = damped();
  for (const ranMs of [10_000, 0, 0, 0]) {
    assert.deepEqual(statesIn(crash(calm, ranMs)), ['EXITED', 'STARTING']);
  }
});

test('10 restarts that are spread over more than 10 s are no crash loop', () => {
  const life = aLife({ startMs: 0, autorestart: 'always' });
  life.give({ kind: 'start' });
  for (let restart = 1; restart <= 40; restart += 1) {
    assert.deepEqual(statesIn(crash(life, 1_000)), ['EXITED', 'STARTING']);
  }
});

test('while the agent goes down nothing is started again, neither after an exit nor a failed start', () => {
  const running = aRunningLife({ autorestart: 'always' });
  const suspend = (life: Life) => Object.assign(life.process(), { isSuspended: true });
  suspend(running);
  assert.deepEqual(statesIn(running.exited()), ['EXITED']);

  const starting = aLife();
  starting.give({ kind: 'start' });
  starting.spawned();
  suspend(starting);
  const step = starting.exited();
  assert.deepEqual(statesIn(step), ['BACKOFF', 'FATAL']);
  assert.deepEqual(deedsIn(step), []);
});
