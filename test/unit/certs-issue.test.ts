/** What stands in the certificates, read back by Node and, where Node shows too little, by forge. */
import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { before, test } from 'node:test';
import forge from 'node-forge';
import {
  type Authority,
  type CertificatePair,
  createAuthority,
  issueLeaf,
  type LeafRequest,
  refusalOfAuthority,
  refusalOfLeaf,
} from '../../certs-tool/issue.ts';
import { FleetError } from '../../proto/errors.ts';
import { fleetOfAuthority, identityOf } from '../../proto/identity.ts';
import type { IdentityKind } from '../../proto/identity-name.ts';
import { signingAuthorityFrom } from '../../proto/pki/authority.ts';
import { buildCertificate } from '../../proto/pki/certificate.ts';
import { recheck } from '../../proto/pki/recheck.ts';

const NOW_MS = Date.UTC(2026, 10, 22, 12, 0, 0) + 345;
const NOW_WHOLE_MS = NOW_MS - 345;
const DAY_MS = 86_400_000;
const SKEW_MS = 5 * 60_000;

const LEAVES = [
  {
    request: { kind: 'controller', name: 'ops-1', san: 'DNS:ops-1.example.com,IP:10.0.0.7,IP:::1' },
    days: 30,
    extendedKeyUsage: '1.3.6.1.5.5.7.3.1',
    names:
      'URI:spiffe://prod/controller/ops-1, DNS:ops-1.example.com, IP Address:10.0.0.7, IP Address:0:0:0:0:0:0:0:1',
  },
  {
    request: { kind: 'agent', name: 'web-1' },
    days: 7,
    extendedKeyUsage: '1.3.6.1.5.5.7.3.2',
    names: 'URI:spiffe://prod/agent/web-1',
  },
  {
    request: { kind: 'operator', name: 'alice' },
    days: 30,
    extendedKeyUsage: '1.3.6.1.5.5.7.3.2',
    names: 'URI:spiffe://prod/operator/alice',
  },
] as const;

let authority: Authority;
let leaves: ReadonlyMap<IdentityKind, CertificatePair>;
before(async () => {
  authority = await createAuthority({ fleet: 'prod', nowMs: NOW_MS });
  const issued = LEAVES.map(async ({ request }) => {
    const pair = await issueLeaf(authority, { ...request, nowMs: NOW_MS });
    return [request.kind, pair] as const;
  });
  leaves = new Map(await Promise.all(issued));
});

function leafOf(kind: IdentityKind): CertificatePair {
  const pair = leaves.get(kind);
  assert.ok(pair !== undefined);
  return pair;
}

function forgeView(pem: string) {
  const certificate = forge.pki.certificateFromPem(pem);
  const extension = (name: string) =>
    certificate.getExtension(name) as Readonly<Record<string, unknown>> | null;
  return { certificate, extension };
}

test('the authority is a self-signed RSA-3072 one for five years that names its fleet', () => {
  const certificate = new X509Certificate(authority.certificatePem);
  assert.equal(fleetOfAuthority(certificate), 'prod');
  assert.equal(certificate.subjectAltName, 'URI:spiffe://prod');
  assert.equal(certificate.publicKey.asymmetricKeyDetails?.modulusLength, 3072);
  assert.ok(certificate.verify(certificate.publicKey));
  assert.equal(Date.parse(certificate.validFrom), NOW_WHOLE_MS - SKEW_MS);
  assert.equal(authority.notAfterMs, NOW_WHOLE_MS + 1825 * DAY_MS);
  const { extension } = forgeView(authority.certificatePem);
  const constraints = extension('basicConstraints');
  assert.deepEqual(
    [constraints?.['critical'], constraints?.['cA'], constraints?.['pathLenConstraint']],
    [true, true, 0],
  );
  const usage = extension('keyUsage');
  assert.deepEqual(
    [usage?.['critical'], usage?.['keyCertSign'], usage?.['cRLSign'], usage?.['digitalSignature']],
    [true, true, true, false],
  );
});

