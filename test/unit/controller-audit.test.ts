import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { FleetWrite } from '../../controller/core/state.ts';
import { rowHash } from '../../controller/store/audit-chain.ts';
import { type OpenStore, storeOn } from '../../controller/store/open.ts';
import { MIGRATIONS } from '../../controller/store/schema.ts';
import type { AuditEntry, AuditHead, AuditQuery, AuditRow } from '../../proto/audit.ts';
import { openDatabase, type SqliteDatabase } from '../../proto/sqlite.ts';
import { NOW_MS } from '../fakes/controller-fleet.ts';

const EVERYTHING: AuditQuery = {
  actor: null,
  action: null,
  outcome: null,
  sinceMs: null,
  limit: 0,
};

function anEntry(serial: number, more: Partial<AuditEntry> = {}): AuditEntry {
  return {
    atMs: NOW_MS + serial,
    actor: { kind: 'operator', name: 'alice', fingerprint: 'AB:CD', address: '10.0.0.9' },
    action: 'restart',
    hosts: 'web-*',
    processes: ['web:*', 'ünïcode\0"'],
    targets: `web-${serial}: web`,
    targetCount: 1,
    operation: null,
    reason: '',
    outcome: 'done',
    detail: '',
    ...more,
  };
}

interface Record {
  readonly database: SqliteDatabase;
  readonly store: OpenStore;
}

async function recordOf(entries: readonly AuditEntry[], inBatchesOf = 3): Promise<Record> {
  const database = openDatabase({ path: ':memory:', migrations: MIGRATIONS });
  const store = storeOn(database, NOW_MS);
  for (let from = 0; from < entries.length; from += inBatchesOf) {
    await store.commit(entries.slice(from, from + inBatchesOf).map(writeOf));
  }
  return { database, store };
}

const writeOf = (entry: AuditEntry): FleetWrite => ({ kind: 'audit', entry });

const entries = (count: number): AuditEntry[] =>
  Array.from({ length: count }, (_, index) => anEntry(index + 1));

async function allRows(store: OpenStore, query = EVERYTHING): Promise<readonly AuditRow[]> {
  const rows: AuditRow[] = [];
  let page = await store.auditRows(query, null);
  while (page.length > 0) {
    rows.push(...page);
    page = await store.auditRows(query, page.at(-1)?.seq ?? 0);
  }
  return rows;
}

/** What somebody does who can write the file. */
function forge(database: SqliteDatabase, seq: number, change: (text: string) => string): void {
  const rows = database
    .prepare('SELECT seq, entry, previous_hash FROM audit WHERE seq >= ? ORDER BY seq')
    .all(seq) as readonly { seq: number; entry: string; previous_hash: string }[];
  let previous = rows[0]?.previous_hash ?? '';
  for (const row of rows) {
    const entry = row.seq === seq ? change(row.entry) : row.entry;
    const hash = rowHash(previous, entry);
    database
      .prepare('UPDATE audit SET entry = ?, previous_hash = ?, hash = ? WHERE seq = ?')
      .run(entry, previous, hash, row.seq);
    previous = hash;
  }
  database.prepare("UPDATE audit_edges SET hash = ? WHERE name = 'head'").run(previous);
}

test('what is put on record is read back, numbered without a gap and chained', async () => {
  const { store } = await recordOf(entries(7));
  const rows = await allRows(store);
  assert.deepEqual(
    rows.map(({ seq, hash: _hash, previousHash: _previous, ...entry }) => [seq, entry]),
    entries(7).map((entry, index) => [index + 1, entry]),
  );
  assert.equal(rows[0]?.previousHash, '0'.repeat(64));
  for (const [index, row] of rows.entries()) {
    if (index > 0) assert.equal(row.previousHash, rows[index - 1]?.hash);
  }
  assert.deepEqual(store.auditHead(), { seq: 7, hash: rows[6]?.hash });
});

