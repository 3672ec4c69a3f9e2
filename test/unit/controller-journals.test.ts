import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { FleetWrite } from '../../controller/core/state.ts';
import { storeOn } from '../../controller/store/open.ts';
import { MIGRATIONS } from '../../controller/store/schema.ts';
import { openDatabase, type SqliteDatabase } from '../../proto/sqlite.ts';
import { hostId, journalId } from '../../proto/vocabulary.ts';
import { aHost, aStatus, NOW_MS } from '../fakes/controller-fleet.ts';

const directory = mkdtempSync(join(tmpdir(), 'controller-journals-'));
after(() => rmSync(directory, { recursive: true }));
const DAY_MS = 24 * 60 * 60 * 1_000;
const A = hostId('a');

const told = (journal: string, seq: number, storedAtMs = NOW_MS): FleetWrite => ({
  kind: 'event',
  host: A,
  journalId: journalId(journal),
  event: { seq, atMs: NOW_MS, event: { kind: 'processChanged', process: aStatus('web') } },
  storedAtMs,
});
const known: FleetWrite = { kind: 'host', host: aHost('a', []) };
const inMemory = (): SqliteDatabase => openDatabase({ path: ':memory:', migrations: MIGRATIONS });
const journals = (database: SqliteDatabase): readonly unknown[] =>
  database.prepare('SELECT journal_id FROM journals ORDER BY number').pluck().all();
const events = (database: SqliteDatabase): readonly unknown[] =>
  database.prepare("SELECT journal_id || ' ' || seq FROM events ORDER BY position").pluck().all();

test('a journal has a number of its own, whichever it is told of in between', async () => {
  const database = inMemory();
  using store = storeOn(database, NOW_MS);
  await store.commit([known, told('one', 1), told('two', 1), told('one', 2), told('one', 2)]);
  assert.deepEqual(journals(database), ['one', 'two']);
  assert.deepEqual(events(database), ['one 1', 'two 1', 'one 2']);
});

test('a journal of which nothing was committed is begun again', async () => {
  const database = inMemory();
  using store = storeOn(database, NOW_MS);
  // A process of a host that is not there fails the whole batch.
  const impossible = { kind: 'process', host: hostId('nobody'), status: aStatus('web') } as const;
  await assert.rejects(store.commit([known, told('one', 1), impossible]));
  assert.deepEqual(journals(database), []);
  await store.commit([known, told('one', 1)]);
  assert.deepEqual(events(database), ['one 1']);
});

test('a journal whose events are all past their retention is forgotten, and can come back', async () => {
  const database = inMemory();
  using store = storeOn(database, NOW_MS);
  await store.commit([known, told('two', 1, NOW_MS + 14 * DAY_MS), told('one', 1)]);
  store.forgetOld(NOW_MS + 14 * DAY_MS + 1);
  assert.deepEqual(journals(database), ['two']);
  await store.commit([told('one', 2), told('two', 3)]);
  assert.deepEqual(events(database), ['two 1', 'one 2', 'two 3']);
});

test('events of an earlier schema keep their journals, their order and what they say', async () => {
  const path = join(directory, 'fleet.db');
  const before = openDatabase({ path, migrations: MIGRATIONS.slice(0, 5) });
  const insert = before.prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)');
  for (const [host, journal, seq] of [
    ['a', 'z', 1],
    ['b', 'z', 1],
    ['a', 'y', 1],
    ['a', 'z', 2],
  ] as const) {
    insert.run(host, journal, seq, NOW_MS + seq, NOW_MS, `{"kind":"localOrder","seq":${seq}}`);
  }
  before.close();
  const database = openDatabase({ path, migrations: MIGRATIONS });
  const rows = database.prepare('SELECT host, journal_id, seq, at_ms, event FROM events').all();
  assert.deepEqual(rows[2], {
    host: 'a',
    journal_id: 'y',
    seq: 1,
    at_ms: NOW_MS + 1,
    event: '{"kind":"localOrder","seq":1}',
  });
  assert.deepEqual(events(database), ['z 1', 'z 1', 'y 1', 'z 2']);
  assert.equal(journals(database).length, 3);
  database.close();
});
