/** A newcomer's first certificate: to whom it shows its token, and what it takes for an answer. */
import assert from 'node:assert/strict';
import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer as createNetServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createServer } from 'node:tls';
import type { CertificateAnswer } from '../../proto/certificates.ts';
import type { Credentials } from '../../proto/credentials.ts';
import { exitCodeOf, FleetError, type Refusal, refusal } from '../../proto/errors.ts';
import { pinOf } from '../../proto/pki/authority-pin.ts';
import { buildCertificate } from '../../proto/pki/certificate.ts';
import { comeBack, enrol } from '../../proto/pki/enrol.ts';
import { judgeChain, meetController } from '../../proto/pki/meet-controller.ts';
import { generateLeafKey } from '../../proto/pki/new-key.ts';
import { tlsServerOptions } from '../../proto/tls.ts';
import { freePort } from './fleet/free-port.ts';
import { createPki, type Pki, readCredentials, sharedPki } from './fleet/pki.ts';
import { eventually } from './fleet/wait.ts';
import {
  type AskedFor,
  joinStringFor,
  SECRET,
  signed,
  startScriptedIssuer,
} from './identity/scripted-issuer.ts';

const folder = mkdtempSync(join(tmpdir(), 'fleet-enrol-'));
after(() => rmSync(folder, { recursive: true }));
// grpc-js names the controller by address, of which Node warns.
process.noDeprecation = true;

const never = new AbortController().signal;
let ours: Pki;
let theirs: Pki;
let controller: Credentials;
let impostor: Credentials;
let key: KeyObject;

before(async () => {
  ours = await sharedPki(join(folder, 'ours'), 'test');
  theirs = await createPki(join(folder, 'theirs'), 'test');
  const wanted = { kind: 'controller', name: 'ops-1' } as const;
  controller = readCredentials(await ours.issue(wanted), 'controller');
  impostor = readCredentials(await theirs.issue(wanted), 'controller');
  key = (await generateLeafKey()).privateKey;
});

async function refusalOf(work: Promise<unknown>): Promise<Refusal> {
  const error = await work.then(
    () => assert.fail('it was not refused'),
    (caught: unknown) => caught,
  );
  assert.ok(error instanceof FleetError, String(error));
  return error.refusal;
}

const web1 = (asked: AskedFor): CertificateAnswer =>
  signed(ours.authority, asked, { kind: 'agent', name: 'web-1' });

function enrolAt(port: number, name = 'web-1', onWaiting: (ms: number) => void = () => undefined) {
  const joinString = joinStringFor(ours.authority, port);
  return enrol({ join: joinString, kind: 'agent', name, key, onWaiting, signal: never });
}

test('a newcomer gets a certificate for its key by the token of the join string', async () => {
  using issuer = await startScriptedIssuer(controller, web1);
  const issued = await enrolAt(issuer.port);
  assert.deepEqual(
    issuer.asked.map(({ secret, name }) => ({ secret, name })),
    [{ secret: SECRET, name: 'web-1' }],
  );
  const certificate = new X509Certificate(issued.certificatePem);
  assert.ok(certificate.publicKey.equals(createPublicKey(key)));
  assert.equal(issued.name, 'web-1');
  assert.deepEqual(issued.controllers, ['127.0.0.1:7460']);
  assert.equal(pinOf(issued.authoritiesPem), pinOf(ours.authority.certificatePem));
});

