/** What the controller and fleet-certs sign alike: the template, whatever the request wanted. */

import assert from 'node:assert/strict';
import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  X509Certificate,
} from 'node:crypto';
import { before, test } from 'node:test';
import forge from 'node-forge';
import { isRefusal } from '../../proto/errors.ts';
import { identityOf } from '../../proto/identity.ts';
import { parseAddresses } from '../../proto/pki/addresses.ts';
import type { SigningAuthority } from '../../proto/pki/authority.ts';
import { pinOf } from '../../proto/pki/authority-pin.ts';
import { buildCertificate } from '../../proto/pki/certificate.ts';
import { type LeafOrder, type SignedLeaf, signLeaf } from '../../proto/pki/leaf.ts';
import { keyHashOf, readSigningRequest } from '../../proto/pki/signing-request.ts';
import { rsaKeys } from '../fakes/rsa-key.ts';

const NOW_MS = Date.UTC(2026, 10, 22, 12, 0, 0);
const DAY_MS = 86_400_000;
const SKEW_MS = 5 * 60_000;

let authority: SigningAuthority;
let holder: KeyObject;
let order: LeafOrder;
before(() => {
  const keys = rsaKeys();
  holder = keys.privateKey;
  authority = authorityOf(keys);
  const publicKeyPem = pemOf(keys.publicKey);
  order = { kind: 'agent', name: 'web-1', days: 7, nowMs: NOW_MS, publicKeyPem, addresses: [] };
});

function pemOf(publicKey: KeyObject): string {
  return publicKey.export({ type: 'spki', format: 'pem' }).toString();
}

function authorityOf(keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject }) {
  const { privateKey } = keys;
  const notAfterMs = NOW_MS + 10 * DAY_MS;
  const template = {
    commonName: 'authority',
    organization: 'prod',
    use: 'authority',
    alternativeNames: [{ kind: 'uri', value: 'spiffe://prod' }],
    notBeforeMs: NOW_MS - SKEW_MS,
    notAfterMs,
    publicKeyPem: pemOf(keys.publicKey),
  } as const;
  const certificatePem = buildCertificate(template, { certificatePem: null, privateKey });
  return { fleet: 'prod', certificatePem, privateKey, notAfterMs };
}

function signed(change: Partial<LeafOrder> = {}): SignedLeaf {
  const leaf = signLeaf(authority, { ...order, ...change });
  assert.ok(!isRefusal(leaf), JSON.stringify(leaf));
  return leaf;
}

function refused(change: Partial<LeafOrder>): string {
  const leaf = signLeaf(authority, { ...order, ...change });
  assert.ok(isRefusal(leaf), 'not refused');
  return `${leaf.message}: ${leaf.cause}`;
}

test('a signed certificate is told with its fingerprint, life and key', () => {
  const leaf = signed();
  const certificate = new X509Certificate(leaf.certificatePem);
  assert.ok(certificate.verify(createPublicKey(holder)));
  assert.deepEqual(identityOf(certificate.raw), {
    fleet: 'prod',
    kind: 'agent',
    name: 'web-1',
    notBeforeMs: leaf.notBeforeMs,
    notAfterMs: leaf.notAfterMs,
    fingerprint256: leaf.fingerprint,
  });
  assert.equal(leaf.notBeforeMs, NOW_MS - SKEW_MS);
  assert.equal(leaf.notAfterMs, NOW_MS + 7 * DAY_MS);
  assert.equal(leaf.keyHash, keyHashOf(certificate.publicKey));
});

