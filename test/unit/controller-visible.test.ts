import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLEAN, executionOf } from '../../controller/core/execution.ts';
import { findSeen, listOperations } from '../../controller/core/operation-queries.ts';
import { listHosts, listProcesses, seenListing } from '../../controller/core/queries.ts';
import type { FleetState } from '../../controller/core/state.ts';
import {
  discreet,
  seenEvents,
  seenOperation,
  seenUpdate,
  sightOf,
} from '../../controller/core/visible.ts';
import { isRefusal, refusal } from '../../proto/errors.ts';
import { PersistentMap } from '../../proto/persistent-map.ts';
import { hostId, knownProcessName, type StoredEvent } from '../../proto/vocabulary.ts';
import { anOperation, aTarget } from '../fakes/control-client.ts';
import { aHost, anId, aStatus, emptyFleet, NOW_MS, settled } from '../fakes/controller-fleet.ts';
import { aRole, withRoles } from '../fakes/roles.ts';

const HOSTS = [
  aHost('prod-1', ['web', 'db']),
  aHost('prod-2', []),
  aHost('dev-1', ['web']),
  aHost('dev-2', ['db']),
];

const OPERATION = anOperation({
  id: anId(),
  requestedBy: 'alice',
  targets: [
    aTarget('prod-1', 'web', { state: 'failed', logTail: ['password'], wave: 0 }),
    aTarget('prod-1', 'db', { wave: 1 }),
    aTarget('dev-1', 'web', { wave: 0 }),
    aTarget('gone-1', 'web', { wave: 0 }),
  ],
  leftOut: [hostId('prod-2'), hostId('dev-2')],
});

const FLEET: FleetState = withRoles(
  {
    ...emptyFleet,
    hosts: PersistentMap.of(HOSTS.map((host) => [host.host, host] as const)),
    operations: PersistentMap.of([[OPERATION.id, executionOf(OPERATION, CLEAN)]]),
  },
  {
    web: [aRole('see-web', { allow: ['status'], processes: ['web'] })],
    prod: [aRole('see-prod', { allow: ['status', 'logs'], hosts: 'prod-*' })],
    blind: [aRole('restarts', { allow: ['restart'] })],
  },
);

const sight = (who: string) => sightOf(FLEET, who, NOW_MS);
const everything = { selector: '', wallMs: NOW_MS };

function listed(who: string) {
  const listing = listProcesses(FLEET, everything, []);
  assert.ok(!isRefusal(listing));
  const { hosts, processes, ...withheld } = seenListing(FLEET, listing, sight(who));
  return [
    hosts.map(({ host }) => host).sort(),
    processes.map(({ host, status }) => `${host}/${status.process}`).sort(),
    withheld,
  ];
}

test('lists show what may be seen, and how much there is beside it', () => {
  assert.deepEqual(listed('alice')[2], { withheldHosts: 0, withheldProcesses: 0 });
  assert.deepEqual(listed('web'), [
    ['dev-1', 'prod-1'],
    ['dev-1/web', 'prod-1/web'],
    { withheldHosts: 2, withheldProcesses: 1 },
  ]);
  // A host that runs nothing is seen by who sees hosts, not processes.
  assert.deepEqual(listed('prod'), [
    ['prod-1', 'prod-2'],
    ['prod-1/db', 'prod-1/web'],
    { withheldHosts: 2, withheldProcesses: 0 },
  ]);
  assert.deepEqual(listed('blind'), [[], [], { withheldHosts: 4, withheldProcesses: 0 }]);
  const hosts = listHosts(FLEET, everything, sight('web'));
  assert.ok(!isRefusal(hosts));
  assert.equal(hosts.withheldHosts, 2);
});

test('an operation is shown whole to who submitted it, to others the part that they may see', () => {
  assert.equal(seenOperation(OPERATION, sight('alice')), OPERATION);
  const seen = seenOperation(OPERATION, sight('prod'));
  assert.deepEqual(
    seen.targets.map(({ host, process }) => `${host}/${process}`),
    ['prod-1/web', 'prod-1/db'],
  );
  assert.equal(seen.withheld, 2);
  assert.deepEqual(seen.leftOut, ['prod-2']);
  assert.deepEqual(
    seen.waves.map(({ index, targets }) => [index, targets]),
    OPERATION.waves.map(({ index }) => [
      index,
      seen.targets.filter(({ wave }) => wave === index).length,
    ]),
  );
});

test('last words of a program are for who may read its log', () => {
  const [own] = seenOperation({ ...OPERATION, requestedBy: 'web' }, sight('web')).targets;
  assert.deepEqual(own?.logTail, []);
  const [failed] = seenOperation(OPERATION, sight('prod')).targets;
  assert.deepEqual(failed?.logTail, ['password']);
});

test('one of which nothing may be seen is not listed, found or watched', () => {
  const refused = findSeen(FLEET, OPERATION.id, sight('blind'));
  assert.ok(isRefusal(refused) && refused.code === 'nothing-matched');
  const list = (who: string) => listOperations(FLEET, { runningOnly: false, limit: 0 }, sight(who));
  assert.deepEqual(list('blind'), []);
  const [summary] = list('prod') as Exclude<ReturnType<typeof list>, { code: string }>;
  assert.deepEqual([summary?.hostCount, summary?.withheld], [1, 2]);
  const execution = executionOf(OPERATION, CLEAN);
  const update = { kind: 'targets', targets: OPERATION.targets } as const;
  const seen = seenUpdate(update, execution, sight('web'));
  assert.ok(seen.kind === 'targets');
  assert.deepEqual(
    seen.targets.map(({ host }) => host),
    ['prod-1', 'dev-1'],
  );
});

test('hints at what was meant are for who may see it', () => {
  const refused = refusal('nothing-matched', 'no such host: prod-9', {
    fix: 'did you mean prod-1?',
  });
  assert.equal(discreet(refused, sight('alice')), refused);
  const { message, fix } = discreet(refused, sight('web'));
  assert.deepEqual([message, fix?.includes('prod-1')], [refused.message, false]);
  const usage = refusal('usage', 'not understood', { fix: 'write it otherwise' });
  assert.equal(discreet(usage, sight('web')), usage);
});

test('of events those are told that are about what may be seen', () => {
  const stored = (seq: number, event: StoredEvent['event']): StoredEvent => ({
    ...{ host: hostId('prod-1'), seq, atMs: NOW_MS, event, storedAtMs: NOW_MS },
  });
  const outcome = settled(anId(), 'web', 'failed');
  const events = [
    stored(1, { kind: 'processChanged', process: aStatus('db') }),
    stored(2, { kind: 'processRemoved', process: knownProcessName('web') }),
    stored(3, { kind: 'configJudged', problem: null }),
    stored(4, outcome),
  ];
  const seqs = (who: string) => seenEvents(events, sight(who)).map(({ seq }) => seq);
  assert.deepEqual(seqs('alice'), [1, 2, 3, 4]);
  assert.deepEqual(seqs('prod'), [1, 2, 3, 4]);
  assert.deepEqual(seqs('web'), [2, 3, 4]);
  assert.deepEqual(seqs('blind'), []);
  const told = (who: string) => {
    const last = seenEvents(events, sight(who)).at(-1)?.event;
    return last?.kind === 'targetSettled' ? last.outcome.logTail : 'none';
  };
  assert.deepEqual([told('prod'), told('web')], [outcome.outcome.logTail, []]);
});