test('a batch that is not stored leaves no trace in the chain', async () => {
  const { database, store } = await recordOf(entries(2));
  const process = { kind: 'process', host: 'nobody', status: { process: 'web' } };
  await assert.rejects(store.commit([writeOf(anEntry(3)), process as unknown as FleetWrite]));
  assert.equal(store.auditHead()?.seq, 2);
  await store.commit([writeOf(anEntry(4))]);
  assert.equal((await allRows(store)).at(-1)?.targets, 'web-4: web');
  const sound = await store.verifyAudit(null);
  assert.deepEqual(sound, { kind: 'sound', firstSeq: 1, head: store.auditHead() });
  const later = storeOn(database, NOW_MS);
  await later.commit([writeOf(anEntry(5))]);
  assert.equal((await later.verifyAudit(null)).kind, 'sound', 'the next controller goes on');
});

const TAMPERINGS: readonly (readonly [what: string, sql: string, bad: number, why: RegExp])[] = [
  [
    'an edited row',
    "UPDATE audit SET entry = replace(entry, 'alice', 'bob') WHERE seq = 4",
    4,
    /was changed/,
  ],
  ['another time beside it', 'UPDATE audit SET at_ms = 1 WHERE seq = 4', 4, /its time/],
  ['a row taken out', 'DELETE FROM audit WHERE seq = 4', 4, /missing; .* row 5/],
  ['rows taken from the front', 'DELETE FROM audit WHERE seq <= 3', 1, /missing; .* row 4/],
  ['rows taken from the end', 'DELETE FROM audit WHERE seq > 6', 7, /missing; row 9 was the last/],
  ['every row taken', 'DELETE FROM audit', 1, /missing; row 9 was the last/],
  [
    'two rows in each other’s place',
    'UPDATE audit SET seq = -4 WHERE seq = 4; UPDATE audit SET seq = 4 WHERE seq = 5;' +
      'UPDATE audit SET seq = 5 WHERE seq = -4',
    4,
    /does not continue row 3/,
  ],
  [
    'a row that others added',
    "INSERT INTO audit SELECT 10, 0, '{}', '', '' FROM audit WHERE seq = 9",
    10,
    /was changed/,
  ],
  [
    'a row from before the first',
    'INSERT INTO audit SELECT -1, at_ms, entry, previous_hash, hash FROM audit WHERE seq = 9',
    -1,
    /stands before row 1/,
  ],
  ['another end', "UPDATE audit_edges SET hash = '' WHERE name = 'head'", 9, /not the row/],
  ['no end', "DELETE FROM audit_edges WHERE name = 'head'", 9, /may not be the last/],
  [
    'an end that lies further back',
    "UPDATE audit_edges SET seq = 6, hash = (SELECT hash FROM audit WHERE seq = 6) WHERE name = 'head'",
    7,
    /added by others/,
  ],
];

for (const [what, sql, bad, why] of TAMPERINGS) {
  test(`verification names the first bad row: ${what}`, async () => {
    const { database, store } = await recordOf(entries(9));
    database.exec(sql);
    const verdict = await store.verifyAudit(null);
    assert.ok(verdict.kind === 'broken', `${what} is found`);
    assert.equal(verdict.seq, bad);
    assert.match(verdict.why, why);
    assert.ok(Array.isArray(await store.auditRows(EVERYTHING, null)), 'it can still be read');
  });
}

test('what was tampered with stays visible when the next controller goes on', async () => {
  for (const [what, sql] of TAMPERINGS) {
    const { database } = await recordOf(entries(9));
    database.exec(sql);
    const next = storeOn(database, NOW_MS);
    await next.commit([writeOf(anEntry(10))]);
    assert.equal((await next.verifyAudit(null)).kind, 'broken', what);
  }
});