test('an impostor with another authority hears nothing of the token, not a single byte', async () => {
  const heard: Buffer[] = [];
  let isClosed = false;
  const cert = `${impostor.cert}${impostor.ca}`;
  const options = { ...tlsServerOptions(impostor), cert, requestCert: false };
  const listener = createServer({ ...options, rejectUnauthorized: false }, (socket) => {
    socket.on('error', () => undefined).on('data', (bytes: Buffer) => heard.push(bytes));
  });
  listener.on('connection', (socket: Socket) => {
    socket
      .on('error', () => undefined)
      .once('close', () => {
        isClosed = true;
      });
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  try {
    const because = await refusalOf(enrolAt((listener.address() as AddressInfo).port));
    assert.equal(because.code, 'unauthenticated');
    assert.match(because.message, /is not the controller that the join string is of/);
    assert.match(String(because.cause), /nothing was sent/);
    assert.ok(!JSON.stringify(because).includes(SECRET));
    await eventually('all that was said has been heard', () => isClosed);
  } finally {
    listener.close();
  }
  assert.deepEqual(heard, []);
});

test('the authority’s key does not vouch for what it has not signed', () => {
  const { certificatePem } = ours.authority;
  const spki = new X509Certificate(certificatePem).publicKey;
  const publicKeyPem = spki.export({ type: 'spki', format: 'pem' }).toString();
  const life = { notBeforeMs: Date.now() - 60_000, notAfterMs: Date.now() + 600_000 };
  const forged = buildCertificate(
    {
      ...{
        commonName: 'fleetvisor certificate authority',
        organization: 'test',
        use: 'authority',
        ...life,
        publicKeyPem,
      },
      alternativeNames: [{ kind: 'uri', value: 'spiffe://test' }],
    },
    { certificatePem: null, privateKey: theirs.authority.privateKey },
  );
  const expected = { address: '127.0.0.1:1', host: '127.0.0.1', nowMs: Date.now() };
  const chain = [controller.cert, forged].map((pem) => new X509Certificate(pem).raw);
  const pin = pinOf(certificatePem);
  assert.equal(pinOf(forged), pin);
  assert.ok('code' in judgeChain(chain, { ...expected, pin }));
  const honest = [controller.cert, certificatePem].map((pem) => new X509Certificate(pem).raw);
  assert.ok('fleet' in judgeChain(honest, { ...expected, pin }));
});

test('who shows the authority must also show a controller of it, for the name that was dialled', async () => {
  const shown = async (kind: 'agent' | 'controller', san?: string) => {
    const files = await ours.issue({ kind, name: 'other', ...(san && { san }) });
    return readCredentials(files, kind);
  };
  const cases = [
    [await shown('agent'), /no controller of this fleet/],
    [await shown('controller', 'DNS:elsewhere.example.com'), /does not cover "127.0.0.1"/],
  ] as const;
  for (const [credentials, why] of cases) {
    using issuer = await startScriptedIssuer(credentials, web1);
    const because = await refusalOf(enrolAt(issuer.port));
    assert.match(String(because.cause), why);
    assert.notEqual(because.fix, null);
    assert.equal(issuer.asked.length, 0);
  }
  const chain = [controller.cert, impostor.ca].map((pem) => new X509Certificate(pem).raw);
  const pin = pinOf(impostor.ca);
  const expected = { address: '127.0.0.1:1', host: '127.0.0.1', pin, nowMs: Date.now() };
  assert.ok('code' in judgeChain(chain, expected));
});

test('a controller whose certificate has ended is not trusted, and the clocks are named', () => {
  const chain = [controller.cert, controller.ca].map((pem) => new X509Certificate(pem).raw);
  const pin = pinOf(controller.ca);
  const expected = { address: '127.0.0.1:1', host: '127.0.0.1', pin };
  const late = judgeChain(chain, { ...expected, nowMs: Date.now() + 40 * 86_400_000 });
  const early = judgeChain(chain, { ...expected, nowMs: 0 });
  assert.ok('code' in late && /controller ended at/.test(String(late.cause)));
  assert.ok('code' in early && /date -u/.test(String(early.fix)));
});

test('nothing at the address, and something that is no controller, are told apart', async () => {
  const nobody = await refusalOf(enrolAt(await freePort()));
  assert.equal(nobody.code, 'unavailable');
  assert.match(String(nobody.cause), /nothing listens/);

  const plain = createNetServer((socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
  const other = await refusalOf(enrolAt((plain.address() as AddressInfo).port));
  plain.close();
  assert.match(String(other.cause), /does not speak our protocol/);
});

test('who gives up while nobody answers leaves at once', async () => {
  const silent = createNetServer((socket) => void socket.on('error', () => undefined));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const giveUp = new AbortController();
  const { port } = silent.address() as AddressInfo;
  const met = refusalOf(meetController(joinStringFor(ours.authority, port), giveUp.signal));
  giveUp.abort();
  assert.equal((await met).code, 'interrupted');
  silent.close();
});

test('while nobody has signed, the same is asked again with the same key', async () => {
  const waits: number[] = [];
  const pending = (): CertificateAnswer => ({
    ...{ certificatePem: null, authoritiesPem: '', retryAfterMs: 0, controllers: [], name: '' },
  });
  let times = 0;
  using issuer = await startScriptedIssuer(controller, (asked) =>
    times++ === 0 ? pending() : web1(asked),
  );
  const issued = await enrolAt(issuer.port, 'web-1', (ms) => waits.push(ms));
  assert.equal(issued.name, 'web-1');
  assert.deepEqual(waits, [1_000]);
  const [first, second] = issuer.asked;
  assert.deepEqual(first, second);
});

test('a refusal of the controller arrives as it was said', async () => {
  const told = refusal('denied', 'this token was used', { cause: 'by web-9', fix: 'make another' });
  using issuer = await startScriptedIssuer(controller, () => told);
  assert.deepEqual(await refusalOf(enrolAt(issuer.port)), told);
});

test('who is held up for the sake of others at the address may try again later', async () => {
  const told = refusal('exhausted', 'too many failed attempts from this address', { fix: 'wait' });
  using issuer = await startScriptedIssuer(controller, () => told);
  const because = await refusalOf(enrolAt(issuer.port));
  assert.deepEqual(because, { ...told, code: 'unavailable' });
  assert.equal(exitCodeOf(because.code), 4);
});

test('a certificate that is not what was asked for is refused', async () => {
  const { privateKey: otherKey } = await generateLeafKey();
  const { makeSigningRequest } = await import('../../proto/pki/signing-request.ts');
  const ofOtherKey = { csrPem: makeSigningRequest(otherKey, 'web-1') };
  const wrong: readonly (readonly [(asked: AskedFor) => CertificateAnswer, RegExp])[] = [
    [() => web1(ofOtherKey), /another key/],
    [(asked) => signed(ours.authority, asked, { kind: 'agent', name: 'web-2' }), /web-2/],
    [(asked) => signed(ours.authority, asked, { kind: 'operator', name: 'web-1' }), /operator/],
    [(asked) => signed(theirs.authority, asked, { kind: 'agent', name: 'web-1' }), /authority/],
    [(asked) => ({ ...web1(asked), certificatePem: 'rubbish' }), /damaged/],
  ];
  for (const [answer, why] of wrong) {
    using issuer = await startScriptedIssuer(controller, answer);
    const because = await refusalOf(enrolAt(issuer.port));
    assert.match(String(because.cause), why);
  }
});

test('a host comes back by its old key, and learns that it has to be readmitted first', async () => {
  const issuedFiles = await ours.issue({ kind: 'agent', name: 'web-1' });
  const old = readCredentials(issuedFiles, 'agent');
  const { createPrivateKey } = await import('node:crypto');
  const oldKey = createPrivateKey(old.key);
  const notYet = refusal('wrong-state', 'web-1 has to be readmitted', { fix: 'host readmit' });
  let isReadmitted = false;
  using issuer = await startScriptedIssuer(controller, (asked) =>
    isReadmitted ? web1(asked) : notYet,
  );
  const ask = () =>
    comeBack({
      ...{ address: `127.0.0.1:${issuer.port}`, ca: old.ca, certificatePem: old.cert },
      ...{ identity: old.identity, key: oldKey, onWaiting: () => undefined, signal: never },
    });
  assert.deepEqual(await refusalOf(ask()), notYet);
  isReadmitted = true;
  const issued = await ask();
  assert.equal(issued.identity.name, 'web-1');
  assert.equal(issuer.asked[0]?.certificatePem, old.cert);
  assert.ok(new X509Certificate(issued.certificatePem).publicKey.equals(createPublicKey(oldKey)));
});
