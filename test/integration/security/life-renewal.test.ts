/**
 * Certificates are renewed under everything that goes on: by the controller itself where it has the
 * authority's key, and by whoever has it elsewhere. Nobody's work is interrupted, and the old
 * certificate leads nowhere any more.
 */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { Credentials } from '../../../proto/credentials.ts';
import type { Holder } from '../../../proto/identity-name.ts';
import { runCerts } from '../certs-run.ts';
import type { Daemon } from '../fleet/daemon.ts';
import { type Fleet, type OperationDocument, resultOf } from '../fleet/harness.ts';
import { operationOf, running } from '../fleet/operations.ts';
import { requestBy, spareKey, trustOf } from './callers.ts';
import {
  betweenMs,
  gateBefore,
  type Host,
  linesOf,
  OLD_MS,
  placeHost,
  placePair,
  runHost,
} from './life-stage.ts';
import { LETS_IN, type OpenFleet, openFleet, SIGNS } from './newcomers.ts';
import { callRpc, rawClient } from './rpcs.ts';
import { credentialsUntil } from './short-lived.ts';

const MEMBERS = 16;
const DAY_MS = 86_400_000;

/** So near the end the next try comes within seconds, should the first have waited for too long. */
const SOON_MS = 45_000;

/** It takes some 50 ms; this is for a machine that is busy with much else. */
const SWITCHED_WITHIN_MS = 5_000;

/** Many that write down each of their starts, and one that nobody orders anything of. */
const programsOf = (fleet: Fleet): string => `[program:web]
command = sleep 1000
startsecs = 0
[program:pool]
command = ${fleet.script('member', `echo "$1" >> '${fleet.path('starts')}'\nexec sleep 1000\n`)} %(process_num)02d
process_name = %(program_name)s_%(process_num)02d
numprocs = ${MEMBERS}
startsecs = 1
`;

/** Restarts the pool, so many at a time; resolves when a part of it is done. */
async function beginRestart(
  fleet: Fleet,
  batch: number,
): Promise<{ readonly id: string; readonly by: Daemon }> {
  const words = [
    'restart',
    'pool',
    '--hosts',
    'web-1',
    '--batch',
    `${batch}`,
    '--yes',
    '-o',
    'json',
  ];
  const by = await fleet.startFleetctl(...words);
  const id = await running(fleet);
  await fleet.until('a part of it is done', async () => {
    const { targets } = await operationOf(fleet, id);
    return targets.some(({ state }) => state === 'succeeded');
  });
  return { id, by };
}

/** That all of it was done, and nothing twice. */
async function assertDoneOnce(fleet: Fleet, by: Daemon): Promise<void> {
  const { code, stderr, ...result } = await resultOf(by);
  const { targets, state } = result.json<OperationDocument>();
  assert.deepEqual([code, state], [0, 'succeeded'], stderr);
  assert.equal(targets.length, MEMBERS);
  for (const target of targets) assert.equal(target.state, 'succeeded', JSON.stringify(target));
  const starts = fleet.lines('starts').toSorted();
  const twice = Array.from({ length: MEMBERS }, (_, number) => `${number}`.padStart(2, '0'));
  assert.deepEqual(
    starts,
    twice.flatMap((name) => [name, name]),
  );
}

const fingerprintIn = ({ files }: Pick<Host, 'files'>): string =>
  new X509Certificate(readFileSync(files.cert)).fingerprint256;

/** How the certificates of somebody stand with the controller. */
async function endsOf(fleet: Fleet, holder: Holder): Promise<ReadonlyMap<string, string | null>> {
  const authority = await (await fleet.client()).authority();
  const choice = { kind: 'holder', holder } as const;
  const listed = await authority.listCertificates({ choice, all: true });
  return new Map(listed.map(({ fingerprint, ended }) => [fingerprint, ended?.kind ?? null]));
}

async function assertLeadsNowhere(open: OpenFleet, old: Credentials, holder: Holder) {
  const { fleet } = open;
  const ends = await endsOf(fleet, holder);
  assert.equal(ends.get(old.identity.fingerprint256), 'replaced');
  assert.equal([...ends.values()].filter((end) => end === null).length, 1);
  const client = rawClient(fleet.port, old, trustOf(open));
  const csrPem = requestBy(await spareKey(open, holder.name));
  const answer = await callRpc(client, 'Authority.Renew', { csrPem });
  client.close();
  assert.equal(answer.status, 'permission denied');
  assert.match(answer.details, /replaced/);
}

