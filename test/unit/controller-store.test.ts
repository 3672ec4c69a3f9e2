import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type Execution, operationOf } from '../../controller/core/execution.ts';
import { OPERATION_RETENTION_MS } from '../../controller/core/operations.ts';
import type { FleetWrite } from '../../controller/core/state.ts';
import { type OpenStore, openStore } from '../../controller/store/open.ts';
import type { Operation } from '../../proto/operation.ts';
import { keptDatabase } from '../../proto/sqlite.ts';
import { DEFAULT_STRATEGY, type Strategy } from '../../proto/strategy.ts';
import { hostId, journalId, knownProcessName, WHOLE_HOST } from '../../proto/vocabulary.ts';
import {
  accepted,
  aHost,
  anId,
  aRequest,
  aStatus,
  emptyFleet,
  type FleetScript,
  fleetScript,
  NOW_MS,
  settled,
} from '../fakes/controller-fleet.ts';

const directory = mkdtempSync(join(tmpdir(), 'controller-store-'));
after(() => rmSync(directory, { recursive: true }));
let files = 0;

function aFile(): string {
  files += 1;
  return join(directory, `fleet-${files}.db`);
}

/** A look into the file itself, past the store. */
function rows(path: string, sql: string): readonly unknown[] {
  const database = keptDatabase(path, 0);
  const found = database.prepare(sql).all();
  database.close();
  return found;
}

async function commit(path: string, writes: readonly FleetWrite[]): Promise<void> {
  const store = openStore(path, NOW_MS);
  assert.equal(await store.commit(writes), 'committed');
  store[Symbol.dispose]();
}

/** Every write of a fleet that goes through most of what can happen to it. */
function busyFleet(): { readonly script: FleetScript; readonly writes: readonly FleetWrite[] } {
  const writes: FleetWrite[] = [];
  const script = fleetScript();
  const did = (): void => void writes.push(...script.writes);
  const both = [aStatus('db', { groupPriority: 1 }), aStatus('web', { lastError: 'ünïcode\0"' })];
  const give = script.give;
  script.give = (input) => {
    give(input);
    did();
  };
  script.connect('a', 1, both);
  script.connect('b', 2, both);
  script.connect('gone', 3, [aStatus('web')]);
  script.connect('gone', 4, []);
  script.tell('a', 1, 1, {
    kind: 'processChanged',
    process: aStatus('web', { state: 'FATAL', pid: null }),
  });
  script.submit(aRequest('signal', 'b', ['web'], { id: anId(2) }));
  script.tell('b', 2, 1, settled(anId(2), 'web', 'succeeded', 'signal'));
  script.submit(aRequest('restart', 'a,b', ['all'], { id: anId(1), reason: 'new build' }));
  script.tell('a', 1, 2, accepted(anId(1), 'db'));
  script.tell('b', 2, 2, settled(anId(1), 'db', 'failed'));
  script.give({ kind: 'sessionEnded', host: hostId('b'), connection: 2 });
  script.connect('new', 5, both);
  script.tell('new', 5, 1, { kind: 'processRemoved', process: knownProcessName('db') });
  script.tell('new', 5, 2, { kind: 'configJudged', problem: 'agent.conf:3: …' });
  script.submit(aRequest('update', 'new', [], { id: anId(3) }));
  const updated = settled(anId(3), WHOLE_HOST, 'succeeded', 'update');
  const outcome = { ...updated.outcome, note: 'web updated' };
  script.tell('new', 5, 3, { ...updated, outcome });
  beginOthers(script);
  return { script, writes };
}

/** One that waits for the first, one that is held up by a person, one whose host is away. */
function beginOthers(script: FleetScript): void {
  const request = (serial: number, hosts: string, more: Partial<Strategy>) =>
    aRequest('restart', hosts, ['web'], {
      id: anId(serial),
      strategy: { ...DEFAULT_STRATEGY, ...more },
    });
  const [one, half] = [
    { kind: 'count', count: 1 } as const,
    { kind: 'percent', percent: 50 } as const,
  ];
  script.submit(request(4, 'a', { batch: [one, half], canary: 1, lockWaitMs: 60_000 }));
  const patient = { minHealthyMs: 5_000, deadlineMs: 600_000, maxErrors: half } as const;
  script.submit(request(5, 'new', patient));
  const verifying = { kind: 'targetVerifying', process: knownProcessName('web') } as const;
  script.tell('new', 5, 4, { ...verifying, operationId: anId(5), verb: 'restart' });
  script.steer('cancel', { operation: anId(5), reason: 'wrong build' }, 'bob');
  script.connect('c', 6, [aStatus('web')]);
  script.give({ kind: 'sessionEnded', host: hostId('c'), connection: 6 });
  script.submit(request(6, 'c', { offline: { kind: 'queue', ttlMs: 60_000 } }));
}