for (const { request, days, extendedKeyUsage, names } of LEAVES) {
  test(`the certificate of a ${request.kind} holds its names, use and life`, () => {
    const pair = leafOf(request.kind);
    const certificate = new X509Certificate(pair.certificatePem);
    const issuer = new X509Certificate(authority.certificatePem);
    assert.ok(certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey));
    assert.ok(certificate.checkPrivateKey(createPrivateKey(pair.keyPem)));
    assert.equal(certificate.publicKey.asymmetricKeyDetails?.modulusLength, 2048);
    assert.equal(certificate.ca, false);
    assert.equal(certificate.subjectAltName, names);
    assert.deepEqual(certificate.keyUsage, [extendedKeyUsage]);
    assert.deepEqual(identityOf(certificate.raw), {
      fleet: 'prod',
      kind: request.kind,
      name: request.name,
      notBeforeMs: NOW_WHOLE_MS - SKEW_MS,
      notAfterMs: NOW_WHOLE_MS + days * DAY_MS,
      fingerprint256: certificate.fingerprint256,
    });
    assert.equal(pair.notAfterMs, NOW_WHOLE_MS + days * DAY_MS);
  });
}

test('a certificate is signed with SHA-256, points to its issuer, and marks what is critical', () => {
  const { certificate, extension } = forgeView(leafOf('agent').certificatePem);
  assert.equal(certificate.signatureOid, forge.pki.oids['sha256WithRSAEncryption']);
  assert.equal(certificate.siginfo.algorithmOid, forge.pki.oids['sha256WithRSAEncryption']);
  assert.equal(extension('basicConstraints')?.['critical'], true);
  assert.equal(extension('keyUsage')?.['critical'], true);
  assert.equal(extension('keyUsage')?.['digitalSignature'], true);
  assert.equal(extension('keyUsage')?.['keyEncipherment'], false);
  const own = extension('subjectKeyIdentifier')?.['subjectKeyIdentifier'];
  const issuers = forgeView(authority.certificatePem).extension('subjectKeyIdentifier');
  const pointer = String(extension('authorityKeyIdentifier')?.['value']);
  assert.ok(forge.util.bytesToHex(pointer).endsWith(String(issuers?.['subjectKeyIdentifier'])));
  assert.notEqual(own, issuers?.['subjectKeyIdentifier']);
});

test('serial numbers are positive, 16 bytes long and differ', () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const serials = Array.from({ length: 64 }, () => {
    const pem = buildCertificate(
      {
        commonName: 'x',
        organization: 'x',
        use: 'client',
        alternativeNames: [{ kind: 'uri', value: 'spiffe://x/agent/x' }],
        notBeforeMs: NOW_MS,
        notAfterMs: NOW_MS + DAY_MS,
        publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      },
      { certificatePem: null, privateKey },
    );
    return new X509Certificate(pem).serialNumber;
  });
  for (const serial of serials) assert.match(serial, /^[4-7][0-9A-F]{31}$/);
  assert.equal(new Set(serials).size, serials.length);
});

test('what was built is compared with what was wanted', () => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const template = {
    commonName: 'web-1',
    organization: 'prod',
    use: 'client',
    alternativeNames: [{ kind: 'uri', value: 'spiffe://prod/agent/web-1' }],
    notBeforeMs: NOW_WHOLE_MS,
    notAfterMs: NOW_WHOLE_MS + DAY_MS,
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  } as const;
  const certificatePem = buildCertificate(template, {
    certificatePem: authority.certificatePem,
    privateKey: createPrivateKey(authority.keyPem),
  });
  const finished = { template, certificatePem, issuerPem: authority.certificatePem };
  recheck(finished);
  assert.throws(
    () => recheck({ ...finished, issuerPem: certificatePem }),
    /template: signature, issuer$/,
  );
  const wanted = (change: object) => ({ ...finished, template: { ...template, ...change } });
  const other = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
  assert.throws(
    () => recheck(wanted({ publicKeyPem: other.export({ type: 'spki', format: 'pem' }) })),
    /template: key$/,
  );
  assert.throws(() => recheck(wanted({ use: 'server' })), /template: extended key usage$/);
  assert.throws(
    () => recheck(wanted({ use: 'authority' })),
    /template: basic constraints, extended key usage$/,
  );
  assert.throws(() => recheck(wanted({ alternativeNames: [] })), /template: alternative names$/);
  assert.throws(
    () => recheck(wanted({ alternativeNames: [{ kind: 'dns', value: 'web-1' }] })),
    /template: alternative names$/,
  );
  assert.throws(() => recheck(wanted({ notBeforeMs: 0, notAfterMs: 0 })), /template: start, end$/);
});

