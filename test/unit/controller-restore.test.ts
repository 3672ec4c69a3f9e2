import assert from 'node:assert/strict';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { FleetWrite } from '../../controller/core/state.ts';
import { openStore } from '../../controller/store/open.ts';
import { logAuditHead } from '../../controller/upkeep/audit-head.ts';
import { backUp } from '../../controller/upkeep/backup.ts';
import { openLedger } from '../../controller/upkeep/ledger.ts';
import { planRestore, type RestoreResult, restore } from '../../controller/upkeep/restore.ts';
import { describePlan, describeResult } from '../../controller/upkeep/restore-text.ts';
import type { AuditEntry } from '../../proto/audit.ts';
import type { PendingRequest } from '../../proto/certificates.ts';
import { FleetError } from '../../proto/errors.ts';
import { keptDatabase } from '../../proto/sqlite.ts';
import { DEFAULT_STRATEGY } from '../../proto/strategy.ts';
import { hostId } from '../../proto/vocabulary.ts';
import { anId, aRequest, aStatus, fleetScript, NOW_MS } from '../fakes/controller-fleet.ts';
import { aBar, aCertificate, aToken, REVOKED, USED } from '../fakes/controller-identities.ts';

const directory = mkdtempSync(join(tmpdir(), 'controller-restore-'));
after(() => rmSync(directory, { recursive: true }));

const LATER = { wallMs: NOW_MS + 60_000, monotonicMs: 60_000 };

/** A state directory whose database has seen these batches. */
async function stateOf(...batches: readonly (readonly FleetWrite[])[]): Promise<string> {
  const stateDir = mkdtempSync(join(directory, 'state-'));
  await goOn(stateDir, ...batches);
  return stateDir;
}

async function goOn(
  stateDir: string,
  ...batches: readonly (readonly FleetWrite[])[]
): Promise<void> {
  using ledger = openLedger(join(stateDir, 'ended.log'));
  using store = openStore(join(stateDir, 'fleet.db'), NOW_MS, ledger);
  for (const batch of batches) assert.equal(await store.commit(batch), 'committed');
}

async function backupOf(stateDir: string): Promise<string> {
  const backup = join(stateDir, 'backup.db');
  await backUp(join(stateDir, 'fleet.db'), backup, NOW_MS);
  return backup;
}

async function restored(
  stateDir: string,
  more: { readonly backup?: string; readonly withoutLedger?: boolean } = {},
): Promise<RestoreResult> {
  const { backup = join(stateDir, 'backup.db'), withoutLedger = false } = more;
  const options = { stateDir, backup, withoutLedger, user: 'ops', at: LATER };
  return restore(await planRestore(options));
}

const reading = (stateDir: string) => openStore(join(stateDir, 'fleet.db'), LATER.wallMs);

const refused = (message: RegExp, fix: RegExp) => (error: unknown) => {
  assert.ok(error instanceof FleetError, String(error));
  assert.match(error.refusal.message, message);
  assert.match(error.refusal.fix ?? '', fix);
  return true;
};

const certificate = (name: string, isRevoked = false): FleetWrite => ({
  kind: 'certificate',
  certificate: aCertificate(name, isRevoked ? { ended: REVOKED } : {}),
});
const bar = (name: string): FleetWrite => ({ kind: 'bar', bar: aBar(name) });
const readmittedBar = (name: string): FleetWrite => ({
  kind: 'bar',
  bar: aBar(name, { issuedUntilMs: NOW_MS + 1 }),
});

