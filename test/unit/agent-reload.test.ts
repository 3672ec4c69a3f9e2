/** A reload stops everything and starts it again in the same agent; what crosses it must not be lost. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { operationId } from '../../proto/vocabulary.ts';
import { aHost, aRunningHost, BOOT_ID, deedsIn } from '../fakes/agent-host.ts';
import { aPerson, control } from '../fakes/agent-local.ts';
import { aDefinition } from '../fakes/agent-process.ts';
import { ALICE } from '../fakes/local-callers.ts';

const web = aDefinition('web');
const RELOAD = { kind: 'reload' } as const;
const alive = { kind: 'alive' } as const;

function aHostWithAlice() {
  const host = aRunningHost(web);
  return { host, alice: aPerson(host, { kind: 'read', definitions: [web] }) };
}

test('an end that was asked for while the file was read is not taken back by a reload', () => {
  const { host, alice } = aHostWithAlice();
  const given = { order: 9, by: ALICE, command: 'reload', request: RELOAD } as const;
  const step = host.step({ kind: 'order', ...given });
  host.step({ kind: 'shutdown' });
  alice.listen(alice.read(step));
  assert.deepEqual(alice.heard(), ['refused unavailable']);
  const end = host.exited('web');
  assert.ok(end.effects.some(({ kind }) => kind === 'shutdownComplete'));
});

test('an end asked for during a reload is carried out instead, and both hear what came of theirs', () => {
  const { host, alice } = aHostWithAlice();
  alice.order(RELOAD);
  alice.order({ kind: 'shutdown' });
  assert.deepEqual(alice.heard(), ['refused unavailable']);
  const end = alice.listen(host.exited('web'));
  assert.deepEqual(deedsIn(end), []);
  assert.ok(end.effects.some(({ kind }) => kind === 'shutdownComplete'));
  assert.deepEqual(alice.heard(), ['done']);
});

test('the timer of an earlier walk through the tiers does not cut a later one short', () => {
  const { host, alice } = aHostWithAlice();
  const [timer] = alice.order(RELOAD).effects.filter((effect) => effect.kind === 'tierTimer');
  assert.ok(timer?.kind === 'tierTimer');
  host.exited('web');
  host.spawned('web', 300);
  host.timer('web', 'stayedUp');
  host.step({ kind: 'shutdown' });
  const { sequence, index } = timer;
  assert.deepEqual(host.step({ kind: 'tierTimedOut', sequence, index }).effects, []);
  assert.notEqual(host.state().sequence, null, 'it is still being waited for');
});

test('what outlasts a reload is started when it has stopped at last, unless it is to be down', () => {
  for (const isStopped of [false, true]) {
    const { host, alice } = aHostWithAlice();
    alice.order(RELOAD);
    const { sequencesBegun } = host.state();
    host.step({ kind: 'tierTimedOut', sequence: sequencesBegun, index: 0 });
    assert.equal(host.stateOf('web'), 'STOPPING');
    if (isStopped) alice.order(control('stop', 'web'));
    assert.deepEqual(deedsIn(host.exited('web')), isStopped ? [] : ['web spawn']);
  }
});

test('a start that waits for a stop which somebody else began tells of the start alone', () => {
  const { host, alice } = aHostWithAlice();
  alice.order(RELOAD);
  alice.listen(
    host.step({ kind: 'tierTimedOut', sequence: host.state().sequencesBegun, index: 0 }),
  );
  assert.deepEqual(alice.heard(), ['done']);
  alice.order(control('start', 'web'));
  alice.listen(host.exited('web'));
  host.spawned('web', 300);
  alice.listen(host.timer('web', 'stayedUp'));
  assert.deepEqual(alice.heard(), ['web start', 'done']);
});

test('what outlasts a reload and is not configured any more goes when it has stopped', () => {
  const { host, alice } = aHostWithAlice();
  alice.setReading({ kind: 'read', definitions: [] });
  alice.order(RELOAD);
  host.step({ kind: 'tierTimedOut', sequence: host.state().sequencesBegun, index: 0 });
  assert.deepEqual(deedsIn(host.exited('web')), []);
  assert.equal(host.stateOf('web'), undefined);
});

test('an agent that died while it stopped everything leaves nothing down', () => {
  const { host, alice } = aHostWithAlice();
  alice.order(RELOAD);
  const after = aHost([web], {
    journal: { ...host.journal(), bootId: BOOT_ID },
    sightings: { web: alive },
  });
  assert.equal(after.stateOf('web'), 'STOPPING');
  assert.deepEqual(deedsIn(after.exited('web')), ['web spawn']);
});

test('what is not configured any more is not started by an agent that finds it ended', () => {
  const always = aDefinition('web', { autorestart: 'always' });
  const journal = { ...aRunningHost(always).journal(), bootId: BOOT_ID };
  for (const exit of [{ kind: 'neverRan' }, { kind: 'code', code: 1 }] as const) {
    const after = aHost([], { journal, sightings: { web: { kind: 'ended', exit } } });
    assert.deepEqual(deedsIn(after.booted), [], exit.kind);
    assert.equal(after.stateOf('web'), undefined, exit.kind);
  }
});

test('a process that goes is started again where the next update has it back', () => {
  const { host } = aHostWithAlice();
  const after = aHost([], {
    journal: { ...host.journal(), bootId: BOOT_ID },
    sightings: { web: alive },
  });
  const bob = aPerson(after, { kind: 'read', definitions: [web] });
  bob.order({ kind: 'update', operationId: operationId('u'), groups: [] });
  assert.deepEqual(deedsIn(after.exited('web')), ['web spawn']);
});
