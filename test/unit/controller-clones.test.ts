import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostStatusOf, isConnected } from '../../controller/core/host.ts';
import { hostId } from '../../proto/vocabulary.ts';
import {
  aCertificate,
  aHello,
  aSnapshot,
  aStatus,
  type FleetScript,
  fleetScript,
} from '../fakes/controller-fleet.ts';

const A = hostId('a');

function helloOf(script: FleetScript, connection: number, instanceId: string) {
  const hello = { ...aHello(), instanceId };
  const from = { connection, certificate: aCertificate('a'), address: `10.0.0.${connection}` };
  script.give({ kind: 'hello', host: A, hello, ...from });
}

function connected(): FleetScript {
  const script = fleetScript();
  helloOf(script, 1, 'first');
  script.hear('a', 1, aSnapshot({ sessionEpoch: 1, processes: [aStatus('web')] }));
  return script;
}

const sentTo = (script: FleetScript, connection: number) =>
  script.effects.flatMap((effect) =>
    effect.kind === 'send' && effect.connection === connection ? [effect.message.kind] : [],
  );

const closed = (script: FleetScript) =>
  script.effects.flatMap((effect) =>
    effect.kind === 'close' ? [[effect.connection, effect.because.code]] : [],
  );

function probeOf(script: FleetScript): number {
  const [effect] = script.effects;
  assert.ok(effect?.kind === 'send' && effect.message.kind === 'heartbeat');
  assert.notEqual(effect.message.probe, 0);
  return effect.message.probe;
}

test('the same agent that dials again replaces its own session at once', () => {
  const script = connected();
  helloOf(script, 2, 'first');
  assert.deepEqual(closed(script), [[1, 'conflict']]);
  assert.deepEqual(sentTo(script, 2), ['welcome']);
});

test('another agent of that name waits, and the one that is there is asked', () => {
  const script = connected();
  helloOf(script, 2, 'second');
  assert.deepEqual([closed(script), sentTo(script, 2)], [[], []]);
  assert.deepEqual(sentTo(script, 1), ['heartbeat']);
  assert.ok(isConnected(script.host('a')), 'nothing has changed for the first');
});

test('an answer proves that there are two: the newcomer is turned away and both are flagged', () => {
  const script = connected();
  helloOf(script, 2, 'second');
  const probe = probeOf(script);
  script.hear('a', 1, { kind: 'heartbeat', probe: 0 });
  assert.deepEqual(closed(script), [], 'a heartbeat may have been under way');
  script.hear('a', 1, { kind: 'heartbeat', probe: probe + 1 });
  assert.deepEqual(closed(script), []);
  script.hear('a', 1, { kind: 'heartbeat', probe });
  assert.deepEqual(closed(script), [[2, 'conflict']]);
  const { connected: isUp, identityProblem } = hostStatusOf(script.host('a'));
  assert.ok(isUp);
  assert.match(identityProblem ?? '', /10\.0\.0\.1.*10\.0\.0\.2/);
  assert.deepEqual(
    script.writes.map(({ kind }) => kind),
    ['host'],
  );
  assert.deepEqual(
    script.records.map(({ actor, outcome }) => [actor.name, actor.address, outcome]),
    [['a', '10.0.0.2', 'refused']],
  );
  script.give({ kind: 'sessionEnded', connection: 2, host: A });
  assert.ok(isConnected(script.host('a')));
  // It comes again and again from there, nothing flaps, and nothing is written again.
  const again = { connection: 3, certificate: aCertificate('a'), address: '10.0.0.2' };
  script.give({ kind: 'hello', host: A, hello: { ...aHello(), instanceId: 'second' }, ...again });
  script.hear('a', 1, { kind: 'heartbeat', probe: probeOf(script) });
  assert.deepEqual(closed(script), [[3, 'conflict']]);
  assert.deepEqual([script.writes, script.records], [[], []]);
  assert.equal(script.host('a').session?.connection, 1);
});

test('when the connection of the first one ends, the newcomer was the same host, restarted', () => {
  const script = connected();
  helloOf(script, 2, 'second');
  script.give({ kind: 'sessionEnded', connection: 1, host: A });
  assert.deepEqual(sentTo(script, 2), ['welcome']);
  assert.equal(script.host('a').session?.connection, 2);
  assert.equal(script.host('a').identityProblem, null);
  assert.equal(script.state.rivals.size, 0);
});

test('a goodbye lets the next agent in at once', () => {
  const script = connected();
  helloOf(script, 2, 'second');
  script.hear('a', 1, { kind: 'goodbye', reason: 'handing over', reconnectAfterMs: 0 });
  assert.deepEqual(sentTo(script, 2), ['welcome']);
});

test('a newcomer that leaves is forgotten, and one that comes later takes its place', () => {
  const script = connected();
  helloOf(script, 2, 'second');
  script.give({ kind: 'sessionEnded', connection: 2, host: A });
  assert.equal(script.state.rivals.size, 0);
  assert.ok(isConnected(script.host('a')));
  helloOf(script, 3, 'second');
  helloOf(script, 4, 'third');
  assert.deepEqual(closed(script), [[3, 'conflict']]);
  script.give({ kind: 'sessionEnded', connection: 3, host: A });
  script.give({ kind: 'sessionEnded', connection: 1, host: A });
  assert.deepEqual(sentTo(script, 4), ['welcome']);
});

test('the one that is connected may dial anew meanwhile, and is asked there', () => {
  const script = connected();
  helloOf(script, 2, 'second');
  helloOf(script, 3, 'first');
  assert.deepEqual(closed(script), [[1, 'conflict']]);
  assert.deepEqual(sentTo(script, 3), ['welcome', 'heartbeat']);
  const probe = script.effects.flatMap((effect) =>
    effect.kind === 'send' && effect.message.kind === 'heartbeat' ? [effect.message.probe] : [],
  );
  script.hear('a', 3, { kind: 'heartbeat', probe: probe[0] ?? 0 });
  assert.deepEqual(closed(script), [[2, 'conflict']]);
});

test('that there were two stays told after reconnecting, until somebody settles it', () => {
  const script = connected();
  helloOf(script, 2, 'second');
  script.hear('a', 1, { kind: 'heartbeat', probe: probeOf(script) });
  helloOf(script, 5, 'first');
  assert.match(script.host('a').identityProblem ?? '', /a second agent/);
});
