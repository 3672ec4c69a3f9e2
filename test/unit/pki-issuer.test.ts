import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AlternativeName, buildCertificate } from '../../proto/pki/certificate.ts';
import {
  certificateBlocks,
  certificatesIn,
  issuerAmong,
  parseCertificate,
} from '../../proto/pki/issuer.ts';
import { rsaKeys } from '../fakes/rsa-key.ts';

const { publicKey, privateKey } = rsaKeys();
const publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();

/** All with one key, so that only what they say of themselves tells them apart. */
function made(organization: string, use: 'authority' | 'client', issuerPem: string | null): string {
  const names: readonly AlternativeName[] = [{ kind: 'uri', value: `spiffe://${organization}` }];
  const life = { notBeforeMs: Date.UTC(2026, 0, 1), notAfterMs: Date.UTC(2027, 0, 1) };
  const template = { commonName: use, organization, use, alternativeNames: names, ...life };
  return buildCertificate({ ...template, publicKeyPem }, { certificatePem: issuerPem, privateKey });
}

const AUTHORITY = made('prod', 'authority', null);
const OTHER = made('stage', 'authority', null);
const LEAF = made('prod', 'client', AUTHORITY);

test('certificates are found in a text, whatever stands around them, and damaged ones left out', () => {
  const damaged = AUTHORITY.replace(/[A-Za-z]{20}/, '');
  const text = `for ops\r\n${AUTHORITY}\n# and\n${damaged}${LEAF}`;
  assert.equal(certificateBlocks(text).length, 3);
  const serials = [AUTHORITY, LEAF].map((pem) => parseCertificate(pem)?.serialNumber);
  assert.deepEqual(
    certificatesIn(text).map(({ serialNumber }) => serialNumber),
    serials,
  );
  for (const none of ['', 'x', '-----BEGIN CERTIFICATE-----', publicKeyPem]) {
    assert.deepEqual(certificatesIn(none), []);
  }
});

test('an issuer is an authority of that name and key, and nothing else that has the key', () => {
  const [authority, other, leaf] = certificatesIn(AUTHORITY + OTHER + LEAF);
  assert.ok(authority && other && leaf);
  assert.equal(issuerAmong(leaf, [other, authority]), authority);
  assert.equal(issuerAmong(leaf, [other]), null);
  assert.equal(issuerAmong(leaf, []), null);
  // Signed by the key of a leaf, and naming that as its issuer.
  const [below] = certificatesIn(made('below', 'client', LEAF));
  assert.ok(below);
  assert.equal(below.verify(leaf.publicKey), true);
  assert.equal(issuerAmong(below, [leaf]), null);
});
