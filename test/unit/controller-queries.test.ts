import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Host } from '../../controller/core/host.ts';
import {
  type EventQuery,
  eventQueryProblem,
  listHosts,
  listProcesses,
} from '../../controller/core/queries.ts';
import type { FleetState } from '../../controller/core/state.ts';
import { PersistentMap } from '../../proto/persistent-map.ts';
import { hostId, knownProcessName } from '../../proto/vocabulary.ts';
import { aHost, away, emptyFleet, NOW_MS, sightIn } from '../fakes/controller-fleet.ts';

const fleetOf = (...hosts: readonly Host[]): FleetState => ({
  ...emptyFleet,
  hosts: PersistentMap.of(hosts.map((host) => [host.host, host])),
});

const query = (selector: string) => ({ selector, wallMs: NOW_MS });

const two = fleetOf(aHost('web-1', ['web', 'db']), aHost('db-1', ['db'], away));

function namesOf<Listed extends object>(answer: Listed, names: (listed: Listed) => string[]) {
  return 'code' in answer ? `refused: ${answer.code}` : names(answer).sort();
}

const hostNames = (selector: string) =>
  namesOf(listHosts(two, query(selector), sightIn(two)), (listing) =>
    'code' in listing ? [] : listing.hosts.map(({ host }) => host),
  );

const processNames = (selector: string, patterns: readonly string[]) =>
  namesOf(listProcesses(two, query(selector), patterns), (listing) =>
    'code' in listing
      ? []
      : listing.processes.map(
          ({ host, hostConnected, status }) =>
            `${host}/${status.process}${hostConnected ? '' : ' (away)'}`,
        ),
  );

test('nothing selected means every host, because looking changes nothing', () => {
  assert.deepEqual(hostNames(''), ['db-1', 'web-1']);
  assert.deepEqual(hostNames('  '), ['db-1', 'web-1']);
  assert.deepEqual(hostNames('db-*'), ['db-1']);
  assert.equal(hostNames('db-2'), 'refused: nothing-matched');
  assert.deepEqual(listHosts(emptyFleet, query(''), sightIn(emptyFleet)), {
    hosts: [],
    withheldHosts: 0,
  });
});

test('a host says from where it is connected, and since when', () => {
  const session = { ...aHost('a', []).session, openedWallMs: NOW_MS - 60_000 } as Host['session'];
  const statusOf = (more: Partial<Host>) => {
    const fleet = fleetOf(aHost('a', [], more));
    const listing = listHosts(fleet, query(''), sightIn(fleet));
    assert.ok(!('code' in listing));
    const [status] = listing.hosts;
    return [status?.connected, status?.address, status?.connectedSinceMs];
  };
  assert.deepEqual(statusOf({ session }), [true, '10.0.0.1', NOW_MS - 60_000]);
  assert.deepEqual(statusOf({ session: null }), [false, '10.0.0.1', null]);
  // Its snapshot is not whole.
  const arriving = { ...session, arriving: [] } as Host['session'];
  assert.deepEqual(statusOf({ session: arriving, address: null }), [false, null, null]);
});

test('processes are listed by pattern; one that no host has is refused, a pattern is not', () => {
  assert.deepEqual(processNames('', []), ['db-1/db (away)', 'web-1/db', 'web-1/web']);
  assert.deepEqual(processNames('', ['db']), ['db-1/db (away)', 'web-1/db']);
  assert.deepEqual(processNames('db-1', ['d*']), ['db-1/db (away)']);
  assert.equal(processNames('db-1', ['web']), 'refused: nothing-matched');
  assert.equal(processNames('', ['db', 'nothing']), 'refused: nothing-matched');
  assert.equal(processNames('', ['x*']), 'refused: nothing-matched');
  assert.equal(processNames('db-2', []), 'refused: nothing-matched');
  assert.equal(processNames('', Array(1_001).fill('db')), 'refused: usage');
  const slip = listProcesses(two, query(''), ['wbe']);
  assert.match(('code' in slip && slip.fix) || '', /^did you mean web\? /);
  const none = listProcesses(emptyFleet, query(''), []);
  assert.deepEqual(none, { processes: [], hosts: [] });
});

test('hosts without processes are listed beside the processes of the others', () => {
  const listing = listProcesses(fleetOf(aHost('a', ['web']), aHost('b', [])), query(''), []);
  assert.ok(!('code' in listing));
  assert.equal(listing.processes.length, 1);
  assert.deepEqual(listing.hosts.map(({ host }) => host).sort(), ['a', 'b']);
});

const events = (more: Partial<EventQuery> = {}): EventQuery => ({
  host: hostId('web-1'),
  process: null,
  limit: 50,
  ...more,
});

test('events are asked of a host that is known, of any process, in reasonable number', () => {
  assert.equal(eventQueryProblem(two, events(), sightIn(two)), null);
  assert.equal(
    eventQueryProblem(two, events({ host: hostId('db-1'), limit: 1 }), sightIn(two)),
    null,
  );
  const gone = knownProcessName('removed last week');
  assert.equal(eventQueryProblem(two, events({ process: gone, limit: 1_000 }), sightIn(two)), null);
  for (const limit of [0, -1, 1_001, 2_147_483_647]) {
    const refused = eventQueryProblem(two, events({ limit }), sightIn(two));
    assert.equal(refused?.code, 'usage', String(limit));
    assert.ok(refused?.fix?.includes('1 to 1000'));
  }
});

test('events of a host that never connected are refused', () => {
  for (const name of ['', 'web-2', '__proto__', 'x'.repeat(10_000)]) {
    const refused = eventQueryProblem(two, events({ host: hostId(name) }), sightIn(two));
    assert.equal(refused?.code, 'nothing-matched', name.slice(0, 60));
    assert.ok((refused?.message.length ?? 0) < 100);
  }
});
