/** Updates that meet other orders, other updates, the end of the agent, or what they took away. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProcessDefinition } from '../../agent/core/definition.ts';
import type { LocalOrder } from '../../proto/local-orders.ts';
import { operationId } from '../../proto/vocabulary.ts';
import {
  aCommand,
  aHost,
  aRunningHost,
  BOOT_ID,
  deedsIn,
  outcomesIn,
  type TestHost,
} from '../fakes/agent-host.ts';
import { anUpdate, aPerson, control } from '../fakes/agent-local.ts';
import { aDefinition, exitCode } from '../fakes/agent-process.ts';
import { ALICE } from '../fakes/local-callers.ts';

const web = aDefinition('web');
const changed = aDefinition('web', { command: '/usr/bin/other' });

function aHostWithAlice(...definitions: readonly ProcessDefinition[]) {
  const host = aRunningHost(...definitions);
  const alice = aPerson(host, { kind: 'read', definitions });
  let updates = 0;
  const updateTo = (...next: readonly ProcessDefinition[]) => {
    updates += 1;
    alice.setReading({ kind: 'read', definitions: next });
    const order: LocalOrder = {
      kind: 'update',
      operationId: operationId(`u-${updates}`),
      groups: [],
    };
    return alice.order(order);
  };
  return { host, alice, updateTo };
}

function comesUp(host: TestHost, name: string, pid: number) {
  host.spawned(name, pid);
  return host.timer(name, 'stayedUp');
}

test('what was taken away and is configured again before it has stopped comes up again', () => {
  const { host, alice, updateTo } = aHostWithAlice(web);
  updateTo();
  assert.equal(host.stateOf('web'), 'STOPPING');
  updateTo(web);
  assert.deepEqual(deedsIn(alice.listen(host.exited('web'))), ['web spawn']);
  alice.listen(comesUp(host, 'web', 300));
  assert.equal(host.stateOf('web'), 'RUNNING');
  assert.equal(host.state().retired.size, 0);
  assert.deepEqual(alice.heard(), ['web stopped', 'web updated', 'done', 'web updated', 'done']);
});

test('what is configured again before its turn to stop has come is left alone', () => {
  const high = aDefinition('high', { priority: 9 });
  const low = aDefinition('low', { priority: 1 });
  const { host, alice, updateTo } = aHostWithAlice(low, high);
  assert.deepEqual(deedsIn(updateTo()), ['high stop TERM']);
  assert.deepEqual(deedsIn(updateTo(low)), []);
  assert.deepEqual(deedsIn(alice.listen(host.exited('high'))), []);
  assert.equal(host.stateOf('low'), 'RUNNING');
});

test('nobody starts what is going: who wants it is told so, and it goes', () => {
  for (const verb of ['start', 'restart'] as const) {
    const { host, alice, updateTo } = aHostWithAlice(web);
    updateTo();
    alice.order(control(verb, 'web'));
    assert.deepEqual(alice.heard(), ['web start bad-name', 'done']);
    assert.deepEqual(deedsIn(alice.listen(host.exited('web'))), []);
    assert.equal(host.stateOf('web'), undefined);
    assert.deepEqual(alice.heard(), ['web stopped', 'web removed', 'done']);
  }
});

test('a restart that was under way ends with the process that is taken away', () => {
  const { host, updateTo } = aHostWithAlice(web);
  host.command('restart', 'op-1', 'web');
  host.command('start', 'op-2', 'web');
  updateTo();
  assert.deepEqual(deedsIn(host.exited('web')), []);
  assert.equal(host.stateOf('web'), undefined);
  for (const operation of ['op-1', 'op-2']) {
    assert.equal(host.target(operation, 'web')?.outcome?.fault, 'bad-name');
  }
  assert.equal(host.state().queues.size, 0);
  assert.equal(host.state().rollouts.size, 0);
});

test('what stops by itself before its turn is removed, and its update does not fail for it', () => {
  const high = aDefinition('high', { priority: 9 });
  const low = aDefinition('low', { priority: 1, autorestart: 'never' });
  const { host, alice, updateTo } = aHostWithAlice(low, high);
  updateTo();
  alice.listen(host.exited('low'));
  assert.equal(host.stateOf('low'), undefined);
  alice.listen(host.exited('high'));
  assert.deepEqual(alice.heard(), [
    'high stopped',
    'high removed',
    'low stopped',
    'low removed',
    'done',
  ]);
});

test('two updates at once restart a process once', () => {
  const { host, alice, updateTo } = aHostWithAlice(web);
  assert.deepEqual(deedsIn(updateTo(changed)), ['web stop TERM']);
  assert.deepEqual(deedsIn(updateTo(changed)), []);
  assert.deepEqual(deedsIn(host.exited('web')), ['web spawn']);
  assert.deepEqual(deedsIn(alice.listen(comesUp(host, 'web', 300))), []);
  assert.equal(host.process('web').child?.pid, 300);
  assert.equal(host.state().rollouts.size, 0);
});

test('what somebody stops while an update is on its way to it stays down', () => {
  const [first, second] = [aDefinition('a', { priority: 1 }), aDefinition('b', { priority: 2 })];
  const fresh = aDefinition('c', { priority: 3 });
  const { host, alice, updateTo } = aHostWithAlice(first, second);
  updateTo({ ...first, command: 'new' }, { ...second, command: 'new' }, fresh);
  alice.order(control('stop', 'b'));
  host.exited('b');
  host.command('stop', 'op-1', 'c');
  host.exited('a');
  assert.deepEqual(deedsIn(alice.listen(comesUp(host, 'a', 300))), []);
  assert.deepEqual([host.stateOf('b'), host.stateOf('c')], ['STOPPED', 'STOPPED']);
  assert.equal(host.state().rollouts.size, 0);
});

test('only what was stopped is told to have been', () => {
  const host = aHost([web], {
    examine: () => ({ fault: 'no-file', error: "can't find command" }),
  });
  comesUp(host, 'web', 300);
  const alice = aPerson(host, { kind: 'read', definitions: [changed] });
  assert.deepEqual(deedsIn(alice.order(anUpdate())), []);
  assert.deepEqual(alice.heard(), ['web updated failed', 'done']);
});

test('after a restart of the agent an update waits for what had begun, and fails where that failed', () => {
  const cache = aDefinition('cache', { startRetries: 0 });
  const tale = aHostWithAlice(web);
  const next = [web, cache];
  tale.alice.setReading({ kind: 'read', definitions: next });
  tale.alice.read(tale.host.receive(aCommand('update', 'op-1', ['*'])));
  tale.host.spawned('cache', 300);
  const alive = { kind: 'alive' } as const;
  const after = aHost(next, {
    journal: { ...tale.host.journal(), bootId: BOOT_ID },
    sightings: { web: alive, cache: alive },
  });
  const bob = aPerson(after, { kind: 'read', definitions: next });
  const verdicts = (step: ReturnType<TestHost['step']>) =>
    outcomesIn(step).flatMap(({ verb, state, error }) =>
      verb === 'update' ? `${state} ${error}` : [],
    );
  assert.deepEqual(verdicts(bob.read(after.booted)), [], 'the cache may still fail');
  assert.deepEqual(verdicts(after.exited('cache', exitCode(3))), [
    'failed cache: Exited too quickly (exit status 3) (cache updated)',
  ]);
});

test('an update does not begin while the agent ends, or cannot write its journal', () => {
  const begun = (trouble: 'shutdown' | 'journalFailed') => {
    const { host, alice } = aHostWithAlice(web);
    const step = host.step({
      kind: 'order',
      order: 7,
      request: anUpdate(),
      by: ALICE,
      command: 'update',
    });
    host.step({ kind: trouble });
    alice.setReading({ kind: 'read', definitions: [] });
    alice.listen(alice.read(step));
    return { heard: alice.heard(), isThere: host.stateOf('web') !== undefined };
  };
  const refused = (code: string) => ({ heard: [`refused ${code}`], isThere: true });
  assert.deepEqual(begun('shutdown'), refused('unavailable'));
  assert.deepEqual(begun('journalFailed'), refused('exhausted'));
  const { host, alice, updateTo } = aHostWithAlice(web);
  host.step({ kind: 'journalFailed' });
  updateTo();
  alice.order({ kind: 'reload' });
  alice.order({ kind: 'remove', operationId: operationId('r'), groups: ['web'] });
  assert.deepEqual(alice.heard(), Array(3).fill('refused exhausted'));
});

test('a process of a name that was there before minds no timer of its forerunner', () => {
  const { host, alice, updateTo } = aHostWithAlice(web);
  const { timerToken } = host.process('web');
  updateTo();
  const stopTimer = host.process('web').timerToken;
  alice.listen(host.exited('web'));
  updateTo(web);
  host.spawned('web', 300);
  for (const token of [timerToken - 1, timerToken]) {
    host.give('web', { kind: 'stayedUp', timerToken: token });
    assert.equal(host.stateOf('web'), 'STARTING');
  }
  host.timer('web', 'stayedUp');
  host.command('stop', 'op-1', 'web');
  for (let token = 0; token <= stopTimer; token += 1) {
    const step = host.give('web', { kind: 'stopTimedOut', timerToken: token });
    assert.deepEqual(deedsIn(step), [], 'it has its own time to stop');
  }
});

test('a problem of a file that is no configuration at all is kept and sent in part', () => {
  const { host, alice } = aHostWithAlice(web);
  alice.setReading({ kind: 'rejected', problem: 'x'.repeat(3_000_000) });
  alice.order({ kind: 'reread' });
  assert.equal(host.state().configProblem?.length, 8_000);
});

test('an id under which something is under way is taken, so that whoever ordered that hears its end', () => {
  const { host, alice, updateTo } = aHostWithAlice(web);
  updateTo(changed);
  alice.order({ kind: 'update', operationId: operationId('u-1'), groups: [] });
  assert.deepEqual(alice.heard(), ['refused conflict']);
  host.exited('web');
  alice.listen(comesUp(host, 'web', 300));
  assert.deepEqual(alice.heard(), ['web stopped', 'web updated', 'done']);
});
