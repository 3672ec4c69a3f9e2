import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { operationOf } from '../../controller/core/execution.ts';
import { openStore } from '../../controller/store/open.ts';
import { MIGRATIONS } from '../../controller/store/schema.ts';
import { openDatabase } from '../../proto/sqlite.ts';
import { DEFAULT_STRATEGY } from '../../proto/strategy.ts';
import { hostId, journalId } from '../../proto/vocabulary.ts';
import { aHost, anId, aStatus, NOW_MS } from '../fakes/controller-fleet.ts';

const directory = mkdtempSync(join(tmpdir(), 'controller-upgrade-'));
after(() => rmSync(directory, { recursive: true }));

const { hold: _hold, ...statusOfSchema4 } = aStatus('web', { restarts: 2 });
const {
  health: _health,
  healthError: _healthError,
  waitsFor: _waitsFor,
  lostOutputBytes: _lostOutputBytes,
  leftBehind: _leftBehind,
  residentBytes: _residentBytes,
  memoryMaxBytes: _memoryMaxBytes,
  ...statusOfSchema3
} = statusOfSchema4;

/** As version 0.1 wrote them: what came later is not in them. */
const { startMs: _start, stopWaitMs: _stop, tierWaitMs: _tier, ...oldStatus } = statusOfSchema3;
const oldTarget = { operationId: anId(1), process: 'web' };
const oldEvents = [
  { kind: 'processChanged', process: oldStatus },
  { kind: 'targetAccepted', ...oldTarget, generation: 2, oldPid: 100 },
  { kind: 'targetSettled', ...oldTarget, outcome: { state: 'failed', durationMs: 3 } },
  { kind: 'targetAccepted', ...oldTarget, operationId: 'forgotten', generation: 1, oldPid: null },
];
const oldWaves = [
  { index: 0, groupPriority: 1, priority: 2, targets: 1 },
  { index: 1, groupPriority: 5, priority: 2, targets: 1 },
];

const ONE_BATCH = { batch: 0, batches: 1, isCanary: false };

type Insert = (table: string, values: readonly unknown[]) => void;

/** A database of an earlier schema, with these rows. */
function fileOfSchema(version: number, path: string, fill: (insert: Insert) => void): void {
  const database = openDatabase({ path, migrations: MIGRATIONS.slice(0, version) });
  fill((table, values) => {
    const marks = values.map(() => '?').join(', ');
    database.prepare(`INSERT INTO ${table} VALUES (${marks})`).run(...values);
  });
  database.close();
}

/** With a host and an operation in its first wave. */
function oldFile(): string {
  const path = join(directory, 'fleet.db');
  fileOfSchema(1, path, fillOldFile);
  return path;
}

function fillOldFile(insert: Insert): void {
  insert('counters', ['session_epoch', 7]);
  insert('hosts', ['a', '{"env":"prod"}', '0.1.0', 'j', 4, NOW_MS]);
  insert('processes', ['a', 'web', JSON.stringify(oldStatus)]);
  for (const [index, event] of oldEvents.entries()) {
    insert('events', ['a', 'j', index + 1, NOW_MS, NOW_MS, JSON.stringify(event)]);
  }
  const asked = [anId(1), 'stop', null, 'a', '["all"]', 'old'];
  const stands = ['alice', 'running', 0, NOW_MS, null, JSON.stringify(oldWaves)];
  insert('operations', [...asked, ...stands]);
  insert('targets', [anId(1), 'a', 'web', 0, 0, 'dispatched', null, null, null, null, '[]']);
  insert('targets', [anId(1), 'a', 'db', 1, 1, 'pending', null, null, null, null, '[]']);
}

test('a database of version 0.1 goes on as it was, with what it did not know filled in', async () => {
  const path = oldFile();
  using store = openStore(path, NOW_MS);
  assert.ok(existsSync(`${path}.schema-1`), 'a copy is taken first');
  const { hosts, operations, live, sessionEpoch } = store.contents;
  assert.equal(sessionEpoch, 7);
  const host = hosts.get(hostId('a'));
  assert.deepEqual(host?.labels, { env: 'prod' });
  assert.equal(host?.address, null);
  assert.equal(host?.configProblem, null);
  assert.equal(host?.adopted, null);
  assert.equal(host?.stateProblem, null);
  assert.equal(host?.storedSeq, 4);
  // Supervisor's defaults, until its agent says better.
  assert.deepEqual([...(host?.processes.values() ?? [])], [aStatus('web', { restarts: 2 })]);

  assert.deepEqual([...live], [anId(1)]);
  const execution = operations.get(anId(1));
  assert.ok(execution !== undefined);
  const { order, fullStop, expectHosts, leftOut, waves, targets } = operationOf(execution);
  assert.deepEqual(
    { order, fullStop, expectHosts },
    { order: 'tier', fullStop: false, expectHosts: null },
  );
  assert.deepEqual(leftOut, []);
  assert.deepEqual(
    waves,
    oldWaves.map((wave) => ({ ...wave, action: 'stop', waitMs: 30_000, ...ONE_BATCH })),
  );
  const [web, db] = targets;
  assert.equal(web?.state, 'dispatched');
  assert.equal(db?.wave, 1);
  for (const { stopWave, stopped, overdue, processState, note } of targets) {
    const known = { stopWave, stopped, overdue, processState, note };
    const none = {
      ...{ stopWave: null, stopped: false, overdue: false, processState: 'UNKNOWN' },
      note: null,
    };
    assert.deepEqual(known, none);
  }
});

