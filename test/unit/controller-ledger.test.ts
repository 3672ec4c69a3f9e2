import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { NO_IDENTITIES } from '../../controller/core/identities.ts';
import type { FleetWrite } from '../../controller/core/state.ts';
import { type EndedLedger, openStore, storeOn } from '../../controller/store/open.ts';
import { MIGRATIONS } from '../../controller/store/schema.ts';
import { openLedger, readLedger } from '../../controller/upkeep/ledger.ts';
import { PersistentMap } from '../../proto/persistent-map.ts';
import { openDatabase } from '../../proto/sqlite.ts';
import { hostId } from '../../proto/vocabulary.ts';
import { NOW_MS } from '../fakes/controller-fleet.ts';
import { aBar, aCertificate, aToken, REVOKED, USED } from '../fakes/controller-identities.ts';

const directory = mkdtempSync(join(tmpdir(), 'controller-ledger-'));
after(() => rmSync(directory, { recursive: true }));
let files = 0;

function aFile(): string {
  files += 1;
  return join(directory, `ended-${files}.log`);
}

const inMemory = (ledger: EndedLedger) =>
  storeOn(openDatabase({ path: ':memory:', migrations: MIGRATIONS }), NOW_MS, ledger);

const certificate = (name: string, isRevoked = true): FleetWrite => ({
  kind: 'certificate',
  certificate: aCertificate(name, isRevoked ? { ended: REVOKED } : {}),
});

const bar = (name: string): FleetWrite => ({ kind: 'bar', bar: aBar(name) });
const lifted = (name: string): FleetWrite => ({
  kind: 'barLifted',
  holder: { kind: 'agent', name },
});

/** No host has it, so the transaction comes to nothing. */
const IMPOSSIBLE = {
  kind: 'process',
  host: 'nobody',
  status: { process: 'web' },
} as unknown as FleetWrite;

function kinds(path: string): readonly string[] {
  const contents = readLedger(path);
  assert.ok(contents.kind === 'read');
  return contents.writes.map(({ kind }) => kind);
}

test('what counts no more is in the ledger, what still counts is not', async () => {
  const path = aFile();
  using ledger = openLedger(path);
  const store = inMemory(ledger);
  await store.commit([
    certificate('web-1', false),
    { kind: 'token', token: aToken(1) },
    { kind: 'sessionEpoch', epoch: 4 },
  ]);
  assert.deepEqual(kinds(path), []);
  await store.commit([
    certificate('web-1'),
    { kind: 'token', token: aToken(1, { used: USED }) },
    { kind: 'token', token: aToken(2, { revokedBy: 'bob' }) },
    { kind: 'hostRemoved', host: hostId('web-1') },
    { kind: 'readmitted', host: hostId('web-2'), untilMs: null },
    bar('web-1'),
  ]);
  assert.deepEqual(kinds(path), [
    ...['certificate', 'token', 'token', 'hostRemoved', 'readmitted', 'bar'],
  ]);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.doesNotMatch(readFileSync(path, 'utf8'), /BEGIN/);
});

test('what is taken away is written down before it is committed, what is given back after', async () => {
  const path = aFile();
  using ledger = openLedger(path);
  const store = inMemory(ledger);
  await assert.rejects(store.commit([bar('web-1'), IMPOSSIBLE]));
  assert.deepEqual(kinds(path), ['bar']);
  await assert.rejects(store.commit([lifted('web-1'), IMPOSSIBLE]));
  assert.deepEqual(kinds(path), ['bar'], 'a lift that was not committed is not written down');
  await store.commit([lifted('web-1')]);
  assert.deepEqual(kinds(path), ['bar', 'barLifted']);
});

test('of what one batch says twice, the last counts', async () => {
  const path = aFile();
  using ledger = openLedger(path);
  const store = inMemory(ledger);
  await store.commit([bar('web-1'), lifted('web-1'), lifted('web-2'), bar('web-2')]);
  const contents = readLedger(path);
  assert.ok(contents.kind === 'read');
  assert.deepEqual(contents.writes, [
    { kind: 'bar', bar: aBar('web-2') },
    { kind: 'barLifted', holder: { kind: 'agent', name: 'web-1' } },
  ]);
});