function assertAsWritten(store: OpenStore, script: FleetScript): void {
  const { hosts, operations, sessionEpoch } = store.contents;
  assert.equal(sessionEpoch, script.state.sessionEpoch);
  assert.equal(hosts.size, script.state.hosts.size);
  for (const [id, host] of script.state.hosts) {
    // A restarted controller has no sessions yet.
    assert.deepEqual(hosts.get(id), { ...host, session: null, lossCount: 0 });
  }
  assert.deepEqual([...store.contents.live], [...script.state.live]);
  assert.equal(operations.size, script.state.operations.size);
  for (const [id, execution] of script.state.operations) {
    const stored = operations.get(id);
    assert.ok(stored !== undefined);
    assert.deepEqual(operationOf(stored), withoutHosts(operationOf(execution)));
    // One that has ended has nothing left to execute, and a wave of hosts that are all away is gone
    // through again.
    const isWaiting = [...execution.targets].some(({ state }) => state === 'waiting');
    if (execution.facts.endedAtMs !== null || isWaiting) continue;
    assert.deepEqual(laidOpen(stored), laidOpen(execution));
  }
}

/** Nobody is connected to a controller that does not serve yet. */
function withoutHosts(operation: Operation): Operation {
  const targets = operation.targets.map((target) => ({ ...target, hostConnected: false }));
  return { ...operation, targets };
}

/** Without its private parts `assert` could not compare them; limits count from when it is taken up. */
function laidOpen({ targets: _, lanes, limits: _limits, blockedBy: _by, ...rest }: Execution) {
  return { ...rest, lanes: [...lanes] };
}

test('hosts, processes and operations come back as they were, in whatever state', async () => {
  const { script, writes } = busyFleet();
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6].map((serial) => script.operation(anId(serial)).state),
    ['paused', 'succeeded', 'succeeded', 'planned', 'draining', 'running'],
  );
  const states = [1, 5, 6].flatMap((serial) => script.operation(anId(serial)).targets);
  assert.deepEqual(
    states.map(({ host, process, state }) => `${host}/${process} ${state}`),
    [
      ...['a/db accepted', 'b/db failed', 'a/web pending', 'b/web pending'],
      ...['new/web verifying', 'c/web waiting'],
    ],
  );
  const path = aFile();
  await commit(path, writes);
  const again = openStore(path, NOW_MS);
  assertAsWritten(again, script);
  again[Symbol.dispose]();
});

test('it makes no difference whether writes come in one transaction or in many', async () => {
  const { script, writes } = busyFleet();
  const path = aFile();
  const store = openStore(path, NOW_MS);
  for (const write of writes) await store.commit([write]);
  store[Symbol.dispose]();
  const again = openStore(path, NOW_MS);
  assertAsWritten(again, script);
  again[Symbol.dispose]();
});

test('an operation that was running goes on from what is stored', async () => {
  const { writes } = busyFleet();
  const path = aFile();
  await commit(path, writes);
  using again = openStore(path, NOW_MS);
  const script = fleetScript({ ...emptyFleet, ...again.contents });
  script.connect('a', 1, [aStatus('db'), aStatus('web')]);
  const commands = script.effects.flatMap((effect) =>
    effect.kind === 'send' && effect.message.kind === 'command' ? [effect.message.processes] : [],
  );
  assert.deepEqual(commands, [['db']]);
  script.tell('a', 1, 3, settled(anId(1), 'db'));
  // The other host's failure is remembered across the restart: no second wave.
  assert.equal(script.operation(anId(1)).state, 'paused');
  assert.equal(script.operation(anId(1)).halt?.by, null);
});

test('an empty store has nothing in it, and a commit of nothing is fine', async () => {
  using store = openStore(':memory:', NOW_MS);
  assert.equal(store.contents.hosts.size, 0);
  assert.equal(store.contents.operations.size, 0);
  assert.equal(store.contents.sessionEpoch, 0);
  assert.equal(await store.commit([]), 'committed');
});

const event = (seq: number, pid: number, journal = 'journal-1'): FleetWrite => ({
  kind: 'event',
  host: hostId('a'),
  journalId: journalId(journal),
  event: { seq, atMs: NOW_MS, event: { kind: 'processChanged', process: aStatus('web', { pid }) } },
  storedAtMs: NOW_MS,
});

