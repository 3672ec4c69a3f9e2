import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { NO_IDENTITIES } from '../../controller/core/identities.ts';
import type { FleetWrite } from '../../controller/core/state.ts';
import { type EndedLedger, openStore, storeOn } from '../../controller/store/open.ts';
import { MIGRATIONS } from '../../controller/store/schema.ts';
import { openLedger } from '../../controller/upkeep/ledger.ts';
import { readLedger } from '../../controller/upkeep/read-ledger.ts';
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

const DAY_MS = 24 * 60 * 60 * 1_000;

const bar = (name: string): FleetWrite => ({ kind: 'bar', bar: aBar(name) });
const barUntil = (name: string, issuedUntilMs: number): FleetWrite => ({
  kind: 'bar',
  bar: aBar(name, { issuedUntilMs }),
});
const readmitted = (host: string, untilMs: number | null = NOW_MS + DAY_MS): FleetWrite => ({
  kind: 'readmitted',
  host: hostId(host),
  untilMs,
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
  await assert.rejects(store.commit([readmitted('web-1'), IMPOSSIBLE]));
  assert.deepEqual(kinds(path), ['bar'], 'what was not committed is not written down');
  await store.commit([readmitted('web-1')]);
  assert.deepEqual(kinds(path), ['bar', 'readmitted']);
});

test('of what one batch says twice, the last counts', async () => {
  const path = aFile();
  using ledger = openLedger(path);
  const store = inMemory(ledger);
  const never = [readmitted('web-1', null), readmitted('web-2', null)] as const;
  await store.commit([never[0], readmitted('web-1'), readmitted('web-2'), never[1]]);
  const contents = readLedger(path);
  assert.ok(contents.kind === 'read');
  assert.deepEqual(contents.writes, [never[1], readmitted('web-1')]);
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
    ledger.begin(known, NOW_MS);
    assert.deepEqual(kinds(path), expected, 'once');
  }
});

test('a line that a crash cut off is forgotten, with nothing of those before it', async () => {
  const path = aFile();
  {
    using ledger = openLedger(path);
    ledger.begin(NO_IDENTITIES, NOW_MS);
    ledger.noteBefore([bar('web-1')]);
  }
  appendFileSync(path, `{"kind":"bar","bar":{"reason":"${'x'.repeat(200_000)}`);
  assert.deepEqual(kinds(path), ['bar'], 'read as it is');
  using ledger = openLedger(path);
  ledger.begin(NO_IDENTITIES, NOW_MS);
  ledger.noteBefore([bar('web-2')]);
  assert.deepEqual(kinds(path), ['bar', 'bar']);
  writeFileSync(path, '{"kind":"ledg');
  assert.deepEqual(readLedger(path), { kind: 'missing' });
  using again = openLedger(path);
  again.begin(NO_IDENTITIES, NOW_MS);
  again.noteBefore([bar('web-3')]);
  assert.deepEqual(kinds(path), ['bar']);
});

test('a ledger of many lines is read whole, wherever a line or a letter is cut by the reading', () => {
  const path = aFile();
  using ledger = openLedger(path);
  ledger.begin(NO_IDENTITIES, NOW_MS);
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
  assert.throws(() => openLedger(directory).begin(NO_IDENTITIES, NOW_MS), /cannot be written/);
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

/** A certificate that another has taken the place of, and that has ended so long ago. */
const renewed = (name: string, endedDaysAgo: number): FleetWrite => ({
  kind: 'certificate',
  certificate: aCertificate(name, {
    notAfterMs: NOW_MS - endedDaysAgo * DAY_MS,
    ended: { kind: 'replaced', atMs: NOW_MS - endedDaysAgo * DAY_MS, by: null, reason: 'newer' },
  }),
});

/** Of what each line is, once a controller has started a second time, a while later. */
function begunAgain(writes: readonly FleetWrite[], nowMs = NOW_MS, path = aFile()) {
  {
    using ledger = openLedger(path);
    ledger.begin(NO_IDENTITIES, NOW_MS);
    for (const write of writes) {
      ledger.noteBefore([write]);
      ledger.noteAfter([write]);
    }
  }
  using ledger = openLedger(path);
  ledger.begin(NO_IDENTITIES, nowMs);
  ledger.noteBefore([bar('the-last')]);
  const contents = readLedger(path);
  assert.ok(contents.kind === 'read');
  return contents.writes.slice(0, -1);
}

test('a controller that starts leaves out what cannot matter any more, and nothing else', () => {
  const token = (serial: number, expiredDaysAgo: number): FleetWrite => ({
    kind: 'token',
    token: aToken(serial, { used: USED, expiresAtMs: NOW_MS - expiredDaysAgo * DAY_MS }),
  });
  const stolenLongAgo: FleetWrite = {
    kind: 'certificate',
    certificate: aCertificate('stolen', {
      notAfterMs: NOW_MS - 99 * DAY_MS,
      ended: REVOKED,
      pem: null,
    }),
  };
  const kept = [
    renewed('web-2', 29),
    stolenLongAgo,
    token(2, 29),
    bar('sold'),
    barUntil('back', NOW_MS),
    { kind: 'hostRemoved', host: hostId('sold') } as const,
    readmitted('soon', NOW_MS + DAY_MS),
  ].map((write) => JSON.parse(JSON.stringify(write).replace(/"pem":"[^"]*"/, '"pem":null')));
  const over = [
    renewed('web-1', 31),
    token(1, 31),
    bar('back'),
    readmitted('never', null),
    readmitted('late', NOW_MS - 31 * DAY_MS),
  ];
  assert.deepEqual(begunAgain([...over, ...kept]), kept);
});

test('of what is said again and again the last is kept, as a restore would read it', () => {
  const [first, second] = [barUntil('web-1', NOW_MS), barUntil('web-2', NOW_MS)];
  assert.deepEqual(begunAgain([bar('web-1'), first, second, bar('web-2')]), [first, bar('web-2')]);
});

test('a clock that is ahead makes a ledger forget nothing that has not ended by what it says itself', () => {
  const writes = [renewed('web-1', 1), renewed('web-2', 31), bar('web-3')];
  const left = begunAgain(writes, NOW_MS + 70 * DAY_MS);
  assert.deepEqual(
    left.map(({ kind }) => kind),
    ['certificate', 'bar'],
  );
});

test('a ledger is written anew beside the old one, and what a crash has left of that is in nobody’s way', () => {
  const path = aFile();
  const elsewhere = aFile();
  writeFileSync(elsewhere, '');
  symlinkSync(elsewhere, path);
  writeFileSync(`${elsewhere}.compacting`, '{"kind":"ledger","version":1}\n{"kind":"hostRem');
  assert.deepEqual(begunAgain([renewed('web-1', 31), bar('web-1')], NOW_MS, path), [bar('web-1')]);
  assert.ok(!existsSync(`${elsewhere}.compacting`));
  assert.equal(statSync(elsewhere).mode & 0o777, 0o600);
  assert.match(readFileSync(elsewhere, 'utf8'), /the-last/, 'a link is followed, and stays one');
});

test('a ledger with a line that cannot be read stays as it is', () => {
  const path = aFile();
  const text = '{"kind":"ledger","version":1}\n{"kind":"x"}\n';
  writeFileSync(path, text);
  using ledger = openLedger(path);
  ledger.begin(NO_IDENTITIES, NOW_MS);
  assert.equal(readFileSync(path, 'utf8'), text);
});