test('any change of any row is found', async () => {
  const { database, store } = await recordOf(entries(6));
  const columns = fc.constantFrom('entry', 'previous_hash', 'hash', 'at_ms', 'seq');
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 6 }),
      columns,
      fc.nat(200),
      async (seq, column, at) => {
        const stored = database.prepare(`SELECT ${column} FROM audit WHERE seq = ?`).pluck();
        const before = stored.get(seq) as string | number;
        const after = typeof before === 'number' ? before + 10 + at : flipped(before, at);
        const set = (value: string | number, where: number) =>
          database.prepare(`UPDATE audit SET ${column} = ? WHERE seq = ?`).run(value, where);
        set(after, seq);
        const verdict = await store.verifyAudit(null);
        set(before, column === 'seq' ? Number(after) : seq);
        assert.ok(verdict.kind === 'broken' && verdict.seq >= seq && verdict.seq <= seq + 1);
      },
    ),
    { numRuns: 60 },
  );
  assert.equal((await store.verifyAudit(null)).kind, 'sound', 'what was put back is sound');
});

function flipped(text: string, at: number): string {
  const place = at % text.length;
  return `${text.slice(0, place)}${text[place] === 'a' ? 'b' : 'a'}${text.slice(place + 1)}`;
}

test('a chain that was made anew is sound in itself, and shows against a head that was written down', async () => {
  const { database, store } = await recordOf(entries(9));
  const atSix = (await allRows(store))[5] as AuditHead;
  const atEnd = store.auditHead();
  forge(database, 5, (text) => text.replace('"seq":5', '"seq":50'));
  assert.equal((await store.verifyAudit(null)).kind, 'broken', 'a row has its own number');
  forge(database, 5, (text) => text.replace('"seq":50', '"seq":5').replaceAll('alice', 'bob'));
  assert.equal((await store.verifyAudit(null)).kind, 'sound');
  assert.deepEqual(await store.verifyAudit(atSix), {
    kind: 'broken',
    seq: 6,
    why: 'is not the row that was written down elsewhere',
  });
  assert.equal((await store.verifyAudit(atEnd)).kind, 'broken');
});

test('a head that was written down says that the end is gone', async () => {
  const { database, store } = await recordOf(entries(9));
  const atEnd = store.auditHead();
  database.exec('DELETE FROM audit WHERE seq > 6');
  database.exec(
    "UPDATE audit_edges SET seq = 6, hash = (SELECT hash FROM audit WHERE seq = 6) WHERE name = 'head'",
  );
  assert.equal((await store.verifyAudit(null)).kind, 'sound');
  const verdict = await store.verifyAudit(atEnd);
  assert.ok(verdict.kind === 'broken');
  assert.equal(verdict.seq, 7);
  const { store: empty } = await recordOf([]);
  assert.deepEqual(await empty.verifyAudit(null), { kind: 'sound', firstSeq: 1, head: null });
  assert.equal((await empty.verifyAudit(atEnd)).kind, 'broken');
});

test('retention forgets from the front only, and what is left is sound', async () => {
  // The clock was set back between the fourth and the fifth.
  const times = [1, 2, 3, 90, 4, 5, 91, 92];
  const { database, store } = await recordOf(
    times.map((atMs, index) => anEntry(index + 1, { atMs })),
  );
  const [third, fourth] = (await allRows(store)).slice(2) as readonly AuditHead[] as [
    AuditHead,
    AuditHead,
  ];
  store.forgetOld(150, { eventMs: 1_000, auditMs: 100 });
  assert.deepEqual(
    (await allRows(store)).map(({ seq }) => seq),
    [4, 5, 6, 7, 8],
  );
  const sound = { kind: 'sound', firstSeq: 4, head: store.auditHead() };
  assert.deepEqual(await store.verifyAudit(null), sound);
  assert.deepEqual(await store.verifyAudit(third), sound, 'the row just before is still known');
  assert.deepEqual(await store.verifyAudit(fourth), sound);
  assert.deepEqual(await store.verifyAudit({ seq: 2, hash: 'ab' }), {
    kind: 'broken',
    seq: 2,
    why: 'is not kept any more: the oldest row is 4, so nothing can be compared',
  });
  database.exec('DELETE FROM audit WHERE seq <= 5');
  const beyond = await store.verifyAudit(null);
  assert.ok(beyond.kind === 'broken' && beyond.seq === 4, 'more was taken than was forgotten');
});