test('a backup is a whole, private copy, and takes nobody’s place', async () => {
  const stateDir = await stateOf([certificate('web-1')]);
  using running = openStore(join(stateDir, 'fleet.db'), NOW_MS);
  const target = join(stateDir, 'copy.db');
  const { schema, audit, bytes } = await backUp(join(stateDir, 'fleet.db'), target, NOW_MS);
  assert.equal(audit?.verdict.kind, 'sound');
  assert.ok(schema >= 7 && bytes === statSync(target).size);
  assert.equal(statSync(target).mode & 0o777, 0o600);
  assert.equal(running.contents.identities.certificates.size, 1);
  using copy = openStore(target, NOW_MS);
  assert.equal(copy.contents.identities.certificates.size, 1);
  const again = backUp(join(stateDir, 'fleet.db'), target, NOW_MS);
  await assert.rejects(again, refused(/is there already/, /another file/));
  const nowhere = backUp(join(stateDir, 'fleet.db'), join(stateDir, 'no', 'copy.db'), NOW_MS);
  await assert.rejects(nowhere, refused(/cannot be copied/, /directory/));
  const nothing = backUp(join(stateDir, 'none.db'), join(stateDir, 'other.db'), NOW_MS);
  await assert.rejects(
    nothing,
    refused(/cannot be read/, /whether it is there; run this as the user that the controller/),
  );
  assert.deepEqual(
    readdirSync(stateDir).filter((name) => /partial|other/.test(name)),
    [],
  );
});

test('what was taken away since the backup stays taken away', async () => {
  const stateDir = await stateOf([
    ...[certificate('web-1'), certificate('web-2'), bar('sold'), { kind: 'host', host: host('a') }],
    { kind: 'token', token: aToken(1) },
    { kind: 'readmitted', host: hostId('old'), untilMs: LATER.wallMs + 1 },
  ] as FleetWrite[]);
  await backupOf(stateDir);
  await goOn(stateDir, [
    ...[certificate('web-1', true), certificate('new', true), bar('web-1')],
    { kind: 'token', token: aToken(1, { used: USED }) },
    { kind: 'hostRemoved', host: hostId('a') },
    readmittedBar('sold'),
    { kind: 'readmitted', host: hostId('old'), untilMs: null },
    { kind: 'readmitted', host: hostId('b'), untilMs: LATER.wallMs + 5 },
    { kind: 'readmitted', host: hostId('c'), untilMs: LATER.wallMs },
  ]);
  const { ended } = await restored(stateDir);
  assert.equal(ended.length, 7);
  using store = reading(stateDir);
  const { certificates, bars, tokens, readmitted } = store.contents.identities;
  assert.deepEqual(certificates.get('AB:web-1'), aCertificate('web-1', { ended: REVOKED }));
  assert.equal(certificates.get('AB:web-2')?.ended, null);
  assert.deepEqual(certificates.get('AB:new')?.ended, REVOKED);
  assert.deepEqual(
    [...bars].map(([holder, { issuedUntilMs }]) => [holder, issuedUntilMs]),
    [
      ['agent/sold', NOW_MS + 1],
      ['agent/web-1', null],
    ],
  );
  assert.deepEqual(tokens.get(aToken(1).secretHash)?.used, USED);
  assert.equal(store.contents.hosts.size, 0);
  assert.deepEqual([...readmitted], [['b', LATER.wallMs + 5]]);
});

function host(name: string) {
  const script = fleetScript();
  script.connect(name, 1, [aStatus('web')]);
  return script.state.hosts.get(hostId(name));
}

test('tokens that were not used yet, and who waits for a signature, count no more', async () => {
  const used = aToken(2, { used: USED });
  const request: PendingRequest = {
    kind: 'agent',
    name: 'web-1',
    keyHash: 'ef',
    csrPem: '',
    days: 7,
    because: 'renewal',
    address: null,
    requestedAtMs: NOW_MS,
  };
  const stateDir = await stateOf([
    { kind: 'token', token: aToken(1) },
    { kind: 'token', token: used },
    { kind: 'pending', request },
  ]);
  await backupOf(stateDir);
  const { voidedTokens, droppedRequests } = await restored(stateDir);
  assert.deepEqual([voidedTokens, droppedRequests], [1, 1]);
  using store = reading(stateDir);
  const { tokens, pending } = store.contents.identities;
  assert.equal(tokens.get(aToken(1).secretHash)?.revokedBy, 'fleet-controller restore');
  assert.deepEqual(tokens.get(used.secretHash), used);
  assert.equal(pending.size, 0);
});