test('its events can be read, with the verb of their operation', async () => {
  using store = openStore(join(directory, 'fleet.db'), NOW_MS);
  const events = await store.recentEvents({ host: hostId('a'), process: null, limit: 10 });
  const [forgotten, settled, accepted, changed] = events.map(({ event }) => event);
  assert.deepEqual(changed, { kind: 'processChanged', process: aStatus('web', { restarts: 2 }) });
  assert.deepEqual(accepted, { ...oldEvents[1], verb: 'stop' });
  const outcome = { state: 'failed', durationMs: 3, fault: null, note: null };
  assert.deepEqual(settled, { ...oldEvents[2], verb: 'stop', outcome });
  // Its operation is past its retention.
  assert.deepEqual(forgotten, { ...oldEvents[3], verb: 'restart' });
});

test('a database of the schema before health checks goes on, with nothing said of them', async () => {
  const path = join(directory, 'before-health.db');
  const settled = {
    kind: 'targetSettled',
    ...oldTarget,
    verb: 'stop',
    outcome: { state: 'failed' },
  };
  const events = [{ kind: 'processChanged', process: statusOfSchema3 }, settled];
  fileOfSchema(3, path, (insert) => {
    insert('hosts', ['a', '{}', '0.1.0', 'j', 2, NOW_MS, '10.0.0.1', 'agent.conf:3: unknown key']);
    insert('processes', ['a', 'web', JSON.stringify(statusOfSchema3)]);
    for (const [index, event] of events.entries()) {
      insert('events', ['a', 'j', index + 1, NOW_MS, NOW_MS, JSON.stringify(event)]);
    }
  });

  using store = openStore(path, NOW_MS);
  assert.ok(existsSync(`${path}.schema-3`), 'a copy is taken first');
  const status = aStatus('web', { restarts: 2 });
  const host = store.contents.hosts.get(hostId('a'));
  assert.deepEqual(host, {
    ...aHost('a', [status], { session: null, agentVersion: '0.1.0', journalId: journalId('j') }),
    storedSeq: 2,
    configProblem: 'agent.conf:3: unknown key',
    adopted: null,
    stateProblem: null,
    instanceId: '',
    certificateEndsAtMs: null,
  });
  const stored = await store.recentEvents({ host: hostId('a'), process: null, limit: 10 });
  const [untouched, changed] = stored.map(({ event }) => event);
  assert.deepEqual(changed, { kind: 'processChanged', process: status });
  assert.deepEqual(untouched, settled);
});

test('a database of the schema before strategies goes on, all at once as it was meant', async () => {
  const path = join(directory, 'before-strategies.db');
  const wave = { ...oldWaves[0], action: 'stop', waitMs: 30_000 };
  const operation = (id: string, mustStop: number, endedAtMs: number | null) => {
    const state = endedAtMs === null ? 'running' : 'failed';
    const asked = [id, 'restart', null, 'a', '["all"]', '', 'alice'];
    const stands = [state, mustStop, NOW_MS, endedAtMs, JSON.stringify([wave])];
    return [...asked, ...stands, 'host', 0, 1, '["b"]'];
  };
  const target = [anId(1), 'a', 'web', 0, 0, 'accepted', 100, null, null, null, '[]'];
  fileOfSchema(4, path, (insert) => {
    insert('hosts', ['a', '{}', '0.1.0', 'j', 1, NOW_MS, '10.0.0.1', null, 3, 'damaged']);
    insert('processes', ['a', 'web', JSON.stringify(statusOfSchema4)]);
    const changed = { kind: 'processChanged', process: statusOfSchema4 };
    insert('events', ['a', 'j', 1, NOW_MS, NOW_MS, JSON.stringify(changed)]);
    insert('operations', operation(anId(1), 1, null));
    insert('operations', operation(anId(2), 0, NOW_MS));
    insert('operations', operation(anId(3), 0, null));
    insert('targets', [...target, null, 0, 0, 'RUNNING', 'noted']);
    const pending = [anId(1), 'a', 'zoo', 1, 0, 'pending', null, null, null, null, '[]'];
    insert('targets', [...pending, null, 0, 0, 'RUNNING', null]);
  });

  using store = openStore(path, NOW_MS);
  assert.ok(existsSync(`${path}.schema-4`), 'a copy is taken first');
  const status = aStatus('web', { restarts: 2 });
  const { hosts, operations, live } = store.contents;
  assert.deepEqual([...(hosts.get(hostId('a'))?.processes.values() ?? [])], [status]);
  const [event] = await store.recentEvents({ host: hostId('a'), process: null, limit: 10 });
  assert.deepEqual(event?.event, { kind: 'processChanged', process: status });

  assert.deepEqual([...live], [anId(1), anId(3)]);
  const stopping = operations.get(anId(1));
  assert.ok(stopping !== undefined);
  // What had gone wrong still lets no further wave begin.
  assert.deepEqual(stopping.tally, { errors: 1, lost: 0, canaries: 0 });
  assert.deepEqual(operations.get(anId(3))?.tally, { errors: 0, lost: 0, canaries: 0 });
  const { strategy, runbook, retryOf, halt, waves, targets } = operationOf(stopping);
  assert.deepEqual(strategy, DEFAULT_STRATEGY);
  assert.deepEqual({ runbook, retryOf, halt }, { runbook: null, retryOf: null, halt: null });
  assert.deepEqual(waves, [{ ...wave, ...ONE_BATCH }]);
  assert.deepEqual(
    targets.map(({ state, note, dispatchedAtMs }) => [state, note, dispatchedAtMs]),
    [
      ['accepted', 'noted', NOW_MS],
      ['pending', null, null],
    ],
  );
});
