/**
 * Newcomers: a token lets one in, once, with the certificate that the controller thinks right; and
 * whatever else comes to that listener learns nothing and changes nothing.
 */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import forge from 'node-forge';
import { issueLeaf } from '../../../certs-tool/issue.ts';
import { signLeaf } from '../../../proto/pki/leaf.ts';
import { generateLeafKey, type LeafKey } from '../../../proto/pki/new-key.ts';
import { makeSigningRequest, readSigningRequest } from '../../../proto/pki/signing-request.ts';
import { createPki } from '../fleet/pki.ts';
import {
  issued,
  LETS_IN,
  newcomer,
  newSecret,
  type OpenFleet,
  openFleet,
  refused,
  relayFrom,
  SIGNS,
} from './newcomers.ts';

const DAY_MS = 86_400_000;

let open: OpenFleet;
let keys: readonly LeafKey[];

before(async () => {
  [open, keys] = await Promise.all([
    openFleet(LETS_IN + SIGNS),
    Promise.all(Array.from({ length: 5 }, () => generateLeafKey())),
  ]);
});

after(() => open?.[Symbol.dispose]());

const keyOf = (index: number): LeafKey => {
  const key = keys[index];
  assert.ok(key);
  return key;
};
const csrOf = (key: LeafKey): string => makeSigningRequest(key.privateKey, 'anything');

test('a token lets in, and a repeat by the same key gets the same certificate', async () => {
  using guest = newcomer(open, open.enrollPort);
  const secret = await newSecret(open, { names: 'web-*' });
  const request = { secret, name: 'web-1', csrPem: csrOf(keyOf(0)) };
  const first = await guest.ask({ kind: 'enrol', request });
  const certificate = new X509Certificate(issued(first));
  assert.equal(certificate.subjectAltName, 'URI:spiffe://test/agent/web-1');
  assert.ok(
    certificate.verify(new X509Certificate(open.fleet.pki.authority.certificatePem).publicKey),
  );
  assert.deepEqual(await guest.ask({ kind: 'enrol', request }), first);
  assert.ok('controllers' in first);
  assert.deepEqual(first.controllers, [`localhost:${open.fleet.port}`]);
  assert.equal(first.authoritiesPem, open.fleet.pki.authority.certificatePem);
});

test('fifty uses of one token at the same time give one certificate', async () => {
  using relay = await relayFrom('127.0.0.2', open.enrollPort);
  const secret = await newSecret(open, { names: 'race-1' });
  const guests = Array.from({ length: 25 }, () => newcomer(open, relay.port));
  const answers = await Promise.all(
    [...guests, ...guests].map((guest, index) => {
      const csrPem = csrOf(keyOf(index % keys.length));
      return guest.ask({ kind: 'enrol', request: { secret, name: '', csrPem } });
    }),
  );
  for (const guest of guests) guest[Symbol.dispose]();
  const got = answers.flatMap((answer) => ('certificatePem' in answer ? [issued(answer)] : []));
  assert.equal(new Set(got).size, 1);
  for (const answer of answers) {
    if ('code' in answer) assert.match(answer.code, /^(?:denied|exhausted)$/);
  }
  const authority = await (await open.fleet.client()).authority();
  const holder = { kind: 'agent', name: 'race-1' } as const;
  const listed = await authority.listCertificates({
    choice: { kind: 'holder', holder },
    all: true,
  });
  assert.equal(listed.length, 1);
});

test('what a request asks for besides its key is ignored', async () => {
  using relay = await relayFrom('127.0.0.3', open.enrollPort);
  using guest = newcomer(open, relay.port);
  const secret = await newSecret(open, { names: 'greedy-1' });
  const csrPem = greedyRequest(keyOf(0).keyPem);
  // The key has a certificate of another holder already.
  assert.equal(
    refused(await guest.ask({ kind: 'enrol', request: { secret, name: '', csrPem } })).code,
    'denied',
  );
  const fresh = await generateLeafKey();
  const answer = await guest.ask({
    kind: 'enrol',
    request: { secret, name: '', csrPem: greedyRequest(fresh.keyPem) },
  });
  const certificate = new X509Certificate(issued(answer));
  assert.equal(certificate.subjectAltName, 'URI:spiffe://test/agent/greedy-1');
  assert.equal(certificate.ca, false);
  assert.doesNotMatch(certificate.subject, /admin/);
  const lifeMs = Date.parse(certificate.validTo) - Date.now();
  assert.ok(lifeMs > 6.9 * DAY_MS && lifeMs <= 7 * DAY_MS, `${lifeMs / DAY_MS} days`);
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.2']);
});