test('sessions get numbers that none had, and the record says what was done', async () => {
  const entry = { ...RECORD, detail: 'before' };
  const stateDir = await stateOf([
    { kind: 'sessionEpoch', epoch: 5 },
    { kind: 'audit', entry },
  ]);
  await backupOf(stateDir);
  await goOn(stateDir, [
    { kind: 'sessionEpoch', epoch: 9_000 },
    { kind: 'audit', entry },
  ]);
  const { plan } = await restored(stateDir);
  using store = reading(stateDir);
  assert.equal(store.contents.sessionEpoch, 1_000_009_000);
  assert.equal((await store.verifyAudit(null)).kind, 'sound');
  const query = { actor: null, action: 'restore', outcome: null, sinceMs: null, limit: 1 };
  const [row] = await store.auditRows(query, null);
  using before = openStore(plan.aside, NOW_MS);
  const head = before.auditHead();
  assert.equal(before.contents.sessionEpoch, 9_000, 'what was there before is kept');
  assert.equal(row?.seq, 2);
  assert.match(row?.detail ?? '', /by unix user ops; .*ended at 2:/);
  assert.ok(row?.detail.includes(`2:${head?.hash}`));
});

const RECORD: AuditEntry = {
  atMs: NOW_MS,
  actor: { kind: 'operator', name: 'alice', fingerprint: null, address: null },
  action: 'pause',
  hosts: '',
  processes: [],
  targets: '',
  targetCount: 0,
  operation: null,
  reason: '',
  outcome: 'done',
  detail: '',
};

test('operations that were under way go on only when somebody says so', async () => {
  const script = fleetScript();
  const writes: FleetWrite[] = [];
  const give = script.give;
  script.give = (input) => {
    give(input);
    writes.push(...script.writes);
  };
  script.connect('a', 1, [aStatus('web')]);
  script.submit(aRequest('restart', 'a', ['web'], { id: anId(1) }));
  const strategy = { ...DEFAULT_STRATEGY, lockWaitMs: 60_000 };
  script.submit(aRequest('restart', 'a', ['web'], { id: anId(2), strategy }));
  const stateDir = await stateOf(writes);
  await backupOf(stateDir);
  const result = await restored(stateDir);
  assert.deepEqual([result.paused, result.cancelled], [[anId(1)], [anId(2)]]);
  using store = reading(stateDir);
  const [first, second] = [anId(1), anId(2)].map((id) => store.contents.operations.get(id));
  assert.equal(first?.facts.state, 'paused');
  assert.match(first?.facts.halt?.because ?? '', /restored from a backup/);
  assert.equal(second?.facts.state, 'cancelled');
  assert.deepEqual(
    [...(second?.targets ?? [])].map(({ state }) => state),
    ['cancelled'],
  );
  const text = describeResult(result).join('\n');
  assert.match(text, new RegExp(`paused: ${anId(1)}`));
  assert.match(text, /Not known any more: operations, events and audit rows/);
  assert.match(describePlan(result.plan).join('\n'), /would become .*kept as/);
});

test('without the ledger, or with a damaged one, it is refused unless somebody insists', async () => {
  const stateDir = await stateOf([certificate('web-1')]);
  await backupOf(stateDir);
  writeFileSync(join(stateDir, 'ended.log'), 'nonsense\n');
  await assert.rejects(restored(stateDir), refused(/cannot be read/, /--without-ledger/));
  await restored(stateDir, { withoutLedger: true });
  await goOn(stateDir, [bar('web-1')]);
  assert.equal((await restored(stateDir)).ended.length, 1, 'a new one was begun');
  rmSync(join(stateDir, 'ended.log'));
  await assert.rejects(restored(stateDir), refused(/is missing/, /--without-ledger/));
  writeFileSync(join(stateDir, 'ended.log'), '');
  await assert.rejects(restored(stateDir), refused(/is missing/, /--without-ledger/));
});

