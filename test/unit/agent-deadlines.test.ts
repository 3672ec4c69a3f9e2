/**
 * When nothing of an operation may be begun any more: what comes too late, or waits too long, is not
 * done; what is under way is not waited for; and a restart never leaves its process down.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AgentStep, Sighting } from '../../agent/core/state.ts';
import { operationId, type Verb, WHOLE_HOST } from '../../proto/vocabulary.ts';
import { deadlinesIn, endWatch, newsIn, order, reachDeadline } from '../fakes/agent-conditions.ts';
import {
  aHost,
  aRunningHost,
  deedsIn,
  type HostOptions,
  outcomesIn,
  type TestHost,
} from '../fakes/agent-host.ts';
import { aDefinition } from '../fakes/agent-process.ts';

const web = aDefinition('web');
const db = aDefinition('db');
const idle = aDefinition('web', { autostart: false });
const ALIVE: Sighting = { kind: 'alive' };

const errorsIn = (step: AgentStep) => outcomesIn(step).map(({ error }) => error);

function nextAgent(host: TestHost, options: HostOptions = {}): TestHost {
  const next = aHost([web], { journal: host.journal(), sightings: { web: ALIVE }, ...options });
  next.welcome();
  return next;
}

test('a command whose deadline is over is on record as timed out, and nothing is done', () => {
  for (const verb of ['start', 'stop', 'restart', 'signal', 'update'] as const) {
    const host = aRunningHost(web);
    const before = host.state().processes;
    const processes = [verb === 'update' ? WHOLE_HOST : web.process];
    const step = order(host, verb, { processes, signal: 'HUP', expiresInMs: 0 });
    assert.deepEqual(newsIn(step), [`timed-out ${verb} ${processes[0]}`]);
    assert.deepEqual(errorsIn(step), ['the deadline of the operation came before this was begun']);
    assert.deepEqual([deedsIn(step), deadlinesIn(step)], [[], []]);
    assert.equal(host.state().processes, before);
    const repeat = order(host, verb, { processes, signal: 'HUP', expiresInMs: 60_000 });
    assert.deepEqual(newsIn(repeat), [`timed-out ${verb} ${processes[0]}`]);
  }
});

test('what a command took on its way counts', () => {
  const host = aRunningHost(web);
  host.receive({ kind: 'heartbeat', atMs: 0, probe: 0 });
  host.pass(3_000);
  const step = order(host, 'restart', { sentAtMs: 1_000, expiresInMs: 10_000 });
  assert.deepEqual(
    deadlinesIn(step).map(({ delayMs }) => delayMs),
    [8_000],
  );
  const operation = { operationId: operationId('op-2'), sentAtMs: 1_000, expiresInMs: 2_000 };
  assert.deepEqual(newsIn(order(host, 'stop', operation)), ['timed-out stop web']);
});

test('one timer stands for all targets of a command, and there is none without a deadline', () => {
  const host = aRunningHost(web, db);
  const processes = [web.process, db.process];
  const [timer, ...more] = deadlinesIn(order(host, 'restart', { processes, expiresInMs: 500 }));
  assert.deepEqual([timer?.targets, more], [['op-1 restart web', 'op-1 restart db'], []]);
  assert.deepEqual(deadlinesIn(host.command('restart', 'op-2', 'web', 'db')), []);
});

test('what waits for its turn when the deadline comes is not begun, and wishes nothing', () => {
  const host = aRunningHost(web);
  host.command('restart', 'op-0', 'web');
  const set = order(host, 'stop', { expiresInMs: 500 });
  const step = reachDeadline(host, set);
  assert.deepEqual(newsIn(step), ['timed-out stop web']);
  assert.match(errorsIn(step)[0] ?? '', /before this was begun$/);
  assert.equal(host.process('web').wanted, 'up');
});

test('its turn may come before its timer, on a host that was asleep: it is not begun either', () => {
  const host = aRunningHost(web);
  host.command('restart', 'op-0', 'web');
  order(host, 'stop', { expiresInMs: 500 });
  host.command('signal', 'op-2', 'web');
  host.exited('web');
  host.spawned('web', 202);
  host.pass(60_000);
  const step = host.timer('web', 'stayedUp');
  assert.deepEqual(newsIn(step), [
    'succeeded restart web',
    'timed-out stop web',
    'failed signal web',
  ]);
  assert.equal(host.stateOf('web'), 'RUNNING');
});

/** What is under way at the deadline: how it came to be, and what is said. */
const UNDER_WAY: readonly {
  readonly verb: Verb;
  readonly phase: string;
  readonly enter: () => readonly [TestHost, AgentStep];
  readonly error: string;
}[] = [
  {
    verb: 'stop',
    phase: 'stopping',
    enter: () => begun(aRunningHost(web), 'stop'),
    error: 'the deadline of the operation came before it had stopped; it is still being stopped',
  },
  {
    verb: 'start',
    phase: 'starting',
    enter: () => {
      const [host, set] = begun(aRunningHost(idle), 'start');
      host.spawned('web', 202);
      return [host, set];
    },
    error: 'the deadline of the operation came before it was up; its start goes on',
  },
  {
    verb: 'restart',
    phase: 'starting',
    enter: () => {
      const [host, set] = begun(aRunningHost(web), 'restart');
      host.exited('web');
      return [host, set];
    },
    error: 'the deadline of the operation came before it was up; its start goes on',
  },
  {
    verb: 'restart',
    phase: 'verifying',
    enter: () => {
      const host = aRunningHost(web);
      const set = order(host, 'restart', { expiresInMs: 5_000, minHealthyMs: 60_000 });
      host.exited('web');
      host.spawned('web', 202);
      host.timer('web', 'stayedUp');
      return [host, set];
    },
    error: 'the deadline of the operation came before it had been up for long enough',
  },
  {
    verb: 'update',
    phase: 'updating',
    enter: () => {
      const host = aRunningHost(web);
      return [host, order(host, 'update', { processes: [WHOLE_HOST], expiresInMs: 5_000 })];
    },
    error: 'the deadline of the operation came while the configuration was taken up, which goes on',
  },
];