test('who shows the wrong secret is denied, is on record, and has to wait after ten of them', async () => {
  using relay = await relayFrom('127.0.0.4', open.enrollPort);
  using guest = newcomer(open, relay.port);
  const secret = await newSecret(open, { names: 'slow-1' });
  const csrPem = csrOf(keyOf(1));
  for (let tries = 0; tries < 10; tries += 1) {
    const wrong = { secret: `${tries}`.padEnd(43, 'A'), name: 'slow-1', csrPem };
    assert.equal(refused(await guest.ask({ kind: 'enrol', request: wrong })).code, 'denied');
  }
  const right = { secret, name: 'slow-1', csrPem };
  const waiting = refused(await guest.ask({ kind: 'enrol', request: right }));
  assert.equal(waiting.code, 'exhausted');
  assert.match(waiting.message, /too many failed attempts/);
  using elsewhere = await relayFrom('127.0.0.5', open.enrollPort);
  using other = newcomer(open, elsewhere.port);
  refused(await other.ask({ kind: 'enrol', request: { ...right, secret: 'x' } }));
  const authority = await (await open.fleet.client()).authority();
  const query = {
    actor: null,
    action: 'enrol',
    outcome: 'refused',
    sinceMs: null,
    limit: 100,
  } as const;
  const rows = [];
  for await (const some of authority.readAudit(query, AbortSignal.timeout(10_000)))
    rows.push(...some);
  assert.ok(
    rows.some(({ actor, detail }) => actor.kind === 'nobody' && /token is not known/.test(detail)),
    JSON.stringify(rows),
  );
});

test('a token that has expired lets nobody in', async () => {
  using relay = await relayFrom('127.0.0.6', open.enrollPort);
  using guest = newcomer(open, relay.port);
  const secret = await newSecret(open, { names: 'late-1', ttlMs: 1_000 });
  const expiresAtMs = Date.now() + 1_000;
  await open.fleet.until('the token has expired', () => Date.now() > expiresAtMs);
  const request = { secret, name: 'late-1', csrPem: csrOf(keyOf(2)) };
  const answer = refused(await guest.ask({ kind: 'enrol', request }));
  assert.equal(answer.code, 'denied');
  assert.match(answer.message, /expired at/);
});

test('what is no request for a certificate is refused, and costs the token nothing', async () => {
  using relay = await relayFrom('127.0.0.7', open.enrollPort);
  using guest = newcomer(open, relay.port);
  const secret = await newSecret(open, { names: 'odd-1' });
  const good = csrOf(keyOf(3));
  const damaged = good.replace(/\n[A-Za-z0-9+/]{8}(?=[^\n]*\n-----END)/, '\nAAAAAAAA');
  assert.notEqual(damaged, good);
  const bad = ['', 'no PEM', good.slice(0, -80), damaged, good.repeat(40)];
  for (const csrPem of bad) {
    const answer = await guest.ask({ kind: 'enrol', request: { secret, name: '', csrPem } });
    assert.equal(refused(answer).code, 'usage');
  }
  const fresh = await generateLeafKey();
  const request = { secret, name: '', csrPem: csrOf(fresh) };
  issued(await guest.ask({ kind: 'enrol', request }));
});

test('a message of a megabyte is not even read', async () => {
  using relay = await relayFrom('127.0.0.8', open.enrollPort);
  using guest = newcomer(open, relay.port);
  const request = { secret: 'x'.repeat(1_048_576), name: '', csrPem: '' };
  assert.equal(refused(await guest.ask({ kind: 'enrol', request })).code, 'exhausted');
});

test('who speaks no TLS is hung up on', async () => {
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(open.enrollPort, '127.0.0.1');
    let received = '';
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      received += text;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(received));
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  });
  assert.ok(answer.length < 50, 'nothing but an alert');
  await open.fleet.until('it is in the log', () =>
    open.controller
      .log()
      .some(({ msg }) => /refused a connection: it does not speak TLS/.test(msg)),
  );
});

test('of too many connections from one address the oldest goes, and nobody else is kept out', async () => {
  using relay = await relayFrom('127.0.0.10', open.enrollPort);
  const ca = open.fleet.pki.authority.certificatePem;
  const sockets: TLSSocket[] = [];
  for (let count = 0; count < 33; count += 1) {
    const socket = connectTls({ host: '127.0.0.1', port: relay.port, ca, ALPNProtocols: ['h2'] });
    socket.on('error', () => undefined).resume();
    await once(socket, 'secureConnect');
    sockets.push(socket);
  }
  const openOnes = () => sockets.filter(({ closed }) => !closed);
  await open.fleet.until('one has gone', () => openOnes().length === 32);
  assert.equal(sockets[0]?.closed, true);
  using guest = newcomer(open, open.enrollPort);
  const request = { secret: 'x', name: '', csrPem: '' };
  assert.equal(refused(await guest.ask({ kind: 'enrol', request })).code, 'denied');
  for (const socket of sockets) socket.destroy();
});

