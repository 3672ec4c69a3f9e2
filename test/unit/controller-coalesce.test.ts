import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FleetWrite } from '../../controller/core/state.ts';
import { coalesced } from '../../controller/store/coalesce.ts';
import { type HostId, hostId, type ProcessName, processName } from '../../proto/vocabulary.ts';
import {
  accepted,
  anId,
  aRequest,
  aStatus,
  fleetScript,
  NOW_MS,
  settled,
} from '../fakes/controller-fleet.ts';

const [A, B] = [hostId('a'), hostId('b')];
const put = (host: HostId, process: string, pid: number): FleetWrite => ({
  kind: 'process',
  host,
  status: aStatus(process, { pid }),
});
const removed = (host: HostId, process: ProcessName): FleetWrite => ({
  kind: 'processRemoved',
  host,
  process,
});

test('of several states of one process the last is written', () => {
  const [old, other, elsewhere, last] = [
    put(A, 'web', 1),
    put(A, 'db', 2),
    put(B, 'web', 3),
    put(A, 'web', 4),
  ];
  assert.deepEqual(coalesced([old, other, elsewhere, last]), [other, elsewhere, last]);
});

test('a process that is removed and comes back is there; one that comes and goes is not', () => {
  const web = processName('web', 'web');
  const back = [put(A, 'web', 1), removed(A, web), put(A, 'web', 2)];
  assert.deepEqual(coalesced(back), back.slice(1));
  const gone = [put(A, 'web', 1), removed(A, web)];
  assert.deepEqual(coalesced(gone), gone);
});

/** What a restart on two hosts makes durable, as one batch. */
function restart(): readonly FleetWrite[] {
  const script = fleetScript();
  const writes: FleetWrite[] = [];
  for (const [index, host] of ['a', 'b'].entries())
    script.connect(host, index + 1, [aStatus('web')]);
  script.submit(aRequest('restart', '@*', ['web']));
  writes.push(...script.writes);
  for (const [index, host] of ['a', 'b'].entries()) {
    for (const [seq, event] of [accepted(anId(), 'web'), settled(anId(), 'web')].entries()) {
      script.tell(host, index + 1, seq + 1, event);
      writes.push(...script.writes);
    }
  }
  return writes;
}

test('what changes in an operation is written once, after its beginning, as it is in the end', () => {
  const writes = restart();
  const short = coalesced(writes);
  const kinds = short.map(({ kind }) => kind);
  assert.equal(kinds.filter((kind) => kind === 'operationChanged').length, 1);
  assert.ok(writes.filter(({ kind }) => kind === 'operationChanged').length > 3);
  assert.ok(kinds.indexOf('operationBegun') < kinds.indexOf('operationChanged'));
  const change = short.at(-1);
  assert.ok(change?.kind === 'operationChanged');
  assert.deepEqual(
    change.changed.map(({ host, state }) => [host, state]),
    [
      ['a', 'succeeded'],
      ['b', 'succeeded'],
    ],
  );
  assert.equal(change.moved?.facts.state, 'succeeded');
  assert.equal(change.moved?.facts.endedAtMs, NOW_MS);
});

test('events are all kept', () => {
  const events = (writes: readonly FleetWrite[]) => writes.filter(({ kind }) => kind === 'event');
  const writes = restart();
  assert.equal(events(writes).length, 4);
  assert.deepEqual(events(coalesced(writes)), events(writes));
});
