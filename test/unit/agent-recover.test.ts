import assert from 'node:assert/strict';
import { test } from 'node:test';
import { targetsToRecord } from '../../agent/core/recover.ts';
import { knownProcessName } from '../../proto/vocabulary.ts';
import { aHost, aRunningHost } from '../fakes/agent-host.ts';
import { aDefinition } from '../fakes/agent-process.ts';

const web = aDefinition('web');

test('a journal that is written anew gives the next agent the same queue, behind what is settled', () => {
  const host = aRunningHost(web);
  // It runs already.
  for (const operation of ['settled-1', 'settled-2']) host.command('start', operation, 'web');
  const operations = Array.from({ length: 20 }, (_, index) => `waits-${index}`);
  for (const operation of operations) host.command('restart', operation, 'web');
  const recorded = targetsToRecord(host.state()).map(({ operationId }) => operationId as string);
  assert.deepEqual(recorded.slice(0, 2).sort(), ['settled-1', 'settled-2']);
  assert.deepEqual(recorded.slice(2), operations);
  const next = aHost([web], {
    journal: host.journal(),
    sightings: { web: { kind: 'alive' } },
    startsAtMs: 5_000,
  });
  const queueOf = (one: typeof host) => one.state().queues.get(knownProcessName('web'));
  assert.equal(queueOf(host)?.length, operations.length);
  assert.deepEqual(queueOf(next), queueOf(host));
});