/** Ten years as an authority with the name of an admin, from the key of a host. */
function greedyRequest(): string {
  const request = forge.pki.createCertificationRequest();
  request.publicKey = forge.pki.publicKeyFromPem(order.publicKeyPem);
  request.setSubject([{ name: 'commonName', value: 'admin' }]);
  const extensions = [
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', keyCertSign: true, critical: true },
    { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
    { name: 'subjectAltName', altNames: [{ type: 6, value: 'spiffe://prod/operator/admin' }] },
  ];
  request.setAttributes([{ name: 'extensionRequest', extensions }]);
  const keyPem = holder.export({ type: 'pkcs1', format: 'pem' }).toString();
  request.sign(forge.pki.privateKeyFromPem(keyPem), forge.md.sha256.create());
  return forge.pki.certificationRequestToPem(request);
}

test('whoever asks to be an authority, an admin and ten years old gets exactly the template', () => {
  const read = readSigningRequest(greedyRequest());
  assert.ok(!isRefusal(read), JSON.stringify(read));
  const certificate = new X509Certificate(
    signed({ publicKeyPem: read.publicKeyPem }).certificatePem,
  );
  assert.equal(certificate.ca, false);
  assert.equal(certificate.subject, 'O=prod\nCN=web-1');
  assert.equal(certificate.subjectAltName, 'URI:spiffe://prod/agent/web-1');
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.2']);
  assert.equal(Date.parse(certificate.validTo), NOW_MS + 7 * DAY_MS);
});

test('a controller is signed with its addresses, and nobody else with any', () => {
  const parsed = parseAddresses('DNS:ops-1.example.com,IP:10.0.0.7,IP:::1');
  assert.ok(parsed.kind === 'addresses');
  const addresses = parsed.names;
  const leaf = signed({ kind: 'controller', name: 'ops-1', addresses });
  const certificate = new X509Certificate(leaf.certificatePem);
  assert.ok(certificate.checkHost('ops-1.example.com') && certificate.checkIP('10.0.0.7'));
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1']);
  assert.match(refused({ addresses }), /certificate of an agent holds no addresses/);
  assert.match(refused({ kind: 'operator', addresses }), /holds no addresses/);
  assert.match(refused({ kind: 'controller' }), /not usable: there is none/);
});

test('an address that is another identity, a wildcard or two at once is refused', () => {
  const wrong = [
    { kind: 'uri', value: 'spiffe://prod/operator/admin' },
    { kind: 'dns', value: '*' },
    { kind: 'dns', value: 'a, URI:spiffe://prod/operator/admin' },
    { kind: 'dns', value: 'a,DNS:b' },
    { kind: 'ip', value: 'ops-1' },
  ] as const;
  for (const address of wrong) {
    const said = refused({ kind: 'controller', addresses: [address] });
    assert.match(said, /addresses of a controller are not usable/);
  }
});

test('a name that is none, and days that are none, are refused', () => {
  for (const name of ['', '..', 'a/b', 'Web', 'a\n', 'x'.repeat(64)]) {
    assert.match(refused({ name }), /not a possible agent name/);
  }
  for (const days of [0, -1, 0.5, 7301, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.match(refused({ days }), /cannot be valid for/);
  }
});

test('nothing is signed that would outlive the authority', () => {
  assert.equal(signed({ days: 10 }).notAfterMs, authority.notAfterMs);
  assert.match(refused({ days: 11 }), /would outlive its authority/);
  assert.match(refused({ nowMs: NOW_MS + 4 * DAY_MS }), /would outlive its authority/);
  assert.match(refused({ nowMs: Number.NaN }), /would outlive its authority/);
});

test('a key that is damaged, short or of another kind is refused', () => {
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
  assert.match(refused({ publicKeyPem: 'garbage' }), /public key is damaged/);
  assert.match(refused({ publicKeyPem: pemOf(short) }), /has 1024 bits/);
  assert.match(refused({ publicKeyPem: pemOf(ec) }), /not RSA/);
});

test('the pin is the SHA-256 of the key, the same for every certificate of that key', () => {
  const spki = createPublicKey(holder).export({ type: 'spki', format: 'der' });
  assert.equal(
    pinOf(authority.certificatePem),
    createHash('sha256').update(spki).digest('base64url'),
  );
  assert.equal(pinOf(authority.certificatePem), pinOf(signed().certificatePem));
  assert.match(pinOf(authority.certificatePem), /^[A-Za-z0-9_-]{43}$/);
});