test('a record of which everything was forgotten goes on where it was', async () => {
  const { store } = await recordOf(entries(4));
  const head = store.auditHead();
  store.forgetOld(NOW_MS + 1_000, { eventMs: 1_000, auditMs: 100 });
  assert.deepEqual(await store.verifyAudit(head), { kind: 'sound', firstSeq: 5, head });
  await store.commit([writeOf(anEntry(5))]);
  assert.deepEqual(
    (await allRows(store)).map(({ seq }) => seq),
    [5],
  );
  assert.equal((await store.verifyAudit(head)).kind, 'sound');
});

test('a record may grow and be forgotten while it is verified', async () => {
  const { store } = await recordOf(entries(4_500), 1_500);
  const head = store.auditHead();
  const verdict = store.verifyAudit(head);
  await store.commit([writeOf(anEntry(4_501))]);
  store.forgetOld(NOW_MS + 4_000, { eventMs: 1_000, auditMs: 0 });
  assert.deepEqual(await verdict, { kind: 'sound', firstSeq: 4_000, head });
});

test('rows are found by who, what and how it came out, oldest or newest first', async () => {
  const nobody = { kind: 'nobody', name: 'alice', fingerprint: null, address: null } as const;
  const { store } = await recordOf([
    anEntry(1),
    anEntry(2, { action: 'token create' }),
    anEntry(3, { action: 'token revoke', actor: nobody, outcome: 'refused' }),
    anEntry(4, { action: 'tokens' }),
    anEntry(5, { atMs: NOW_MS }),
  ]);
  const seqs = async (query: Partial<AuditQuery>) =>
    (await allRows(store, { ...EVERYTHING, ...query })).map(({ seq }) => seq);
  assert.deepEqual(await seqs({ actor: 'alice' }), [1, 2, 3, 4, 5]);
  assert.deepEqual(await seqs({ actor: 'nobody/alice' }), [3]);
  assert.deepEqual(await seqs({ actor: "alice' OR 1" }), []);
  assert.deepEqual(await seqs({ action: 'token' }), [2, 3]);
  assert.deepEqual(await seqs({ action: 'token create' }), [2]);
  assert.deepEqual(await seqs({ outcome: 'refused' }), [3]);
  assert.deepEqual(await seqs({ sinceMs: NOW_MS + 3 }), [3, 4]);
  const newest = await store.auditRows({ ...EVERYTHING, limit: 2 }, null);
  assert.deepEqual(
    newest.map(({ seq }) => seq),
    [5, 4],
  );
  const before = await store.auditRows({ ...EVERYTHING, limit: 2 }, 4);
  assert.deepEqual(
    before.map(({ seq }) => seq),
    [3, 2],
  );
});

test('a long record is told in pages, also where little of it is wanted', async () => {
  const rare = [1, 2, 5_201];
  const { store } = await recordOf(
    entries(5_300).map((entry, index) =>
      rare.includes(index + 1) ? { ...entry, action: 'rare' } : entry,
    ),
    2_650,
  );
  assert.equal((await allRows(store)).length, 5_300);
  const wanted = { ...EVERYTHING, action: 'rare' };
  const seqs = async (limit: number) =>
    (await store.auditRows({ ...wanted, limit }, null)).map(({ seq }) => seq);
  assert.deepEqual(await seqs(0), rare);
  assert.deepEqual(await seqs(2), [5_201, 2]);
});

test('rows that cannot be read any more are left out, and the others are told', async () => {
  const { database, store } = await recordOf(entries(4));
  database.exec("UPDATE audit SET entry = 'not JSON' WHERE seq = 2");
  database.exec("UPDATE audit SET entry = '{}' WHERE seq = 3");
  assert.deepEqual(
    (await allRows(store)).map(({ seq }) => seq),
    [1, 4],
  );
});
