import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { graceMs, reconnectSpreadMs } from '../../controller/core/reconnection.ts';
import type { FleetEffect } from '../../controller/core/state.ts';
import {
  aRequest,
  aStatus,
  emptyFleet,
  type FleetScript,
  fleetScript,
  GRACE_MS,
} from '../fakes/controller-fleet.ts';

type GraceTimer = Extract<FleetEffect, { readonly kind: 'graceTimer' }>;

const graceTimers = (script: FleetScript): readonly GraceTimer[] =>
  script.effects.filter((effect) => effect.kind === 'graceTimer');

test('no host is called lost before its agent was to have dialled again', () => {
  const agents = fc.integer({ min: 0, max: 1_000_000 });
  fc.assert(
    fc.property(agents, fc.integer({ min: 1_000, max: 60_000 }), (count, configuredMs) => {
      const grace = graceMs(configuredMs, count);
      assert.ok(grace >= reconnectSpreadMs(count) + 5_000);
      assert.ok(grace >= configuredMs);
      if (count <= 100) assert.equal(grace, Math.max(configuredMs, 6_000));
    }),
  );
  assert.deepEqual(
    [0, 1_000, 10_000, 100_000].map(reconnectSpreadMs),
    [1_000, 8_000, 80_000, 120_000],
  );
});

/** A fleet with an operation under way on every host. */
function busyFleet(hosts: number): FleetScript {
  const script = fleetScript();
  for (let index = 0; index < hosts; index += 1) {
    script.connect(`web-${index}`, index + 1, [aStatus('web')]);
  }
  script.submit(aRequest('restart', '@*', ['web']));
  return script;
}

test('a large fleet gets time to come back after a restart of its controller', () => {
  const { state } = busyFleet(3_000);
  const next = fleetScript({ ...emptyFleet, ...state });
  next.give({ kind: 'boot' });
  const delays = new Set(graceTimers(next).map(({ delayMs }) => delayMs));
  assert.equal(graceTimers(next).length, 3_000);
  assert.deepEqual([...delays], [Math.max(GRACE_MS, 3_000 * 8 + 5_000)]);
});

test('a session that replaces another is given up too where it never tells how things are', () => {
  const script = busyFleet(1);
  script.hello('web-0', 2);
  const [timer] = graceTimers(script);
  assert.equal(timer?.host, 'web-0');
  script.wallMs += GRACE_MS;
  script.hear('web-0', 2, { kind: 'heartbeat', probe: 0 });
  script.give({ ...(timer as GraceTimer), kind: 'graceOver' });
  assert.equal(script.operation().targets[0]?.state, 'unreachable');
});

test('a session that replaces another and is synced in time goes on', () => {
  const script = busyFleet(1);
  script.hello('web-0', 2);
  const [timer] = graceTimers(script);
  script.connect('web-0', 3, [aStatus('web')]);
  script.wallMs += GRACE_MS;
  script.give({ ...(timer as GraceTimer), kind: 'graceOver' });
  assert.equal(script.operation().targets[0]?.state, 'dispatched');
});
