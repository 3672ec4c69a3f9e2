/** `depends_on`: which starts are held, for how long, and what those hear who ordered them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DependencyCondition, ProcessDefinition } from '../../agent/core/definition.ts';
import { tiersOf } from '../../agent/core/tiers.ts';
import { knownProcessName, operationId } from '../../proto/vocabulary.ts';
import { aHost, aRunningHost, deedsIn, outcomesIn, type TestHost } from '../fakes/agent-host.ts';
import { aDefinition, exitCode } from '../fakes/agent-process.ts';
import { ALICE } from '../fakes/local-callers.ts';

const needs = (process: string, condition: DependencyCondition = 'started') => ({
  process: knownProcessName(process),
  condition,
});
const db = aDefinition('db');
const web = aDefinition('web', { dependsOn: [needs('db')], startMs: 0 });

const healthCheck = {
  probe: { kind: 'tcp', host: '127.0.0.1', port: 80 },
  intervalMs: 1_000,
  timeoutMs: 1_000,
  retries: 1,
} as const;

function probed(host: TestHost, name: string, isPassing: boolean) {
  const sinceMonotonicMs = host.process(name).health?.sinceMonotonicMs ?? -1;
  const result = isPassing ? ({ isPassing } as const) : ({ isPassing, error: 'refused' } as const);
  const observation = { kind: 'probed', sinceMonotonicMs, result } as const;
  return host.step({ kind: 'observed', process: knownProcessName(name), observation });
}

const waitsFor = (host: TestHost, name = 'web') => host.process(name).waitsFor;

test('at boot a process waits until what it needs is RUNNING, and says so', () => {
  const host = aHost([web, db]);
  assert.deepEqual(deedsIn(host.booted), ['db spawn']);
  host.spawned('db');
  assert.deepEqual(deedsIn(host.exited('db')), [], 'it is retried, so the tier is settled');
  assert.equal(host.stateOf('web'), 'STOPPED');
  assert.equal(waitsFor(host), 'db to be running');
  host.timer('db', 'retryDue');
  host.spawned('db');
  assert.deepEqual(deedsIn(host.timer('db', 'stayedUp')), ['web spawn']);
  assert.equal(waitsFor(host), null);
});

test('it goes on waiting while what it needs is tried again, and when that is given up', () => {
  const host = aHost([web, { ...db, startRetries: 0 }]);
  host.spawned('db');
  host.exited('db');
  assert.equal(host.stateOf('db'), 'FATAL');
  assert.equal(waitsFor(host), 'db to be running; it is FATAL');
  host.welcome();
  host.command('start', 'op-1', 'db');
  assert.equal(waitsFor(host), 'db to be running');
  host.spawned('db', 102);
  assert.deepEqual(deedsIn(host.timer('db', 'stayedUp')), ['web spawn']);
});

test('an ordered start that waits ends when its process is removed, and so does what is behind it', () => {
  const idle = { autostart: false };
  const host = aRunningHost({ ...db, ...idle }, { ...web, ...idle });
  host.command('start', 'op-1', 'db', 'web');
  host.command('start', 'op-2', 'web');
  const groups = ['web'];
  const request = { kind: 'remove', operationId: operationId('op-3'), groups } as const;
  const given = { kind: 'order', order: 1, by: ALICE, command: 'remove web' } as const;
  const removed = host.step({ ...given, request });
  assert.deepEqual(
    outcomesIn(removed).map(({ operation, error }) => [operation, error]),
    [
      ['op-1', 'it is no longer configured'],
      ['op-2', 'it is no longer configured'],
    ],
  );
  assert.equal(host.state().queues.get(web.process), undefined);
});

test('one that needs a healthy one waits for its check', () => {
  const host = aHost([
    { ...web, dependsOn: [needs('db', 'healthy')] },
    { ...db, healthCheck, startMs: 0 },
  ]);
  host.comesUp('db');
  assert.equal(host.stateOf('db'), 'RUNNING');
  assert.equal(waitsFor(host), 'db to be healthy');
  host.pass(1_000);
  probed(host, 'db', false);
  assert.equal(waitsFor(host), 'db to be healthy; it is unhealthy');
  assert.deepEqual(deedsIn(probed(host, 'db', true)).slice(-1), ['web spawn']);
});

test('one that needs a completed one waits for its expected end', () => {
  const migrate = aDefinition('migrate', { startMs: 0, exitCodes: [0, 3] });
  const host = aHost([{ ...web, dependsOn: [needs('migrate', 'completed')] }, migrate]);
  host.comesUp('migrate');
  assert.equal(waitsFor(host), 'migrate to be completed');
  assert.deepEqual(deedsIn(host.exited('migrate', exitCode(3))), ['web spawn']);
});

test('what ended badly is not completed', () => {
  const migrate = aDefinition('migrate', { startMs: 0, autorestart: 'never' });
  const host = aHost([{ ...web, dependsOn: [needs('migrate', 'completed')] }, migrate]);
  host.comesUp('migrate');
  host.exited('migrate', exitCode(1));
  assert.equal(waitsFor(host), 'migrate to be completed; it is EXITED');
});

test('an ordered start fails at once where what it needs is down, and starts nothing by itself', () => {
  const host = aHost([
    { ...web, autostart: false },
    { ...db, autostart: false },
  ]);
  host.welcome();
  const step = host.command('start', 'op-1', 'web');
  assert.deepEqual(deedsIn(step), []);
  const [outcome] = outcomesIn(step);
  assert.equal(outcome?.state, 'failed');
  assert.equal(outcome?.error, 'it needs db to be running, which is STOPPED; start db first');
  assert.equal(waitsFor(host), null);
});

test('what runs and is unhealthy is not to be started: what its check says stands there', () => {
  const host = aHost([
    { ...web, dependsOn: [needs('db', 'healthy')], autostart: false },
    { ...db, healthCheck, startMs: 0 },
  ]);
  host.welcome();
  host.comesUp('db');
  host.pass(1_000);
  probed(host, 'db', false);
  const [outcome] = outcomesIn(host.command('start', 'op-1', 'web'));
  assert.equal(outcome?.error, 'it needs db to be healthy, which is unhealthy (refused)');
});

test('ordered together, in whatever order, they come up one after the other', () => {
  const host = aHost([
    { ...web, autostart: false },
    { ...db, autostart: false },
  ]);
  host.welcome();
  assert.deepEqual(deedsIn(host.command('start', 'op-1', 'web', 'db')), ['db spawn']);
  host.spawned('db');
  assert.deepEqual(deedsIn(host.timer('db', 'stayedUp')), ['web spawn']);
  const outcomes = outcomesIn(host.comesUp('web', 102));
  assert.deepEqual(
    outcomes.map(({ state }) => state),
    ['succeeded'],
  );
});

test('an ordered start that waits fails when what it waits for is given up', () => {
  const host = aHost([
    { ...web, autostart: false },
    { ...db, autostart: false, startRetries: 0 },
  ]);
  host.welcome();
  host.command('start', 'op-1', 'db', 'web');
  host.spawned('db');
  const outcomes = outcomesIn(host.exited('db'));
  assert.deepEqual(
    outcomes.map(({ state }) => state),
    ['failed', 'failed'],
  );
  assert.match(outcomes[1]?.error ?? '', /which is FATAL; start db first/);
  assert.equal(waitsFor(host), null);
  assert.equal(host.state().heldStarts.size, 0, 'it must not come up by surprise');
});

test('both are restarted together: the one that needs comes back after what it needs', () => {
  const host = aRunningHost(db, web);
  assert.deepEqual(deedsIn(host.command('restart', 'op-1', 'web', 'db')), [
    'db stop TERM',
    'web stop TERM',
  ]);
  assert.deepEqual(deedsIn(host.exited('web')), []);
  assert.equal(waitsFor(host), 'db to be running');
  assert.deepEqual(deedsIn(host.exited('db')), ['db spawn']);
  host.spawned('db', 201);
  assert.deepEqual(deedsIn(host.timer('db', 'stayedUp')), ['web spawn']);
});

test('what others need is stopped after them', () => {
  const host = aRunningHost(db, web);
  const stops = ['web stop TERM', 'db stop TERM'];
  assert.deepEqual(deedsIn(host.command('stop', 'op-1', 'db', 'web')), stops);
});

test('what could not be started again is not stopped', () => {
  const host = aRunningHost(db, web);
  host.command('stop', 'op-1', 'db');
  host.exited('db');
  const step = host.command('restart', 'op-2', 'web');
  assert.deepEqual(deedsIn(step), []);
  assert.equal(outcomesIn(step)[0]?.state, 'failed');
  assert.equal(host.stateOf('web'), 'RUNNING');
});

test('a stop ends the waiting, and whoever ordered the start is told so', () => {
  const host = aHost([{ ...web, autostart: false }, db]);
  host.welcome();
  host.command('start', 'op-1', 'web');
  assert.equal(waitsFor(host), 'db to be running');
  const outcomes = outcomesIn(host.command('stop', 'op-2', 'web'));
  assert.deepEqual(
    outcomes.map(({ operation, state }) => `${operation} ${state}`),
    ['op-1 failed', 'op-2 succeeded'],
  );
  host.spawned('db');
  assert.deepEqual(deedsIn(host.timer('db', 'stayedUp')), []);
});

test('a crash is no start that waits: it comes back whatever has become of what it needs', () => {
  const host = aRunningHost(db, web);
  host.command('stop', 'op-1', 'db');
  host.exited('db');
  assert.deepEqual(deedsIn(host.exited('web')), ['web spawn']);
});

test('what is needed but not configured any more is down', () => {
  const host = aHost([{ ...web, autostart: false }]);
  host.welcome();
  const [outcome] = outcomesIn(host.command('start', 'op-1', 'web'));
  assert.match(outcome?.error ?? '', /db to be running, which is not configured/);
});

test('everything that is being stopped waits for nothing', () => {
  const host = aHost([web, db]);
  host.step({ kind: 'shutdown' });
  assert.equal(waitsFor(host), null);
  assert.deepEqual(deedsIn(host.spawned('db')), []);
});

test('the next agent holds what the one before had held', () => {
  const before = aHost([web, db]);
  before.spawned('db');
  before.exited('db');
  const after = aHost([web, db], { journal: before.journal() });
  assert.equal(waitsFor(after), 'db to be running');
  after.timer('db', 'retryDue');
  after.spawned('db');
  assert.deepEqual(deedsIn(after.timer('db', 'stayedUp')), ['web spawn']);
});

test('a tier is as many as its dependencies are deep, up and, the other way, down', () => {
  const cache = aDefinition('cache');
  const late = aDefinition('late', { priority: 1_000 });
  const proxy = aDefinition('proxy', { dependsOn: [needs('web'), needs('db'), needs('late')] });
  assert.deepEqual(tiersOf([proxy, late, web, cache, db]), [
    ['cache', 'db'],
    ['web'],
    ['proxy'],
    ['late'],
  ]);
});

test('what is left of two configurations may be a circle, and is still laid out', () => {
  const circle: readonly ProcessDefinition[] = [
    aDefinition('a', { dependsOn: [needs('b')] }),
    aDefinition('b', { dependsOn: [needs('a')] }),
  ];
  assert.equal(tiersOf(circle).flat().length, 2);
});

test('a tier waits for those that wait, and not for those that wait in vain', () => {
  const last = aDefinition('last', { priority: 2_000 });
  const waiting = aHost([
    { ...web, dependsOn: [needs('db', 'healthy')] },
    { ...db, healthCheck, startMs: 0 },
    last,
  ]);
  waiting.comesUp('db');
  assert.equal(waiting.stateOf('last'), 'STOPPED');
  probed(waiting, 'db', true);
  waiting.comesUp('web', 102);
  assert.equal(waiting.stateOf('last'), 'STARTING');
  const inVain = aHost([web, { ...db, autostart: false }, last]);
  assert.equal(inVain.stateOf('last'), 'STARTING');
  assert.equal(waitsFor(inVain), 'db to be running; it is STOPPED');
});

test('one that waits for what waits in vain waits in vain, and an ordered start of it fails', () => {
  const proxy = aDefinition('proxy', { dependsOn: [needs('web')] });
  const last = aDefinition('last', { priority: 2_000 });
  const host = aHost([{ ...db, autostart: false }, web, proxy, last]);
  assert.equal(host.stateOf('last'), 'STARTING', 'the tier waits for neither');
  host.welcome();
  const [outcome] = outcomesIn(host.command('start', 'op-1', 'proxy'));
  assert.match(outcome?.error ?? '', /it needs web to be running, which is STOPPED/);
  host.command('start', 'op-2', 'db');
  host.spawned('db');
  assert.deepEqual(deedsIn(host.timer('db', 'stayedUp')), ['web spawn']);
  assert.deepEqual(deedsIn(host.comesUp('web', 102)), ['web release', 'proxy spawn']);
});

test('an ordered start waits on when a start that it waits for waits in vain, and not for ever', () => {
  const proxy = aDefinition('proxy', { dependsOn: [needs('web')] });
  const host = aHost([{ ...db, startRetries: 0 }, web, proxy]);
  host.welcome();
  host.command('start', 'op-1', 'proxy');
  host.spawned('db');
  const [outcome] = outcomesIn(host.exited('db'));
  assert.equal(host.stateOf('db'), 'FATAL');
  assert.match(outcome?.error ?? '', /it needs web to be running/);
});

test('a restart that waits behind a start ends with it when a stop is ordered', () => {
  const host = aHost([{ ...web, autostart: false }, db]);
  host.welcome();
  host.command('start', 'op-1', 'web');
  host.command('restart', 'op-2', 'web');
  const outcomes = outcomesIn(host.command('stop', 'op-3', 'web'));
  assert.deepEqual(
    outcomes.map(({ operation, state }) => `${operation} ${state}`),
    ['op-1 failed', 'op-2 failed', 'op-3 succeeded'],
  );
  assert.equal(waitsFor(host), null);
});

test('a tier does not wait for one whose start nobody wants any more', () => {
  const last = aDefinition('last', { priority: 2_000 });
  const host = aHost([
    { ...web, dependsOn: [needs('db', 'healthy')] },
    { ...db, healthCheck, startMs: 0 },
    last,
  ]);
  host.welcome();
  host.comesUp('db');
  assert.equal(host.stateOf('last'), 'STOPPED');
  host.command('stop', 'op-1', 'web');
  assert.equal(host.stateOf('last'), 'STARTING');
});

test('everything is being stopped: a start that is given up begins no further tier', () => {
  const last = aDefinition('last', { priority: 2_000 });
  const host = aHost([
    { ...web, dependsOn: [needs('db', 'healthy')] },
    { ...db, healthCheck, startMs: 0 },
    last,
  ]);
  host.comesUp('db');
  assert.deepEqual(deedsIn(host.step({ kind: 'shutdown' })), ['db stop TERM']);
  assert.equal(host.stateOf('last'), 'STOPPED');
});

/** The configuration says this now, and it is taken up. */
function update(host: TestHost, ...definitions: readonly ProcessDefinition[]) {
  const by = { kind: 'order', order: 1, caller: ALICE } as const;
  const purpose = { kind: 'update', operationId: operationId('op-9'), groups: [], by } as const;
  return host.step({ kind: 'configRead', purpose, reading: { kind: 'read', definitions } });
}