test('a ledger that begins later than its database begins with what is over already', () => {
  const path = aFile();
  const known = {
    ...NO_IDENTITIES,
    certificates: PersistentMap.of([
      ['a', aCertificate('a', { ended: REVOKED })],
      ['b', aCertificate('b')],
    ]),
    bars: PersistentMap.of([['agent/a', aBar('a')]]),
  };
  for (const expected of [
    ['certificate', 'bar'],
    ['certificate', 'bar'],
  ]) {
    using ledger = openLedger(path);
    ledger.begin(known);
    assert.deepEqual(kinds(path), expected, 'once');
  }
});

test('a line that a crash cut off is forgotten, with nothing of those before it', async () => {
  const path = aFile();
  {
    using ledger = openLedger(path);
    ledger.begin(NO_IDENTITIES);
    ledger.noteBefore([bar('web-1')]);
  }
  appendFileSync(path, `{"kind":"bar","bar":{"reason":"${'x'.repeat(200_000)}`);
  assert.deepEqual(kinds(path), ['bar'], 'read as it is');
  using ledger = openLedger(path);
  ledger.begin(NO_IDENTITIES);
  ledger.noteBefore([bar('web-2')]);
  assert.deepEqual(kinds(path), ['bar', 'bar']);
  writeFileSync(path, '{"kind":"ledg');
  assert.deepEqual(readLedger(path), { kind: 'missing' });
  using again = openLedger(path);
  again.begin(NO_IDENTITIES);
  again.noteBefore([bar('web-3')]);
  assert.deepEqual(kinds(path), ['bar']);
});

test('a ledger of many lines is read whole, wherever a line or a letter is cut by the reading', () => {
  const path = aFile();
  using ledger = openLedger(path);
  ledger.begin(NO_IDENTITIES);
  const bars = Array.from({ length: 1_500 }, (_, index) => ({
    kind: 'bar' as const,
    bar: { ...aBar(`web-${index}`), reason: 'ü'.repeat(index % 97) },
  }));
  ledger.noteBefore(bars);
  assert.ok(statSync(path).size > 3 * 65_536);
  assert.deepEqual(readLedger(path), { kind: 'read', writes: bars });
});

test('a ledger that is missing or damaged says so, and where', () => {
  const path = aFile();
  assert.deepEqual(readLedger(path), { kind: 'missing' });
  const lines = [
    '{"kind":"ledger","version":1}',
    '{"kind":"hostRemoved","host":"a"}',
    '{"kind":"x"}',
  ];
  for (const [given, where] of [
    [lines, /^line 3 of /],
    [lines.slice(1), /^line 1 of /],
    [['{"kind":"ledger","version":2}'], /^line 1 of /],
    [['{"kind":"ledger","version":1}', 'null'], /^line 2 of /],
    [['null'], /^line 1 of /],
  ] as const) {
    writeFileSync(path, given.map((line) => `${line}\n`).join(''));
    const contents = readLedger(path);
    assert.ok(contents.kind === 'damaged', given.join());
    assert.match(contents.cause, where);
  }
});

test('a database that is damaged leaves no ledger behind, which would say that nothing is over', () => {
  const path = aFile();
  const database = join(directory, 'damaged.db');
  writeFileSync(database, 'x'.repeat(10_000));
  using ledger = openLedger(path);
  assert.throws(() => openStore(database, NOW_MS, ledger), /damaged/);
  assert.deepEqual(readLedger(path), { kind: 'missing' });
  assert.throws(() => openLedger(directory).begin(NO_IDENTITIES), /cannot be written/);
});

test('a batch for whose endings there is no room is not committed', async () => {
  const ledger: EndedLedger = {
    begin: () => undefined,
    noteBefore: () => {
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    },
    noteAfter: () => undefined,
  };
  assert.equal(await inMemory(ledger).commit([bar('web-1')]), 'full');
});