test('a fleet and its members get no name that could pass for a path, an option or another name', () => {
  const hostile = [
    '',
    '-x',
    '.',
    '..',
    'a/b',
    'a\\b',
    'A',
    'ä',
    'a b',
    'a\n',
    'a\0',
    'x'.repeat(64),
  ];
  for (const name of hostile) {
    assert.equal(refusalOfAuthority({ fleet: name, nowMs: NOW_MS })?.code, 'usage', name);
    const refused = refusalOfLeaf(authority, { kind: 'agent', name, nowMs: NOW_MS });
    assert.match(refused?.message ?? '', /not a possible agent name/);
    assert.match(refused?.fix ?? '', /lower-case letters/);
  }
  for (const name of ['a', '0', 'web-1.example.com', 'x'.repeat(63)]) {
    assert.equal(refusalOfLeaf(authority, { kind: 'agent', name, nowMs: NOW_MS }), null);
  }
});

test('a life is a whole number of days, and not longer than that of the authority', () => {
  const ask = (days: number, laterMs = 0): string | null | undefined =>
    refusalOfLeaf(authority, { kind: 'agent', name: 'web-1', nowMs: NOW_MS + laterMs, days })?.fix;
  for (const days of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 7301]) {
    assert.match(ask(days) ?? '', /whole number of days from 1 to 7300/);
  }
  assert.equal(ask(1825), undefined);
  assert.match(ask(1826) ?? '', /at most 1825 days/);
  assert.match(ask(7, 1820 * DAY_MS) ?? '', /at most 5 days/);
  assert.match(ask(1, 1826 * DAY_MS) ?? '', /new authority/);
});

test('a controller needs addresses that clients can check', async () => {
  const request: LeafRequest = { kind: 'controller', name: 'ops-1', san: 'ops-1', nowMs: NOW_MS };
  await assert.rejects(
    issueLeaf(authority, request),
    (error) => error instanceof FleetError && /neither DNS: nor IP:/.test(error.message),
  );
});

test('an authority that was made before is taken up again, and nothing else passes for one', () => {
  const { certificatePem, keyPem, fleet, notAfterMs } = authority;
  const taken = signingAuthorityFrom({ certificatePem, keyPem, passphrase: null });
  assert.ok('fleet' in taken);
  assert.ok(taken.privateKey.equals(authority.privateKey));
  assert.deepEqual([taken.fleet, taken.notAfterMs], [fleet, notAfterMs]);
  const leaf = leafOf('agent');
  const ecKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const wrong: Readonly<Record<string, [string, string]>> = {
    'certificate is damaged': ['garbage', keyPem],
    'key is damaged': [certificatePem, 'garbage'],
    'not one that fleet-certs init made': [leaf.certificatePem, leaf.keyPem],
    'not the key of the certificate': [certificatePem, leaf.keyPem],
    'not RSA': [certificatePem, ecKey.export({ type: 'pkcs8', format: 'pem' }).toString()],
  };
  for (const [cause, [certificate, key]] of Object.entries(wrong)) {
    const refused = signingAuthorityFrom({
      certificatePem: certificate,
      keyPem: key,
      passphrase: null,
    });
    assert.ok('code' in refused, cause);
    assert.match(refused.cause ?? '', new RegExp(cause));
  }
});