test('what it waits for is not needed any more: it starts', () => {
  const host = aHost([{ ...web, autostart: false }, db]);
  host.welcome();
  host.command('start', 'op-1', 'web');
  assert.deepEqual(deedsIn(update(host, { ...web, autostart: false, dependsOn: [] }, db)), [
    'web spawn',
  ]);
  assert.equal(waitsFor(host), null);
  const settled = outcomesIn(host.comesUp('web', 102)).map(({ state }) => state);
  assert.equal(settled[0], 'succeeded');
  assert.equal(host.state().queues.size, 0);
});

test('what it waits for is to be healthy, and is not checked any more: it starts', () => {
  const dependent = { ...web, dependsOn: [needs('db', 'healthy')] };
  const checked = { ...db, healthCheck, startMs: 0 };
  const host = aHost([dependent, checked]);
  host.comesUp('db');
  assert.equal(waitsFor(host), 'db to be healthy');
  assert.deepEqual(deedsIn(update(host, dependent, { ...checked, healthCheck: null })), [
    'web spawn',
  ]);
});

test('what it waits for is taken out: its ordered start fails', () => {
  const dependent = { ...web, autostart: false };
  const checked = { ...db, startMs: 0, healthCheck };
  const host = aHost([{ ...dependent, dependsOn: [needs('db', 'healthy')] }, checked]);
  host.welcome();
  host.comesUp('db');
  host.command('start', 'op-1', 'web');
  assert.equal(waitsFor(host), 'db to be healthy');
  update(host, { ...dependent, dependsOn: [needs('db', 'healthy')] });
  host.exited('db');
  assert.match(host.target('op-1', 'web')?.outcome?.error ?? '', /which is not configured/);
  assert.equal(waitsFor(host), null);
});

