/** However much a host has to say, so many of its events are kept, and the newest ones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventCap } from '../../controller/store/event-cap.ts';
import { MIGRATIONS } from '../../controller/store/schema.ts';
import { openDatabase } from '../../proto/sqlite.ts';
import { hostId } from '../../proto/vocabulary.ts';

function stored(journals: Readonly<Record<number, readonly [host: string, events: number]>>) {
  const database = openDatabase({ path: ':memory:', migrations: MIGRATIONS });
  const journal = database.prepare('INSERT INTO journals VALUES (?, ?, ?)');
  const event = database.prepare(
    `INSERT INTO event_rows (journal, seq, at_ms, stored_at_ms, event) VALUES (?, ?, 0, 0, '{}')`,
  );
  for (const [number, [host, events]] of Object.entries(journals)) {
    journal.run(Number(number), host, `journal-${number}`);
    for (let seq = 1; seq <= events; seq += 1) event.run(Number(number), seq);
  }
  const kept = database.prepare(
    'SELECT journal, min(seq) AS first, max(seq) AS last FROM event_rows GROUP BY journal',
  );
  return { database, kept: () => kept.all() };
}

test('while a journal grows its oldest events go, now and then', () => {
  const { database, kept } = stored({ 1: ['web-1', 3_000] });
  const cap = eventCap(database, 500);
  cap.stored(1, 2_999);
  assert.deepEqual(kept(), [{ journal: 1, first: 1, last: 3_000 }]);
  cap.stored(1, 3_000);
  assert.deepEqual(kept(), [{ journal: 1, first: 2_501, last: 3_000 }]);
  database.close();
});

test('below the cap nothing goes', () => {
  const { database, kept } = stored({ 1: ['web-1', 1_000] });
  const cap = eventCap(database, 1_000);
  cap.stored(1, 1_000);
  cap.trim(hostId('web-1'));
  assert.deepEqual(kept(), [{ journal: 1, first: 1, last: 1_000 }]);
  database.close();
});

test('who begins one journal after the other has no more than who keeps one', () => {
  const { database, kept } = stored({
    1: ['web-1', 40],
    2: ['web-1', 40],
    3: ['web-2', 40],
    4: ['web-1', 30],
  });
  eventCap(database, 50).trim(hostId('web-1'));
  assert.deepEqual(kept(), [
    { journal: 2, first: 21, last: 40 },
    { journal: 3, first: 1, last: 40 },
    { journal: 4, first: 1, last: 30 },
  ]);
  database.close();
});

test('a journal that leaves out the numbers at which one looks does not grow without end', () => {
  const { database, kept } = stored({ 1: ['web-1', 3_000] });
  const cap = eventCap(database, 500);
  for (let seq = 2_001; seq <= 2_999; seq += 1) cap.stored(1, seq);
  assert.deepEqual(kept(), [{ journal: 1, first: 1, last: 3_000 }]);
  cap.stored(1, 3_001);
  assert.deepEqual(kept(), [{ journal: 1, first: 2_502, last: 3_000 }]);
  database.close();
});

test('of journals, too, only so many are kept of one host, so that none takes long to begin', () => {
  const many = Array.from({ length: 1_200 }, (_, index) => [index + 1, ['web-1', 1]] as const);
  const { database, kept } = stored({ ...Object.fromEntries(many), 2000: ['web-2', 1] });
  eventCap(database).trim(hostId('web-1'));
  assert.equal(kept().length, 1_001);
  assert.deepEqual(kept()[0], { journal: 201, first: 1, last: 1 });
  assert.equal(database.prepare('SELECT count(*) FROM journals').pluck().get(), 1_001);
  database.close();
});

test('a journal whose numbers jump loses no more at once than takes a moment, and the rest by and by', () => {
  const { database, kept } = stored({ 1: ['web-1', 3_000] });
  const cap = eventCap(database, 500, 1_000);
  const lefts = [1, 2, 3, 4].map((more) => {
    cap.stored(1, 1_000_000 + more * 1_000);
    return (kept()[0] as { readonly first: number } | undefined)?.first ?? null;
  });
  assert.deepEqual(lefts, [1_001, 2_001, null, null]);
  database.close();
});

test('what a new journal makes too much goes in parts, too, without another journal being begun', () => {
  const { database, kept } = stored({ 1: ['web-1', 90], 2: ['web-1', 60], 3: ['web-1', 0] });
  const cap = eventCap(database, 50, 40);
  cap.trim(hostId('web-1'));
  const counts = () =>
    kept().map((row) => {
      const { first, last } = row as { readonly first: number; readonly last: number };
      return last - first + 1;
    });
  assert.deepEqual(counts(), [60, 50]);
  for (const expected of [[20, 50], [50], [50]]) {
    cap.stored(3, 1_000);
    assert.deepEqual(counts(), expected);
  }
  database.close();
});
