/**
 * The controller's own certificate while it runs: changed files are taken up when they are a sound
 * pair and no stream is dropped over it, and with the authority's key it renews itself.
 */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { issueLeaf } from '../../../certs-tool/issue.ts';
import { renewFiles } from '../../../controller/identity/own-certificate.ts';
import { loadCredentials } from '../../../proto/credentials.ts';
import { parseJoinString } from '../../../proto/pki/join-string.ts';
import type { Daemon } from '../fleet/daemon.ts';
import { createFleet, type Fleet } from '../fleet/harness.ts';
import { LETS_IN, openFleet, SIGNS } from './newcomers.ts';

const DAY_MS = 86_400_000;

interface Files {
  readonly cert: string;
  readonly key: string;
}

const filesOf = async ({ pki }: Fleet): Promise<Files> =>
  pki.issue({ kind: 'controller', name: 'ops' });

/** As the controller would have had it made on its own host, so many days ago. */
async function issueController(
  { pki }: Fleet,
  daysAgo: number,
  san = 'DNS:localhost,IP:127.0.0.1',
) {
  const nowMs = Date.now() - daysAgo * DAY_MS;
  return issueLeaf(pki.authority, { kind: 'controller', name: 'ops', nowMs, san });
}

/** The certificate that a listener shows to a connection of this moment. */
function shownAt(port: number, fleet: Fleet): Promise<X509Certificate> {
  const ca = fleet.pki.authority.certificatePem;
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ca, ALPNProtocols: ['h2'] }, () => {
      const shown = socket.getPeerX509Certificate();
      socket.destroy();
      if (shown === undefined) reject(new Error('it shows none'));
      else resolve(shown);
    });
    socket.on('error', reject);
  });
}

const logs = (controller: Daemon, text: RegExp): number =>
  controller.log().filter(({ msg }) => text.test(msg)).length;

test('changed files are taken up by both listeners when they are a pair, and no stream is dropped', async () => {
  using open = await openFleet(LETS_IN);
  const { fleet, controller, enrollPort } = open;
  const programs = '[program:web]\ncommand = sleep 1000\nstartsecs = 0\n';
  await fleet.startAgent('web-1', { programs });
  await fleet.running('web-1', 'web');
  const since = await sessionSince(fleet);
  const files = await filesOf(fleet);
  const before = { cert: readFileSync(files.cert, 'utf8'), key: readFileSync(files.key, 'utf8') };
  const next = await issueController(fleet, 0, 'DNS:ops-2.example.com,IP:127.0.0.1');
  const fingerprint = new X509Certificate(next.certificatePem).fingerprint256;

  writeFileSync(files.cert, next.certificatePem);
  for (const times of [1, 2]) {
    controller.signal('SIGHUP');
    await fleet.until(
      `it has looked ${times} times`,
      () => logs(controller, /read again/) >= times,
    );
  }
  await fleet.until(
    'it says that half a pair is not used',
    () => logs(controller, /those in use stay/) > 0,
  );
  const old = new X509Certificate(before.cert).fingerprint256;
  assert.equal((await shownAt(fleet.port, fleet)).fingerprint256, old);
  assert.equal(logs(controller, /those in use stay/), 1);

  writeFileSync(files.key, next.keyPem);
  controller.signal('SIGHUP');
  await fleet.until('it uses them', () => logs(controller, /files are in use/) > 0);
  assert.equal((await shownAt(fleet.port, fleet)).fingerprint256, fingerprint);
  assert.equal((await shownAt(enrollPort, fleet)).fingerprint256, fingerprint);
  assert.equal(await sessionSince(fleet), since, 'its stream was dropped');
  assert.equal(await newAddress(fleet), `ops-2.example.com:${enrollPort}`, 'by the new names');
});

test('a pair that somebody puts there while the controller makes a key stays there', async () => {
  using fleet = await createFleet();
  const { ca } = await fleet.pki.issue({ kind: 'controller', name: 'ops' });
  const files = { ca, cert: fleet.path('own.crt'), key: fleet.path('own.key') };
  const [old, next] = await Promise.all([
    issueController(fleet, 25),
    issueController(fleet, 0, 'DNS:ops-2.example.com'),
  ]);
  const put = ({ certificatePem, keyPem }: typeof old) => {
    writeFileSync(files.cert, certificatePem);
    writeFileSync(files.key, keyPem, { mode: 0o600 });
  };
  put(old);
  const nowMs = Date.now();
  const loaded = loadCredentials(files, { kind: 'controller', nowMs });
  assert.ok(loaded.kind === 'loaded');
  const by = { authority: fleet.pki.authority, days: 30, nowMs };
  const renewing = renewFiles(files, loaded.credentials, by);
  put(next);
  assert.equal(await renewing, null);
  assert.equal(readFileSync(files.cert, 'utf8'), next.certificatePem);
  assert.equal(readFileSync(files.key, 'utf8'), next.keyPem);
  put(old);
  assert.equal(await renewFiles(files, loaded.credentials, by), null);
  assert.notEqual(readFileSync(files.cert, 'utf8'), old.certificatePem, 'its own is renewed');
});

test('with the authority beside it the controller renews its own certificate, for the same names', async () => {
  using stage = await openFleet(LETS_IN + SIGNS);
  const { fleet } = stage;
  const files = await filesOf(fleet);
  await stopped(stage.controller);
  for (const daysAgo of [25, 40]) {
    const old = await issueController(fleet, daysAgo);
    writeFileSync(files.cert, old.certificatePem);
    writeFileSync(files.key, old.keyPem, { mode: 0o600 });
    copyFileSync(files.key, fleet.path('before.key'));
    const controller = await fleet.startController();
    const renewed = await fleet.until(`that of ${daysAgo} days ago is renewed`, () => {
      const found = new X509Certificate(readFileSync(files.cert));
      return (
        found.fingerprint256 !== new X509Certificate(old.certificatePem).fingerprint256 && found
      );
    });
    assert.equal(
      renewed.subjectAltName,
      'URI:spiffe://test/controller/ops, DNS:localhost, IP Address:127.0.0.1',
    );
    assert.ok(Date.parse(renewed.validTo) > Date.now() + 29 * DAY_MS);
    assert.notEqual(readFileSync(files.key, 'utf8'), old.keyPem);
    await fleet.until('it is shown', async () => {
      const shown = await shownAt(fleet.port, fleet);
      return shown.fingerprint256 === renewed.fingerprint256;
    });
    await stopped(controller);
  }
});

/** Where a token of this moment sends its newcomer. */
async function newAddress(fleet: Fleet): Promise<string> {
  const authority = await (await fleet.client()).authority();
  const token = {
    kind: 'agent',
    names: 'web-9',
    labels: {},
    replaces: false,
    ttlMs: 60_000,
  } as const;
  const join = parseJoinString((await authority.createToken(token)).joinString);
  assert.ok('address' in join);
  return join.address;
}

async function sessionSince(fleet: Fleet): Promise<number> {
  const [host] = (await (await fleet.client()).listHosts('')).hosts;
  assert.ok(host?.connected && host.connectedSinceMs !== null);
  return host.connectedSinceMs;
}

async function stopped(controller: Daemon): Promise<void> {
  assert.deepEqual(await controller.end('SIGTERM'), { code: 0, signal: null });
}
