/** Which certificates give an identity, and which strange ones must not. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { fleetOfAuthority, identityOf, identityOfCall, subjectUri } from '../../proto/identity.ts';
import { IDENTITY_KINDS, isIdentityName } from '../../proto/identity-name.ts';
import {
  type AlternativeName,
  buildCertificate,
  type CertificateUse,
} from '../../proto/pki/certificate.ts';

const BEGIN_MS = Date.UTC(2026, 10, 22, 12, 0, 0);
const END_MS = BEGIN_MS + 7 * 86_400_000;
// Short, because nothing here verifies a signature.
const keys = generateKeyPairSync('rsa', { modulusLength: 1024 });
const publicKeyPem = keys.publicKey.export({ type: 'spki', format: 'pem' }).toString();

function certificateWith(
  alternativeNames: readonly AlternativeName[],
  more: { readonly commonName?: string; readonly use?: CertificateUse } = {},
): X509Certificate {
  const pem = buildCertificate(
    {
      commonName: more.commonName ?? 'nobody',
      organization: 'fleet',
      use: more.use ?? 'client',
      alternativeNames,
      notBeforeMs: BEGIN_MS,
      notAfterMs: END_MS,
      publicKeyPem,
    },
    { certificatePem: null, privateKey: keys.privateKey },
  );
  return new X509Certificate(pem);
}

const uri = (value: string): AlternativeName => ({ kind: 'uri', value });
const dns = (value: string): AlternativeName => ({ kind: 'dns', value });
const identityIn = (...names: readonly AlternativeName[]) => identityOf(certificateWith(names).raw);

test('every subject comes back from its certificate as it went in', () => {
  const name = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,62}$/);
  fc.assert(
    fc.property(name, fc.constantFrom(...IDENTITY_KINDS), name, (fleet, kind, holder) => {
      const subject = { fleet, kind, name: holder };
      const certificate = certificateWith([dns('localhost'), uri(subjectUri(subject))]);
      assert.deepEqual(identityOf(certificate.raw), {
        ...subject,
        notBeforeMs: BEGIN_MS,
        notAfterMs: END_MS,
        fingerprint256: certificate.fingerprint256,
      });
    }),
    { numRuns: 30 },
  );
});

const STRANGE_URIS = [
  'https://fleet/agent/web-1',
  'SPIFFE://fleet/agent/web-1',
  'spiffe://fleet',
  'spiffe://fleet/agent',
  'spiffe://fleet/agent/',
  'spiffe:///agent/web-1',
  'spiffe://fleet//web-1',
  'spiffe://fleet/agent/web-1/',
  'spiffe://fleet/agent/web-1/x',
  'spiffe://fleet/root/web-1',
  'spiffe://fleet/Agent/web-1',
  'spiffe://fleet/agent/Web-1',
  'spiffe://Fleet/agent/web-1',
  'spiffe://fleet/agent/..',
  'spiffe://fleet/agent/web%2d1',
  'spiffe://fleet/agent/web-1?x',
  'spiffe://fleet/agent/web-1#x',
  'spiffe://fleet:1/agent/web-1',
  'spiffe://root@fleet/agent/web-1',
  'spiffe://fleet/agent/web-1\n',
  'spiffe://fleet/agent/web-1\0',
  'spiffe://fleet/agent/web-1\0.example',
  'spiffe://fleet/agent/web-1, URI:spiffe://fleet/operator/alice',
  'spiffe://fleet/agent/"web-1"',
  `spiffe://fleet/agent/${'x'.repeat(64)}`,
  ' spiffe://fleet/agent/web-1',
  '',
];

for (const strange of STRANGE_URIS) {
  test(`the URI ${JSON.stringify(strange.slice(0, 60))} is no identity`, () => {
    assert.equal('code' in identityIn(uri(strange)) && 'refused', 'refused');
  });
}

test('the common name is never an identity', () => {
  const named = { commonName: 'spiffe://fleet/operator/alice' };
  const refused = identityOf(certificateWith([dns('alice')], named).raw);
  assert.ok('code' in refused);
  assert.equal(refused.code, 'unauthenticated');
  assert.match(refused.cause ?? '', /exactly one URI/);
});

test('a second URI, of whatever sort, takes the identity away', () => {
  const agent = uri('spiffe://fleet/agent/web-1');
  assert.ok('name' in identityIn(agent));
  assert.ok('code' in identityIn(agent, uri('spiffe://fleet/operator/alice')));
  assert.ok('code' in identityIn(agent, agent));
  assert.ok('code' in identityIn(agent, uri('https://example.com/')));
});

test('a host name cannot smuggle a URI in', () => {
  const smuggled = dns('x, URI:spiffe://fleet/operator/alice');
  assert.ok('code' in identityIn(smuggled));
  assert.ok('code' in identityIn(smuggled, uri('spiffe://fleet/agent/web-1')));
});

test('an authority is nobody, and nobody else is an authority', () => {
  const inAuthority = (value: string) => certificateWith([uri(value)], { use: 'authority' });
  assert.ok('code' in identityOf(inAuthority('spiffe://fleet/operator/alice').raw));
  assert.equal(fleetOfAuthority(inAuthority('spiffe://fleet')), 'fleet');
  assert.equal(fleetOfAuthority(inAuthority('spiffe://fleet/operator/alice')), null);
  assert.equal(fleetOfAuthority(inAuthority('spiffe://Fleet')), null);
  assert.equal(fleetOfAuthority(certificateWith([uri('spiffe://fleet')])), null);
});

test('bytes that are no certificate are refused', () => {
  for (const bytes of [Buffer.alloc(0), Buffer.from('garbage'), Buffer.alloc(100_000, 0x30)]) {
    const refused = identityOf(bytes);
    assert.ok('code' in refused);
    assert.match(refused.cause ?? '', /not a readable X\.509 certificate/);
  }
});

test('of all characters few are allowed in a name, and fewer at its beginning', () => {
  const allowed = (nameOf: (character: string) => string): string =>
    Array.from({ length: 0x2100 }, (_, code) => String.fromCharCode(code))
      .filter((character) => isIdentityName(nameOf(character)))
      .join('');
  assert.equal(
    allowed((character) => character),
    '0123456789abcdefghijklmnopqrstuvwxyz',
  );
  assert.equal(
    allowed((character) => `a${character}`),
    '-.0123456789_abcdefghijklmnopqrstuvwxyz',
  );
  assert.ok(isIdentityName('x'.repeat(63)) && !isIdentityName('x'.repeat(64)));
});

function callWith(raw: Buffer | undefined) {
  return { getAuthContext: () => (raw === undefined ? {} : { sslPeerCertificate: { raw } }) };
}

test('a call has the identity of its connection while the certificate lives', () => {
  const call = callWith(certificateWith([uri('spiffe://fleet/agent/web-1')]).raw);
  const at = (nowMs: number) => identityOfCall(call, { fleet: 'fleet', nowMs });
  const causeAt = (nowMs: number) => {
    const identity = at(nowMs);
    return 'code' in identity ? identity.cause : null;
  };
  for (const nowMs of [BEGIN_MS, END_MS]) assert.equal(causeAt(nowMs), null);
  assert.match(
    causeAt(BEGIN_MS - 1) ?? '',
    /agent "web-1" of fleet "fleet" begins at 2026-11-22T12/,
  );
  assert.match(causeAt(END_MS + 1) ?? '', /agent "web-1" of fleet "fleet" ended at 2026-11-29T12/);
});

test('a call from another fleet, or without an accepted certificate, has no identity', () => {
  const ours = { fleet: 'fleet', nowMs: BEGIN_MS };
  const stranger = identityOfCall(
    callWith(certificateWith([uri('spiffe://other/agent/web-1')]).raw),
    ours,
  );
  assert.ok('code' in stranger);
  assert.match(stranger.cause ?? '', /of fleet "other", this is fleet "fleet"/);
  for (const call of [callWith(undefined), { getAuthContext: () => null }]) {
    const nobody = identityOfCall(call, ours);
    assert.ok('code' in nobody);
    assert.equal(nobody.code, 'unauthenticated');
  }
});
