/**
 * The record of who did what, in the database of the real controller: what people did and what was
 * refused is in it whenever the controller was killed, and whoever changes the file is found out.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { AuditEntry, AuditHead } from '../../../proto/audit.ts';
import { keptDatabase } from '../../../proto/sqlite.ts';
import { DEFAULT_STRATEGY } from '../../../proto/strategy.ts';
import type { OperationId } from '../../../proto/vocabulary.ts';
import type { Daemon } from '../fleet/daemon.ts';
import { createFleet, endOf, type Fleet, operationRequest } from '../fleet/harness.ts';

let fleet: Fleet;
let controller: Daemon;

before(async () => {
  fleet = await createFleet({ controller: '[operator:eve]\nroles = viewer\n' });
  controller = await fleet.startController();
  await fleet.startAgent('web-1', {
    programs: '[program:web]\ncommand = sleep 1000\nstartsecs = 0\n',
  });
  await fleet.running('web-1', 'web');
});

after(() => fleet?.[Symbol.dispose]());

const authority = async () => (await fleet.client()).authority();

/** Past the controller. */
const stored = (): readonly AuditEntry[] =>
  fleet
    .query<{ entry: string }>('controller/fleet.db', 'SELECT entry FROM audit ORDER BY seq')
    .map(({ entry }) => JSON.parse(entry) as AuditEntry);

async function restart(reason: string): Promise<string> {
  const client = await fleet.client();
  const strategy = { ...DEFAULT_STRATEGY, lockWaitMs: 60_000 };
  const wanted = { verb: 'restart', hosts: 'web-1', processes: ['web'], reason, strategy } as const;
  const request = operationRequest(wanted);
  await client.submitOperation({ kind: 'operation', request }, AbortSignal.timeout(20_000));
  await endOf(client, request.id);
  return request.id;
}

test('what somebody does and what comes of it is on record, and what is refused, too', async () => {
  const id = await restart('new build');
  using eve = await fleet.dial({ kind: 'operator', name: 'eve' });
  const request = operationRequest({ verb: 'stop', hosts: 'web-1', processes: ['web'] });
  await assert.rejects(
    eve.submitOperation({ kind: 'operation', request }, AbortSignal.timeout(20_000)),
  );
  const rows = stored();
  const done = rows.find(({ action, operation }) => action === 'restart' && operation === id);
  assert.ok(done !== undefined);
  assert.deepEqual(
    [done.actor.name, done.actor.address, done.hosts, done.reason, done.outcome],
    ['alice', '127.0.0.1', 'web-1', 'new build', 'done'],
  );
  assert.match(done.actor.fingerprint ?? '', /^[0-9A-F:]{95}$/);
  assert.equal(done.targetCount, 1);
  assert.ok(rows.some(({ outcome, operation }) => outcome === 'ended' && operation === id));
  const no = rows.find(({ actor, outcome }) => actor.name === 'eve' && outcome === 'refused');
  assert.equal(no?.action, 'stop');
  assert.match(no?.detail ?? '', /denied/);
});

test('a controller that is killed at any moment leaves a record without a gap', async () => {
  const taken: OperationId[] = [];
  for (let round = 0; round < 3; round += 1) {
    const client = await fleet.client();
    const many = Array.from({ length: 20 }, () => {
      const strategy = { ...DEFAULT_STRATEGY, lockWaitMs: 60_000 };
      const wanted = { verb: 'restart', hosts: 'web-1', processes: ['web'], strategy } as const;
      const submission = { kind: 'operation', request: operationRequest(wanted) } as const;
      return client.submitOperation(submission, AbortSignal.timeout(20_000)).then(
        ({ id }) => taken.push(id),
        () => null,
      );
    });
    await Promise.race(many);
    await controller.end('SIGKILL');
    await Promise.all(many);
    controller = await fleet.startController();
    const verdict = await fleet.until('it is verified', async () =>
      (await authority()).verifyAudit(null),
    );
    assert.equal(verdict.kind, 'sound');
  }
  assert.ok(taken.length > 0);
  const recorded = new Set(stored().map(({ operation }) => operation));
  const lost = taken.filter((id) => !recorded.has(id));
  assert.deepEqual(lost, [], 'somebody was told that it is done, and it is not on record');
});

test('the end of the record is in the log, and a whole new chain shows against it', async () => {
  await fleet.running('web-1', 'web');
  await restart('before');
  await controller.end('SIGTERM');
  controller = await fleet.startController();
  const known = controller.log().find(({ msg }) => msg === 'audit head');
  assert.ok(known !== undefined);
  const head: AuditHead = { seq: Number(known['seq']), hash: String(known['hash']) };
  assert.equal((await (await authority()).verifyAudit(head)).kind, 'sound');
  await controller.end('SIGKILL');
  tamper(
    `DELETE FROM audit WHERE seq > ${head.seq - 2}`,
    `UPDATE audit_edges SET seq = ${head.seq - 2},
       hash = (SELECT hash FROM audit WHERE seq = ${head.seq - 2}) WHERE name = 'head'`,
  );
  controller = await fleet.startController();
  assert.equal((await (await authority()).verifyAudit(null)).kind, 'sound');
  assert.equal((await (await authority()).verifyAudit(head)).kind, 'broken');
});

test('an edited row is named, by the running controller and by its backup', async () => {
  await controller.end('SIGKILL');
  const [row] = fleet.query<{ seq: number }>(
    'controller/fleet.db',
    "SELECT seq FROM audit WHERE entry LIKE '%alice%' ORDER BY seq LIMIT 1",
  );
  const seq = row?.seq ?? 0;
  tamper(`UPDATE audit SET entry = replace(entry, 'alice', 'mallory') WHERE seq = ${seq}`);
  controller = await fleet.startController();
  const verdict = await (await authority()).verifyAudit(null);
  assert.ok(verdict.kind === 'broken');
  assert.equal(verdict.seq, seq);
  const conf = fleet.path('controller.conf');
  const backup = fleet.runController(['backup', fleet.path('copy.db'), '-c', conf]);
  assert.equal((await backup.ended()).code, 0);
  assert.match(backup.stdout(), new RegExp(`BROKEN: row ${seq} was changed`));
});

function tamper(...statements: readonly string[]): void {
  const database = keptDatabase(fleet.path('controller', 'fleet.db'), 1_000);
  for (const sql of statements) database.exec(sql);
  database.close();
}

test('a damaged database is refused at the start, with the command that brings it back', async () => {
  await controller.end('SIGTERM');
  writeFileSync(fleet.path('controller', 'fleet.db'), 'x'.repeat(100_000));
  const conf = fleet.path('controller.conf');
  const failing = fleet.runController(['-c', conf]);
  assert.equal((await failing.ended()).code, 2);
  assert.match(failing.stderr(), /is damaged[\s\S]*fleet-controller restore BACKUP/);
  const restored = fleet.runController(['restore', fleet.path('copy.db'), '-c', conf, '--yes']);
  assert.equal((await restored.ended()).code, 0, restored.stderr());
  controller = await fleet.startController();
  await fleet.running('web-1', 'web');
  const rows = stored();
  assert.match(rows.find(({ action }) => action === 'restore')?.detail ?? '', /copy\.db/);
});

test('a state directory where none can be made is refused, not waited for', async () => {
  const conf = fleet
    .read('controller.conf')
    .replace(/^state_dir = .*$/m, 'state_dir = /proc/no/such');
  const failing = fleet.runController(['-c', fleet.write('proc.conf', conf)]);
  assert.equal((await failing.ended()).code, 2);
  assert.match(failing.stderr(), /\/proc\/no\/such cannot be used/);
});
