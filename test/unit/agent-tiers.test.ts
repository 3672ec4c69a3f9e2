import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AgentStep } from '../../agent/core/state.ts';
import { sequenceOf, tierWaitMs } from '../../agent/core/tiers.ts';
import {
  aHost,
  aRunningHost,
  changesIn,
  deedsIn,
  outcomesIn,
  type TestHost,
} from '../fakes/agent-host.ts';
import { aDefinition, exitCode } from '../fakes/agent-process.ts';

const database = aDefinition('db', { groupPriority: 1, priority: 2_000 });
const web = aDefinition('web', { groupPriority: 5 });
const worker = aDefinition('worker', { groupPriority: 5 });
const cron = aDefinition('cron', { groupPriority: 5, priority: 1_000 });

const warningsIn = (step: AgentStep) =>
  step.effects.flatMap((effect) => (effect.kind === 'warn' ? effect.text : []));

const tierTimersIn = (step: AgentStep) =>
  step.effects.filter((effect) => effect.kind === 'tierTimer');

function comesUp(host: TestHost, name: string): AgentStep {
  host.spawned(name);
  return host.timer(name, 'stayedUp');
}

test('tiers are by group priority, then by priority, names in order; shutdown reverses the tiers', () => {
  const definitions = [cron, worker, database, web];
  const ascending = [['db'], ['web', 'worker'], ['cron']];
  assert.deepEqual(sequenceOf(1, 'boot', definitions).tiers, ascending);
  assert.deepEqual(sequenceOf(1, 'shutdown', definitions).tiers, ascending.toReversed());
  assert.deepEqual(sequenceOf(1, 'boot', []).tiers, []);
});

test('boot starts a tier when each member of the one before is up', () => {
  const host = aHost([cron, worker, database, web]);
  assert.deepEqual(deedsIn(host.booted), ['db spawn']);
  assert.deepEqual(deedsIn(comesUp(host, 'db')), ['web spawn', 'worker spawn']);
  assert.deepEqual(deedsIn(comesUp(host, 'worker')), []);
  assert.deepEqual(deedsIn(comesUp(host, 'web')), ['cron spawn']);
  assert.notEqual(host.state().sequence, null);
  comesUp(host, 'cron');
  assert.equal(host.state().sequence, null);
});

test('boot goes on after a first BACKOFF, and a member that is retried holds nobody up again', () => {
  const broken = aDefinition('broken', { groupPriority: 5 });
  const host = aHost([broken, web, cron]);
  host.spawned('broken');
  host.spawned('web');
  assert.deepEqual(deedsIn(host.exited('broken')), []);
  host.timer('broken', 'retryDue');
  assert.equal(host.stateOf('broken'), 'STARTING');
  assert.deepEqual(deedsIn(host.timer('web', 'stayedUp')), ['cron spawn']);
});

test('boot goes on when a tier has taken 30 s, and says for whom it did not wait', () => {
  const slow = aDefinition('slow', { groupPriority: 1, priority: 2_000, startMs: 90_000 });
  const host = aHost([database, slow, web]);
  assert.deepEqual(tierTimersIn(host.booted), [
    { kind: 'tierTimer', sequence: 1, index: 0, delayMs: 30_000 },
  ]);
  comesUp(host, 'db');
  host.pass(30_000);
  const step = host.step({ kind: 'tierTimedOut', sequence: 1, index: 0 });
  assert.deepEqual(warningsIn(step), ['boot: going on without waiting for slow (STARTING)']);
  assert.deepEqual(deedsIn(step), ['web spawn']);
  for (const [sequence, index] of [[1, 0] as const, [0, 1] as const]) {
    assert.deepEqual(host.step({ kind: 'tierTimedOut', sequence, index }).effects, []);
  }
});

test('a tier is waited for as long as its most patient member asks', () => {
  const quick = aDefinition('quick', { tierWaitMs: 1_000 });
  const slow = aDefinition('slow', { tierWaitMs: 600_000 });
  assert.equal(tierWaitMs('boot', [quick, slow, web]), 600_000);
  assert.equal(tierWaitMs('boot', [quick]), 1_000);
  const [timer] = tierTimersIn(aHost([quick, slow]).booted);
  assert.equal(timer?.delayMs, 600_000);
});

test('boot does not wait at all for members that ask for no wait, and has no complaint', () => {
  const eager = aDefinition('eager', { groupPriority: 1, tierWaitMs: 0 });
  const keen = aDefinition('keen', { groupPriority: 2, tierWaitMs: 0 });
  const host = aHost([web, cron, keen, eager]);
  assert.deepEqual(deedsIn(host.booted), ['eager spawn', 'keen spawn', 'web spawn']);
  assert.deepEqual(warningsIn(host.booted), []);
  assert.deepEqual(tierTimersIn(host.booted), [
    { kind: 'tierTimer', sequence: 1, index: 2, delayMs: 30_000 },
  ]);
  assert.deepEqual(deedsIn(comesUp(host, 'eager')), []);
  assert.deepEqual(deedsIn(comesUp(host, 'web')), ['cron spawn']);
});

test('a boot whose last tier is not waited for is over at once', () => {
  const host = aHost([aDefinition('eager', { tierWaitMs: 0 })]);
  assert.deepEqual(deedsIn(host.booted), ['eager spawn']);
  assert.equal(host.state().sequence, null);
});