function begun(host: TestHost, verb: Verb): readonly [TestHost, AgentStep] {
  return [host, order(host, verb, { expiresInMs: 5_000 })];
}

for (const { verb, phase, enter, error } of UNDER_WAY) {
  test(`a ${verb} that is ${phase} at its deadline has timed out, and goes on`, () => {
    const [host, set] = enter();
    const before = host.state().processes;
    const step = reachDeadline(host, set);
    assert.deepEqual(
      outcomesIn(step).map(({ state }) => state),
      ['timed-out'],
    );
    assert.deepEqual(errorsIn(step), [error]);
    assert.deepEqual(deedsIn(step), []);
    assert.equal(host.state().processes, before);
    const [timer] = deadlinesIn(set);
    assert.deepEqual(host.step({ kind: 'deadlineDue', targets: timer?.targets ?? [] }).writes, []);
  });
}

test('a restart that is still stopping at its deadline starts its process, and has then timed out', () => {
  const [host, set] = begun(aRunningHost(web), 'restart');
  assert.deepEqual(newsIn(reachDeadline(host, set)), []);
  const step = host.exited('web');
  assert.deepEqual([deedsIn(step), newsIn(step)], [['web spawn'], ['timed-out restart web']]);
});

test('a signal on its way is not given up: what becomes of it is known at once', () => {
  const host = aRunningHost(web);
  const set = order(host, 'signal', { signal: 'HUP', expiresInMs: 5_000 });
  assert.deepEqual(newsIn(reachDeadline(host, set)), []);
});

test('what is over by its deadline stays as it ended', () => {
  const [host, set] = begun(aRunningHost(web), 'stop');
  host.exited('web');
  assert.deepEqual(reachDeadline(host, set).writes, []);
});

test('a timer that comes too early is set again for the rest', () => {
  const [host, set] = begun(aRunningHost(web), 'stop');
  const [timer] = deadlinesIn(set);
  assert.ok(timer);
  host.pass(4_999);
  const step = host.step({ kind: 'deadlineDue', targets: timer.targets });
  assert.deepEqual([newsIn(step), deadlinesIn(step)], [[], [{ ...timer, delayMs: 1 }]]);
});

test('a deadline outlives the agent: what is left of it is waited for', () => {
  const [before] = begun(aRunningHost(web), 'stop');
  const host = nextAgent(before, { startsAtMs: 2_000 });
  assert.deepEqual(
    deadlinesIn(host.booted).map(({ delayMs }) => delayMs),
    [3_000],
  );
  assert.deepEqual(newsIn(reachDeadline(host, host.booted)), ['timed-out stop web']);
});

test('what was not begun when its deadline came while no agent was there, is not', () => {
  const before = aRunningHost(web);
  before.command('restart', 'op-0', 'web');
  order(before, 'stop', { expiresInMs: 5_000 });
  const host = nextAgent(before, { startsAtMs: 60_000 });
  host.exited('web');
  host.spawned('web', 202);
  const news = ['succeeded restart web', 'timed-out stop web'];
  assert.deepEqual(newsIn(host.timer('web', 'stayedUp')), news);
  const [starting] = begun(aRunningHost(idle), 'start');
  const late = aHost([idle], { journal: starting.journal(), startsAtMs: 60_000 });
  assert.deepEqual([newsIn(late.booted), deedsIn(late.booted)], [['timed-out start web'], []]);
  assert.equal(late.process('web').wanted, null);
});

test('it outlives the host too: an earlier boot is reckoned by the wall clock', () => {
  const [before] = begun(aRunningHost(web), 'restart');
  const rebooted = (wallAheadMs: number) =>
    nextAgent(before, { bootId: 'boot-2', sightings: {}, wallAheadMs });
  assert.deepEqual(
    deadlinesIn(rebooted(1_000).booted).map(({ delayMs }) => delayMs),
    [4_000],
  );
  const late = rebooted(60_000);
  assert.deepEqual(deedsIn(late.booted), ['web spawn']);
  assert.deepEqual(newsIn(reachDeadline(late, late.booted)), ['timed-out restart web']);
});

test('a full stop whose start comes after its deadline is not left half done', () => {
  const host = aRunningHost(web);
  order(host, 'stop', { startFollows: true, expiresInMs: 5_000 });
  host.exited('web');
  host.pass(6_000);
  const step = order(host, 'start', { sentAtMs: 6_000, expiresInMs: 0 });
  assert.deepEqual([newsIn(step), deedsIn(step)], [['timed-out start web'], ['web spawn']]);
});

test('one that has held for long enough by its deadline has succeeded', () => {
  const host = aRunningHost(web);
  order(host, 'restart', { expiresInMs: 9_000, minHealthyMs: 5_000 });
  host.exited('web');
  host.spawned('web', 202);
  host.pass(1_000);
  assert.deepEqual(newsIn(endWatch(host, host.timer('web', 'stayedUp'))), [
    'succeeded restart web',
  ]);
});
