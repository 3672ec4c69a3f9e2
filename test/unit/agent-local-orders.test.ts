/** What people order on the host itself, and what they hear of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProcessDefinition } from '../../agent/core/definition.ts';
import { operationId } from '../../proto/vocabulary.ts';
import { aHost, aRunningHost, changesIn, deedsIn, outcomesIn } from '../fakes/agent-host.ts';
import { aPerson, control } from '../fakes/agent-local.ts';
import { aDefinition } from '../fakes/agent-process.ts';

const web = aDefinition('web');
const db = aDefinition('db', { priority: 1 });
const pool = (number: number) =>
  aDefinition('pool', {
    process: `pool:pool_${number}` as ProcessDefinition['process'],
    name: `pool_${number}`,
  });

function aHostWithAlice(...definitions: readonly ProcessDefinition[]) {
  const host = aRunningHost(...definitions);
  return { host, alice: aPerson(host, { kind: 'read', definitions }) };
}

test('a start is told of when the process has stayed up, and the controller learns who ordered it', () => {
  const down = aDefinition('web', { autostart: false });
  const { host, alice } = aHostWithAlice(down);
  const step = alice.order(control('start', 'web'));
  assert.deepEqual(deedsIn(step), ['web spawn']);
  const events = step.writes.flatMap((write) => (write.kind === 'event' ? write.event.event : []));
  assert.deepEqual(events[0], {
    kind: 'localOrder',
    requestedBy: 'alice',
    command: 'control',
    operationId: 'local-start',
  });
  host.spawned('web');
  assert.deepEqual(alice.heard(), []);
  alice.listen(host.timer('web', 'stayedUp'));
  assert.deepEqual(alice.heard(), ['web start', 'done']);
  assert.equal(host.process('web').wanted, 'up');
});

test('what holds already is said of processes that are named, and passed over in groups', () => {
  const { alice } = aHostWithAlice(db, web);
  alice.order(control('start', 'web'));
  assert.deepEqual(alice.heard(), ['web start already-started', 'done']);
  alice.order(control('start', 'all'));
  assert.deepEqual(alice.heard(), ['done']);
});

test('a name that means nothing is told of, and the others are done all the same', () => {
  const { host, alice } = aHostWithAlice(web, pool(0));
  const step = alice.order(control('stop', 'nope', 'no:*', 'none:', 'zz*', 'web'));
  assert.deepEqual(deedsIn(step), ['web stop TERM']);
  alice.listen(host.exited('web'));
  assert.deepEqual(alice.heard(), [
    'nope stop bad-name',
    'no:* stop bad-name',
    'none: stop bad-name',
    'zz* stop bad-name',
    'web stop',
    'done',
  ]);
  assert.equal(host.process('web').wanted, 'down');
});

test('a stop goes from high to low priority, tier by tier', () => {
  const { host, alice } = aHostWithAlice(db, web);
  assert.deepEqual(deedsIn(alice.order(control('stop', 'all'))), ['web stop TERM']);
  assert.deepEqual(deedsIn(alice.listen(host.exited('web'))), ['db stop TERM']);
  alice.listen(host.exited('db'));
  assert.deepEqual(alice.heard(), ['web stop', 'db stop', 'done']);
});

test('a tier that takes too long is not waited for, but the order is not done before it is', () => {
  const { host, alice } = aHostWithAlice(db, web);
  alice.order(control('stop', 'all'));
  const timeout = { operationId: operationId('local-stop'), wave: 0 };
  const step = alice.listen(host.step({ kind: 'waveTimedOut', ...timeout }));
  assert.deepEqual(deedsIn(step), ['db stop TERM']);
  const warnings = step.effects.flatMap((effect) => (effect.kind === 'warn' ? effect.text : []));
  assert.deepEqual(warnings, ['going on without waiting for web']);
  alice.listen(host.exited('db'));
  assert.deepEqual(alice.heard(), ['db stop']);
  alice.listen(host.exited('web'));
  assert.deepEqual(alice.heard(), ['web stop', 'done']);
  assert.deepEqual([...host.state().rollouts], []);
});

test('a restart says that it stopped before it says that it started', () => {
  const { host, alice } = aHostWithAlice(web);
  alice.order(control('restart', 'web'));
  alice.listen(host.exited('web'));
  assert.deepEqual(alice.heard(), ['web stop']);
  host.spawned('web', 300);
  alice.listen(host.timer('web', 'stayedUp'));
  assert.deepEqual(alice.heard(), ['web start', 'done']);
});

test('what cannot be started is not stopped either', () => {
  const problem = { fault: 'no-file', error: "can't find command '/usr/bin/web'" } as const;
  const host = aHost([web], { examine: () => problem });
  host.spawned('web');
  host.timer('web', 'stayedUp');
  const alice = aPerson(host, { kind: 'read', definitions: [web] });
  const step = alice.order(control('restart', 'web'));
  assert.deepEqual(deedsIn(step), []);
  assert.deepEqual(alice.heard(), ['web start no-file', 'done']);
  assert.equal(host.stateOf('web'), 'RUNNING');
  assert.deepEqual(outcomesIn(step)[0]?.error, problem.error);
});

test('a start that cannot be tried changes no state', () => {
  const host = aHost([aDefinition('web', { autostart: false })], {
    examine: () => ({ fault: 'not-executable', error: 'no' }),
  });
  const alice = aPerson(host, { kind: 'read', definitions: [] });
  assert.deepEqual(changesIn(alice.order(control('start', 'web'))), []);
  assert.deepEqual(alice.heard(), ['web start not-executable', 'done']);
});

test('orders for one process are carried out as they came, whatever must be examined first', () => {
  const down = aDefinition('web', { autostart: false });
  const { host, alice } = aHostWithAlice(down);
  alice.order(control('start', 'web'));
  alice.order(control('stop', 'web'));
  host.spawned('web');
  alice.listen(host.timer('web', 'stayedUp'));
  alice.listen(host.exited('web'));
  assert.deepEqual(alice.heard(), ['web start', 'done', 'web stop', 'done']);
  assert.equal(host.stateOf('web'), 'STOPPED');
});

test('a failed start has the fault that supervisorctl knows', () => {
  const down = aDefinition('web', { autostart: false });
  const { host, alice } = aHostWithAlice(down);
  alice.order(control('start', 'web'));
  host.spawned('web');
  alice.listen(host.exited('web'));
  assert.deepEqual(alice.heard(), ['web start spawn-error', 'done']);
});

test('a reload stops all in order, takes the new configuration and starts afresh, in the same agent', () => {
  const { host, alice } = aHostWithAlice(db, web);
  const cache = aDefinition('cache');
  alice.setReading({ kind: 'read', definitions: [db, cache] });
  assert.deepEqual(deedsIn(alice.order({ kind: 'reload' })), ['web stop TERM']);
  alice.order(control('start', 'web'));
  assert.deepEqual(alice.heard(), ['refused unavailable']);
  host.exited('web');
  const step = alice.listen(host.exited('db'));
  assert.deepEqual(deedsIn(step), ['db spawn']);
  assert.deepEqual(alice.heard(), ['done']);
  assert.equal(host.stateOf('web'), undefined);
  assert.equal(host.stateOf('cache'), 'STOPPED');
  assert.ok(step.effects.every(({ kind }) => kind !== 'shutdownComplete'));
});

test('a reload of a bad configuration stops nothing', () => {
  const { alice } = aHostWithAlice(web);
  alice.setReading({ kind: 'rejected', problem: 'line 3 is nonsense' });
  assert.deepEqual(deedsIn(alice.order({ kind: 'reload' })), []);
  assert.deepEqual(alice.heard(), ['refused configuration']);
});

test('a manual stop outlives a reload', () => {
  const { host, alice } = aHostWithAlice(web);
  alice.order(control('stop', 'web'));
  host.exited('web');
  alice.order({ kind: 'reload' });
  assert.equal(host.stateOf('web'), 'STOPPED');
});

test('a shutdown is told of when all have stopped, and only then the agent ends', () => {
  const { host, alice } = aHostWithAlice(web);
  alice.order({ kind: 'shutdown' });
  assert.deepEqual(alice.heard(), []);
  const step = alice.listen(host.exited('web'));
  assert.deepEqual(alice.heard(), ['done']);
  assert.deepEqual(step.effects.at(-1), { kind: 'shutdownComplete' });
});

test('a group is added from what was read last, and removed only when it has stopped', () => {
  const { host, alice } = aHostWithAlice(web);
  const add = {
    kind: 'add',
    operationId: operationId('add-1'),
    groups: ['pool', 'nope', 'web'],
  } as const;
  alice.setReading({ kind: 'read', definitions: [web, pool(0), pool(1)] });
  alice.order(add);
  assert.deepEqual(alice.heard(), [
    'pool added no-such-group',
    'nope added no-such-group',
    'web added already-active',
    'done',
  ]);
  alice.order({ kind: 'reread' });
  assert.deepEqual(alice.heard(), ['reread pool available', 'done']);
  assert.deepEqual(deedsIn(alice.order({ ...add, groups: ['pool'] })), [
    'pool:pool_0 spawn',
    'pool:pool_1 spawn',
  ]);
  assert.deepEqual(alice.heard(), ['pool added', 'done']);
  const remove = { ...add, kind: 'remove', groups: ['pool'] } as const;
  alice.order(remove);
  assert.deepEqual(alice.heard(), ['pool removed still-running', 'done']);
  alice.order(control('stop', 'pool:*'));
  for (const name of ['pool:pool_0', 'pool:pool_1']) {
    host.give(name, { kind: 'spawnFailed', error: 'no' });
  }
  alice.heard();
  alice.order(remove);
  assert.deepEqual(alice.heard(), ['pool removed', 'done']);
  assert.equal(host.stateOf('pool:pool_0'), undefined);
});