test('boot passes over members that are not to be up', () => {
  const idle = aDefinition('idle', { groupPriority: 1, autostart: false });
  const host = aHost([idle, web]);
  assert.deepEqual(deedsIn(host.booted), ['web spawn']);
  assert.equal(host.stateOf('idle'), 'STOPPED');
});

test('what people asked for last goes before autostart, also when it held already', () => {
  const idle = aDefinition('idle', { autostart: false });
  const before = aRunningHost(web, worker, cron, idle);
  before.command('start', 'op-1', 'idle');
  before.command('stop', 'op-2', 'web');
  before.exited('worker', exitCode(0));
  before.command('stop', 'op-3', 'worker');
  before.command('restart', 'op-4', 'cron');
  const journal = { ...before.journal(), bootId: 'an earlier boot' };
  const after = aHost([web, worker, cron, idle], { journal });
  const states = ['web', 'worker', 'cron', 'idle'].map(after.stateOf);
  comesUp(after, 'idle');
  assert.deepEqual(states, ['STOPPED', 'STOPPED', 'STARTING', 'STARTING']);
});

test('shutdown stops tier by tier, the last started first, and then everything is over', () => {
  const host = aRunningHost(database, web, worker);
  const first = host.step({ kind: 'shutdown' });
  assert.deepEqual(deedsIn(first), ['web stop TERM', 'worker stop TERM']);
  assert.deepEqual(host.step({ kind: 'shutdown' }).effects, [], 'once is enough');
  assert.deepEqual(deedsIn(host.exited('web')), []);
  assert.deepEqual(deedsIn(host.exited('worker')), ['db stop TERM']);
  const last = host.exited('db');
  assert.deepEqual(changesIn(last), ['db STOPPED']);
  assert.deepEqual(last.effects.at(-1), { kind: 'shutdownComplete' });
  assert.deepEqual(last.writes.at(-1), { kind: 'orderlyEnd' });
});

test('shutdown with nothing to stop is over at once', () => {
  const { effects, writes } = aHost([]).step({ kind: 'shutdown' });
  assert.deepEqual([effects, writes], [[{ kind: 'shutdownComplete' }], [{ kind: 'orderlyEnd' }]]);
});

test('a shutdown during the boot starts no further tier', () => {
  const host = aHost([database, web]);
  assert.deepEqual(deedsIn(host.step({ kind: 'shutdown' })), ['db abandon']);
  host.exited('db', { kind: 'neverRan' });
  assert.deepEqual([host.stateOf('db'), host.stateOf('web')], ['STOPPED', 'STOPPED']);
});

test('while it shuts down nothing in a later tier comes up again by itself', () => {
  const always = aDefinition('db', { groupPriority: 1, autorestart: 'always' });
  const failing = aDefinition('failing', { groupPriority: 1 });
  const waiting = aDefinition('waiting', { groupPriority: 1 });
  const host = aHost([always, failing, waiting, web]);
  host.spawned('waiting');
  host.exited('waiting');
  host.spawned('failing');
  comesUp(host, 'db');
  host.timer('failing', 'stayedUp');
  host.exited('failing');
  host.spawned('web');
  host.spawned('failing');
  const begun = host.step({ kind: 'shutdown' });
  assert.deepEqual(deedsIn(begun), ['web stop TERM']);
  assert.equal(host.stateOf('waiting'), 'FATAL', 'its retry would have come meanwhile');
  assert.deepEqual(deedsIn(host.exited('db')), []);
  assert.deepEqual(changesIn(host.exited('failing')), ['failing BACKOFF', 'failing FATAL']);
  assert.deepEqual(host.exited('web').effects.at(-1), { kind: 'shutdownComplete' });
});

test('shutdown waits for stopwaitsecs and the kill after it before it gives a tier up', () => {
  assert.equal(tierWaitMs('shutdown', [web, worker]), 30_000);
  const patient = aDefinition('patient', { stopWaitMs: 300_000 });
  assert.equal(tierWaitMs('shutdown', [web, patient]), 305_000);
  assert.equal(tierWaitMs('boot', [patient]), 30_000);
  const hasty = aDefinition('hasty', { stopWaitMs: 2_000, tierWaitMs: 0 });
  assert.equal(tierWaitMs('shutdown', [hasty]), 7_000);
  const lenient = aDefinition('lenient', { stopWaitMs: 2_000, tierWaitMs: 60_000 });
  assert.equal(tierWaitMs('shutdown', [hasty, lenient]), 60_000);
});

test('while and after it shuts down, orders are refused and a restart under way starts nothing', () => {
  const host = aRunningHost(database, web);
  host.command('restart', 'op-1', 'web');
  host.step({ kind: 'shutdown' });
  const refused = 'the agent is shutting down';
  assert.equal(outcomesIn(host.command('restart', 'op-2', 'db'))[0]?.error, refused);
  const stopped = host.exited('web');
  assert.equal(outcomesIn(stopped)[0]?.error, refused);
  assert.deepEqual(deedsIn(stopped), ['db stop TERM']);
  host.exited('db');
  const late = host.command('start', 'op-3', 'db');
  assert.equal(outcomesIn(late)[0]?.error, refused);
  assert.deepEqual(deedsIn(late), []);
});