test('what is no sound backup of a controller is refused, and changes nothing', async () => {
  const stateDir = await stateOf([certificate('web-1')]);
  const backup = await backupOf(stateDir);
  const bad = (name: string, make: (path: string) => void): string => {
    const path = join(stateDir, name);
    make(path);
    return path;
  };
  const other = bad('other.db', (path) => {
    const database = keptDatabase(path, 0);
    database.exec('CREATE TABLE x (y); PRAGMA user_version = 3');
    database.close();
  });
  const newer = bad('newer.db', (path) => {
    const database = keptDatabase(backup, 0);
    database.prepare('VACUUM INTO ?').run(path);
    database.close();
    const copy = keptDatabase(path, 0);
    copy.exec('PRAGMA user_version = 99');
    copy.close();
  });
  const text = bad('text.db', (path) => writeFileSync(path, 'x'.repeat(10_000)));
  const empty = bad('empty.db', (path) => writeFileSync(path, ''));
  const expected = [
    [other, /is no database of a controller/],
    [newer, /was written by a newer version/],
    [text, /is damaged/],
    [empty, /is no database of a controller/],
    [join(stateDir, 'none'), /cannot be read/],
    [stateDir, /cannot be read/],
  ] as const;
  for (const [path, message] of expected) {
    await assert.rejects(restored(stateDir, { backup: path }), refused(message, /./));
  }
  assert.equal(readdirSync(stateDir).filter((name) => /restor/.test(name)).length, 0);
  using store = reading(stateDir);
  assert.equal(store.contents.identities.certificates.size, 1);
});

test('a damaged database is replaced and kept as it was', async () => {
  const stateDir = await stateOf([certificate('web-1')]);
  await backupOf(stateDir);
  const database = join(stateDir, 'fleet.db');
  writeFileSync(database, 'x'.repeat(10_000));
  writeFileSync(`${database}-wal`, 'y'.repeat(100));
  assert.throws(() => reading(stateDir), refused(/is damaged/, /fleet-controller restore BACKUP/));
  const { plan } = await restored(stateDir);
  assert.match(readFileSync(plan.aside, 'utf8'), /^x+$/);
  assert.ok(!existsSync(`${database}-wal`), 'it is not taken for the new one’s');
  using store = reading(stateDir);
  assert.equal(store.contents.identities.certificates.size, 1);
});

test('where no database was, nothing is said to be kept', async () => {
  const backup = await backupOf(await stateOf([certificate('web-1')]));
  const stateDir = mkdtempSync(join(directory, 'new-'));
  writeFileSync(join(stateDir, 'ended.log'), '{"kind":"ledger","version":1}\n');
  const result = await restored(stateDir, { backup });
  const said = [...describePlan(result.plan), ...describeResult(result)].join('\n');
  assert.doesNotMatch(said, /kept/);
  assert.match(
    said,
    /would become .*; there is no database yet\.[\s\S]*There was no database before\./,
  );
  assert.deepEqual(readdirSync(stateDir).sort(), ['ended.log', 'fleet.db']);
});

test('a ledger with a line that is not whole is refused, with the number of the line', async () => {
  const stateDir = await stateOf([certificate('web-1')]);
  await backupOf(stateDir);
  writeFileSync(join(stateDir, 'ended.log'), '{"kind":"ledger","version":1}\n{"kind":"token"}\n');
  await assert.rejects(restored(stateDir), (error: unknown) => {
    assert.match(
      error instanceof FleetError ? (error.refusal.cause ?? '') : `${error}`,
      /^line 2 of /,
    );
    return true;
  });
});

test('the end of the record is logged when it has moved', () => {
  const logged: unknown[] = [];
  const due: (() => void)[] = [];
  let head: { readonly seq: number; readonly hash: string } | null = null;
  logAuditHead({
    head: () => head,
    clock: { after: (delayMs, callback) => void (delayMs === 60_000 && due.push(callback)) },
    log: { info: (details) => void logged.push(details) },
  });
  const minute = (): void => due.shift()?.();
  minute();
  head = { seq: 1, hash: 'ab' };
  minute();
  minute();
  head = { seq: 3, hash: 'cd' };
  minute();
  assert.deepEqual(logged, [
    { seq: 1, hash: 'ab' },
    { seq: 3, hash: 'cd' },
  ]);
});
