import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { operationOf } from '../../controller/core/execution.ts';
import { openStore } from '../../controller/store/open.ts';
import { MIGRATIONS } from '../../controller/store/schema.ts';
import { openDatabase } from '../../proto/sqlite.ts';
import { hostId } from '../../proto/vocabulary.ts';
import { anId, aStatus, NOW_MS } from '../fakes/controller-fleet.ts';

const directory = mkdtempSync(join(tmpdir(), 'controller-upgrade-'));
after(() => rmSync(directory, { recursive: true }));

/** As version 0.1 wrote them: what came later is not in them. */
const { startMs: _start, stopWaitMs: _stop, tierWaitMs: _tier, ...oldStatus } = aStatus('web');
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

/** A database of the first schema, with a host and an operation in its first wave. */
function oldFile(): string {
  const path = join(directory, 'fleet.db');
  const database = openDatabase({ path, migrations: MIGRATIONS.slice(0, 1) });
  const insert = (table: string, values: readonly unknown[]): void => {
    const marks = values.map(() => '?').join(', ');
    database.prepare(`INSERT INTO ${table} VALUES (${marks})`).run(...values);
  };
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
  database.close();
  return path;
}

test('a database of version 0.1 goes on as it was, with what it did not know filled in', async () => {
  const path = oldFile();
  using store = openStore(path, NOW_MS);
  assert.ok(existsSync(`${path}.schema-1`), 'a copy is taken first');
  const { hosts, operations, running, sessionEpoch } = store.contents;
  assert.equal(sessionEpoch, 7);
  const host = hosts.get(hostId('a'));
  assert.deepEqual(host?.labels, { env: 'prod' });
  assert.equal(host?.address, null);
  assert.equal(host?.configProblem, null);
  assert.equal(host?.storedSeq, 4);
  // Supervisor's defaults, until its agent says better.
  assert.deepEqual([...(host?.processes.values() ?? [])], [aStatus('web')]);

  assert.deepEqual([...running], [anId(1)]);
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
    oldWaves.map((wave) => ({ ...wave, action: 'stop', waitMs: 30_000 })),
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
  assert.deepEqual(changed, { kind: 'processChanged', process: aStatus('web') });
  assert.deepEqual(accepted, { ...oldEvents[1], verb: 'stop' });
  const outcome = { state: 'failed', durationMs: 3, fault: null, note: null };
  assert.deepEqual(settled, { ...oldEvents[2], verb: 'stop', outcome });
  // Its operation is past its retention.
  assert.deepEqual(forgotten, { ...oldEvents[3], verb: 'restart' });
});