test('what the host starts by itself, and has not come to, is no reason for an order to fail', () => {
  const first = aDefinition('first', { priority: 1, startMs: 1_000 });
  const host = aHost([first, { ...web, autostart: false }, db]);
  host.welcome();
  assert.equal(host.stateOf('db'), 'STOPPED');
  assert.deepEqual(outcomesIn(host.command('start', 'op-1', 'web')), []);
  assert.equal(waitsFor(host), 'db to be running');
  host.spawned('first');
  assert.deepEqual(deedsIn(host.timer('first', 'stayedUp')), ['db spawn']);
  host.spawned('db', 102);
  assert.deepEqual(deedsIn(host.timer('db', 'stayedUp')), ['web spawn']);
  assert.equal(outcomesIn(host.comesUp('web', 103))[0]?.state, 'succeeded');
});

test('a start that waited with the agent before goes on waiting with the next one', () => {
  const before = aHost([{ ...web, autostart: false }, db]);
  before.welcome();
  before.command('start', 'op-1', 'web');
  const after = aHost([{ ...web, autostart: false }, db], { journal: before.journal() });
  assert.equal(after.target('op-1', 'web')?.outcome, null, 'db is started by the boot');
  assert.equal(waitsFor(after), 'db to be running');
});

test('a job that is to be completed may be unhealthy meanwhile', () => {
  const migrate = aDefinition('migrate', { startMs: 0, healthCheck });
  const host = aHost([{ ...web, dependsOn: [needs('migrate', 'completed')] }, migrate]);
  host.comesUp('migrate');
  host.pass(1_000);
  probed(host, 'migrate', false);
  assert.equal(waitsFor(host), 'migrate to be completed');
});