// Side by side: each has a fleet of its own, and mostly waits.
describe('a certificate past two thirds of its life', { concurrency: true }, () => {
  test('an agent renews in the middle of an operation: nothing is lost, done twice, or touched', async (t) => {
    using open = await openFleet(LETS_IN + SIGNS);
    const { fleet } = open;
    using gate = await gateBefore(fleet.port);
    const endsAtMs = Date.now() + SOON_MS;
    const host = placeHost(open, 'web-1', {
      endsAtMs,
      programs: programsOf(fleet),
      port: gate.port,
    });
    const old = host.credentials ?? assert.fail();
    const before = fingerprintIn(host);
    const agent = await runHost(fleet, host);
    const web = await fleet.running('web-1', 'web');
    await fleet.lineCount(MEMBERS, 'starts');
    const { id, by } = await beginRestart(fleet, 2);

    assert.equal(fingerprintIn(host), before, 'it is to be renewed in the middle');
    gate.open();
    await fleet.until('it is renewed', () => linesOf(agent, 'certificate renewed').length > 0);
    assert.equal((await operationOf(fleet, id)).endedAtMs, null, 'the operation was over before');
    assert.equal(linesOf(agent, 'no session').length, 0, 'it dialled at once, and was let in');
    const switchedMs = betweenMs(agent, 'dialling anew', 'session is up');
    t.diagnostic(`${switchedMs} ms without a session`);
    assert.ok(switchedMs < SWITCHED_WITHIN_MS, `${switchedMs} ms without a session`);

    await assertDoneOnce(fleet, by);
    assert.equal(await fleet.running('web-1', 'web'), web);
    assert.equal(linesOf(agent, 'session is up').length, 2);
    const renewed = new X509Certificate(readFileSync(host.files.cert));
    assert.ok(Date.parse(renewed.validTo) > Date.now() + 6 * DAY_MS);
    await assertLeadsNowhere(open, old, { kind: 'agent', name: 'web-1' });
    assert.ok(!agent.hasEnded());
  });

  test('an operator’s certificate is renewed by a command that has other work', async () => {
    using open = await openFleet(LETS_IN + SIGNS);
    const { fleet } = open;
    const holder = { kind: 'operator', name: 'alice' } as const;
    const old = credentialsUntil(fleet.pki, holder, Date.now() + OLD_MS);
    const files = placePair(fleet, 'alice', old);
    const config = fleet.writeFleetctlConf('alice', { ...files });
    for (const times of [1, 2]) {
      const { code, stderr } = await fleet.fleetctl('--config', config, 'hosts');
      assert.deepEqual([code, stderr], [0, ''], `${times}`);
    }
    const renewed = new X509Certificate(readFileSync(files.cert));
    assert.notEqual(renewed.fingerprint256, old.identity.fingerprint256);
    assert.ok(Date.parse(renewed.validTo) > Date.now() + 29 * DAY_MS);
    const ends = await endsOf(fleet, holder);
    assert.equal(ends.get(renewed.fingerprint256), null);
    // `alice` of the test's own client has one more, from elsewhere, which nothing replaces.
    const client = rawClient(fleet.port, old, trustOf(open));
    const csrPem = requestBy(await spareKey(open, 'alice'));
    const repeat = await callRpc(client, 'Authority.Renew', { csrPem });
    client.close();
    assert.notEqual(repeat.status, 'ok', 'a second one within the minute');
  });

  test('where the key is elsewhere, a renewal waits for it in the middle of an operation', async () => {
    using open = await openFleet(LETS_IN);
    const { fleet } = open;
    const endsAtMs = Date.now() + OLD_MS;
    const host = placeHost(open, 'web-1', { endsAtMs, programs: programsOf(fleet) });
    const old = host.credentials ?? assert.fail();
    const agent = await runHost(fleet, host);
    const web = await fleet.running('web-1', 'web');
    await fleet.lineCount(MEMBERS, 'starts');
    const requests = fleet.path('requests.txt');
    await fleet.until('somebody asks', async () => {
      const { code, stdout } = await fleet.fleetctl('cert', 'requests');
      return code === 0 && /agent\/web-1/.test(stdout);
    });
    const asked = await fleet.fleetctl('cert', 'requests', '--output', requests);
    assert.equal(asked.code, 0, asked.stderr);
    const elsewhere = fleet.path('authority');
    mkdirSync(elsewhere);
    writeFileSync(`${elsewhere}/ca.crt`, fleet.pki.authority.certificatePem);
    writeFileSync(`${elsewhere}/ca.key`, fleet.pki.authority.keyPem, { mode: 0o600 });
    const signed = fleet.path('certificates.pem');
    const words = ['sign', requests, '--dir', elsewhere, '--output', signed, '--yes'];
    const ran = await runCerts(words, Date.now());
    assert.equal(ran.exitCode, 0, ran.errors);

    const { id, by } = await beginRestart(fleet, 2);
    const added = await fleet.fleetctl('cert', 'add', signed);
    assert.equal(added.code, 0, added.stderr);
    await fleet.until('it is renewed', () => linesOf(agent, 'certificate renewed').length > 0);
    assert.equal((await operationOf(fleet, id)).endedAtMs, null, 'the operation was over before');
    await assertDoneOnce(fleet, by);
    assert.equal(await fleet.running('web-1', 'web'), web);
    await assertLeadsNowhere(open, old, { kind: 'agent', name: 'web-1' });
    assert.match((await fleet.fleetctl('cert', 'requests')).stdout, /nobody waits/);
  });
});