const aKnownHost: FleetWrite = { kind: 'host', host: aHost('a', []) };

test('an event is stored once by host, journal and number; the first stays', async () => {
  const path = aFile();
  await commit(path, [aKnownHost, event(1, 100), event(1, 200), event(2, 300)]);
  await commit(path, [event(2, 400), event(1, 500, 'journal-2')]);
  assert.deepEqual(
    rows(path, "SELECT journal_id, seq, json_extract(event, '$.process.pid') AS pid FROM events"),
    [
      { journal_id: 'journal-1', seq: 1, pid: 100 },
      { journal_id: 'journal-1', seq: 2, pid: 300 },
      { journal_id: 'journal-2', seq: 1, pid: 500 },
    ],
  );
  const again = openStore(path, NOW_MS);
  // Only the journal that the host has now counts, and the mark never goes back.
  assert.equal(again.contents.hosts.get(hostId('a'))?.storedSeq, 2);
  again[Symbol.dispose]();
});

test('a batch is stored whole or not at all', async () => {
  const path = aFile();
  const store = openStore(path, NOW_MS);
  const { writes } = busyFleet();
  const begun = writes.filter((write) => write.kind === 'operationBegun');
  await assert.rejects(store.commit([aKnownHost, ...begun, ...begun]), /UNIQUE/);
  assert.deepEqual(rows(path, 'SELECT host FROM hosts'), []);
  assert.equal(await store.commit([aKnownHost]), 'committed');
  store[Symbol.dispose]();
});

test('an ended operation is held in memory for a day, a running one always', async () => {
  const path = aFile();
  await commit(path, busyFleet().writes);
  const heldAt = (wallMs: number) => {
    using store = openStore(path, wallMs);
    return [...store.contents.operations].map(([id]) => id).sort();
  };
  const all = [1, 2, 3, 4, 5, 6].map((serial) => anId(serial));
  assert.deepEqual(heldAt(NOW_MS + OPERATION_RETENTION_MS - 1), all);
  const live = [1, 4, 5, 6].map((serial) => anId(serial));
  assert.deepEqual(heldAt(NOW_MS + OPERATION_RETENTION_MS), live);
});

const DAY_MS = 24 * 60 * 60 * 1_000;

test('history is forgotten after its retention, and nothing else', async () => {
  const path = aFile();
  const { script, writes } = busyFleet();
  await commit(path, writes);
  const left = (table: string, wallMs: number) => {
    using store = openStore(path, wallMs);
    store.forgetOld(wallMs);
    return rows(path, `SELECT * FROM ${table}`).length;
  };
  assert.equal(left('events', NOW_MS + 14 * DAY_MS), 8);
  assert.equal(left('events', NOW_MS + 14 * DAY_MS + 1), 0);
  // Two operations of a target each have ended; the others have four, and one each.
  assert.equal(left('targets', NOW_MS + 14 * DAY_MS), 9);
  assert.equal(left('targets', NOW_MS + 1_000 * DAY_MS), 7);
  assert.equal(left('operations', NOW_MS + 1_000 * DAY_MS), 4);
  assert.equal(left('processes', NOW_MS + 1_000 * DAY_MS), 6);
  using again = openStore(path, NOW_MS);
  const kept = again.contents.operations.get(anId(1));
  assert.deepEqual(kept && operationOf(kept), withoutHosts(script.operation(anId(1))));
});

test('a closed store rejects instead of pretending', async () => {
  const store = openStore(':memory:', NOW_MS);
  store[Symbol.dispose]();
  await assert.rejects(store.commit([aKnownHost]), /not open/);
});

test('what was said last of a host, and of what its agent found, is what is remembered', async () => {
  const path = aFile();
  const checked = aStatus('web', {
    ...{ health: 'unhealthy', healthError: 'no', waitsFor: 'db', leftBehind: 2 },
    ...{ lostOutputBytes: 3, residentBytes: 4, memoryMaxBytes: 5 },
  });
  const hosts = [
    aHost('a', [checked]),
    aHost('a', [checked], { adopted: 20, stateProblem: 'damaged', configProblem: 'x:1: no' }),
  ];
  for (const host of hosts) {
    await commit(path, [
      { kind: 'host', host },
      { kind: 'snapshot', host },
    ]);
    using store = openStore(path, NOW_MS);
    assert.deepEqual(store.contents.hosts.get(hostId('a')), { ...host, session: null });
  }
});