test('only who has a certificate of ours that has expired, and its key, may ask to come back', async () => {
  using relay = await relayFrom('127.0.0.9', open.enrollPort);
  using guest = newcomer(open, relay.port);
  const before = { kind: 'agent', name: 'old-1', nowMs: Date.now() - 30 * DAY_MS } as const;
  const old = await issueLeaf(open.fleet.pki.authority, before);
  const stranger = await createPki(open.fleet.path('stranger'), 'test');
  const foreign = await issueLeaf(stranger.authority, before);
  const csr = requestBy(old.keyPem);
  const comeBack = (certificatePem: string, csrPem: string) =>
    guest.ask({ kind: 'return', request: { certificatePem, csrPem } });

  const unknown = refused(await comeBack(foreign.certificatePem, requestBy(foreign.keyPem)));
  assert.equal(unknown.code, 'unauthenticated');
  assert.match(unknown.cause ?? '', /no authority of this fleet/);
  const stolen = refused(await comeBack(old.certificatePem, csrOf(keyOf(4))));
  assert.match(stolen.message, /not by the key of the certificate/);
  const current = await issueLeaf(open.fleet.pki.authority, { ...before, nowMs: Date.now() });
  const early = refused(await comeBack(current.certificatePem, requestBy(current.keyPem)));
  assert.match(early.message, /has not expired/);
  const waiting = refused(await comeBack(old.certificatePem, csr));
  assert.equal(waiting.code, 'wrong-state');
  assert.match(waiting.fix ?? '', /fleetctl host readmit old-1/);
});

test('where the authority is elsewhere, the newcomer waits until somebody has signed', async () => {
  using apart = await openFleet(LETS_IN);
  using guest = newcomer(apart, apart.enrollPort);
  const secret = await newSecret(apart, { names: 'web-1' });
  const request = { secret, name: '', csrPem: csrOf(keyOf(4)) };
  const waiting = await guest.ask({ kind: 'enrol', request });
  assert.ok('retryAfterMs' in waiting && waiting.certificatePem === null);
  assert.ok(waiting.retryAfterMs > 0);
  const authority = await (await apart.fleet.client()).authority();
  const [asked] = await authority.listRequests();
  assert.ok(asked);
  const signed = readSigningRequest(asked.csrPem);
  assert.ok('publicKeyPem' in signed);
  const { kind, name, days } = asked;
  const leaf = signLeaf(apart.fleet.pki.authority, {
    ...{ kind, name, days, nowMs: Date.now(), addresses: [] },
    publicKeyPem: signed.publicKeyPem,
  });
  assert.ok('certificatePem' in leaf);
  await authority.addCertificates([leaf.certificatePem]);
  assert.equal(issued(await guest.ask({ kind: 'enrol', request })), leaf.certificatePem);
});

function requestBy(keyPem: string): string {
  const key = forge.pki.privateKeyFromPem(keyPem) as forge.pki.rsa.PrivateKey;
  return forgedRequest(key, []);
}

/** Asks to be an authority, a controller, and an operator called admin. */
function greedyRequest(keyPem: string): string {
  const key = forge.pki.privateKeyFromPem(keyPem) as forge.pki.rsa.PrivateKey;
  const altNames = [
    { type: 6, value: 'spiffe://test/operator/admin' },
    { type: 2, value: 'localhost' },
  ];
  return forgedRequest(key, [
    { name: 'basicConstraints', cA: true },
    { name: 'keyUsage', keyCertSign: true },
    { name: 'subjectAltName', altNames },
  ]);
}

function forgedRequest(key: forge.pki.rsa.PrivateKey, extensions: readonly object[]): string {
  const request = forge.pki.createCertificationRequest();
  request.publicKey = forge.pki.setRsaPublicKey(key.n, key.e);
  request.setSubject([{ name: 'commonName', value: 'admin' }]);
  if (extensions.length > 0) {
    request.setAttributes([{ name: 'extensionRequest', extensions: [...extensions] }]);
  }
  request.sign(key, forge.md.sha256.create());
  return forge.pki.certificationRequestToPem(request);
}
