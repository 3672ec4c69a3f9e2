/** What a program learns about its three certificate files before it opens a socket. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type CredentialFiles, loadCredentials } from '../../proto/credentials.ts';
import { buildCertificate } from '../../proto/pki/certificate.ts';

const NOW_MS = Date.UTC(2026, 10, 22, 12, 0, 0);
const DAY_MS = 86_400_000;
const END_MS = NOW_MS + 7 * DAY_MS;
const AUTHORITY_END_MS = NOW_MS + 1825 * DAY_MS;

const root = mkdtempSync(join(tmpdir(), 'fleet-credentials-'));
const file = (name: string): string => join(root, name);
const good: CredentialFiles = { ca: file('ca.crt'), cert: file('a.crt'), key: file('a.key') };

/** Short keys, because no connection is made here. */
function shortKeys() {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  return {
    privateKey,
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function makeAuthority() {
  const keys = shortKeys();
  const template = {
    commonName: 'authority',
    organization: 'fleet',
    use: 'authority',
    alternativeNames: [{ kind: 'uri', value: 'spiffe://fleet' }],
    notBeforeMs: NOW_MS,
    notAfterMs: AUTHORITY_END_MS,
    publicKeyPem: keys.publicKeyPem,
  } as const;
  const certificatePem = buildCertificate(template, { certificatePem: null, ...keys });
  return { certificatePem, privateKey: keys.privateKey };
}

before(() => {
  const [authority, foreign] = [makeAuthority(), makeAuthority()];
  const [leaf, other] = [shortKeys(), shortKeys()];
  const template = {
    commonName: 'web-1',
    organization: 'fleet',
    use: 'client',
    alternativeNames: [{ kind: 'uri', value: 'spiffe://fleet/agent/web-1' }],
    notBeforeMs: NOW_MS,
    notAfterMs: END_MS,
    publicKeyPem: leaf.publicKeyPem,
  } as const;
  const leafPem = buildCertificate(template, authority);
  // Names the authority and its key identifier as issuer, but was signed with another key.
  const forgedPem = buildCertificate(template, { ...authority, privateKey: foreign.privateKey });
  writeFileSync(file('forged.crt'), forgedPem);
  writeFileSync(good.ca, authority.certificatePem);
  writeFileSync(file('foreign.crt'), foreign.certificatePem);
  writeFileSync(
    file('both.crt'),
    `# old\n${foreign.certificatePem}# new\n${authority.certificatePem}`,
  );
  writeFileSync(good.cert, leafPem);
  writeFileSync(good.key, leaf.keyPem, { mode: 0o600 });
  writeFileSync(file('other.key'), other.keyPem, { mode: 0o600 });
  writeFileSync(file('open.key'), leaf.keyPem);
  chmodSync(file('open.key'), 0o640);
  writeFileSync(file('empty'), '', { mode: 0o600 });
  writeFileSync(file('text'), 'no PEM at all', { mode: 0o600 });
  writeFileSync(file('huge'), Buffer.alloc(5 * 1024 * 1024), { mode: 0o600 });
  const damaged = leafPem.replace(/\n.{64}\n/, `\n${'A'.repeat(64)}\n`);
  writeFileSync(file('damaged.crt'), damaged);
  const encrypted =
    '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n';
  writeFileSync(file('encrypted.key'), encrypted, { mode: 0o600 });
});
after(() => rmSync(root, { recursive: true, force: true }));

function problemsOf(
  change: Partial<CredentialFiles>,
  wanted: { kind?: 'agent' | 'operator'; nowMs?: number } = {},
): readonly string[] {
  const loaded = loadCredentials(
    { ...good, ...change },
    { kind: 'agent', nowMs: NOW_MS, ...wanted },
  );
  return loaded.kind === 'unusable' ? loaded.problems : [];
}

test('files that belong together are loaded with the identity in them', () => {
  const loaded = loadCredentials(good, { kind: 'agent', nowMs: NOW_MS });
  assert.equal(loaded.kind, 'loaded');
  if (loaded.kind !== 'loaded') return;
  const { ca, cert, key, identity } = loaded.credentials;
  assert.deepEqual(
    [ca, cert, key],
    [good.ca, good.cert, good.key].map((path) => readFileSync(path, 'utf8')),
  );
  assert.deepEqual(
    [identity.fleet, identity.kind, identity.name, identity.notAfterMs],
    ['fleet', 'agent', 'web-1', END_MS],
  );
});

test('two authorities in one file are both trusted, as while one replaces the other', () => {
  assert.deepEqual(problemsOf({ ca: file('both.crt') }), []);
});

const PROBLEMS: readonly (readonly [string, () => readonly string[], RegExp])[] = [
  ['is missing', () => problemsOf({ ca: file('none') }), /none does not exist$/],
  ['lies in a file', () => problemsOf({ ca: `${good.ca}/x` }), /ca\.crt\/x does not exist$/],
  ['is a directory', () => problemsOf({ cert: root }), /is not a regular file$/],
  ['is a device', () => problemsOf({ key: '/dev/zero' }), /zero is not a regular file$/],
  ['is huge', () => problemsOf({ ca: file('huge') }), /huge is too large/],
  ['is an empty path', () => problemsOf({ ca: '' }), /^"" does not exist$/],
  ['is empty', () => problemsOf({ cert: file('empty') }), /empty is empty: copy it again$/],
  ['is text', () => problemsOf({ cert: file('text') }), /text holds no PEM certificate$/],
  [
    'is text as key',
    () => problemsOf({ key: file('text') }),
    /holds no private key that can be read/,
  ],
  [
    'is the key in place of the certificate',
    () => problemsOf({ cert: good.key }),
    /paths swapped\?$/,
  ],
  ['is damaged', () => problemsOf({ cert: file('damaged.crt') }), /damaged/],
  ['is encrypted', () => problemsOf({ key: file('encrypted.key') }), /is encrypted/],
  ['is open to others', () => problemsOf({ key: file('open.key') }), /: chmod 600 .*open\.key$/],
  [
    'is the key of another',
    () => problemsOf({ key: file('other.key') }),
    /is not the key of .*a\.crt/,
  ],
  ['is forged', () => problemsOf({ cert: file('forged.crt') }), /was not issued by .*ca\.crt/],
  [
    'is of another authority',
    () => problemsOf({ ca: file('foreign.crt') }),
    /was not issued by .*foreign/,
  ],
  ['is no authority', () => problemsOf({ ca: good.cert }), /a\.crt is not a certificate authority/],
  [
    'is an authority in place of the certificate',
    () => problemsOf({ cert: good.ca, key: file('none') }),
    /ca\.crt: .*belongs to a certificate authority/,
  ],
  [
    'is for another kind of program',
    () => problemsOf({}, { kind: 'operator' }),
    /agent "web-1" .* fleet-certs issue operator$/,
  ],
  [
    'has ended',
    () => problemsOf({}, { nowMs: NOW_MS + 8 * DAY_MS }),
    /ended at 2026-11-29T12:00:00\.000Z: fleetctl host readmit web-1, or fleet-certs issue agent web-1$/,
  ],
  [
    'has not begun',
    () => problemsOf({}, { nowMs: NOW_MS - DAY_MS }),
    /begins only at 2026-11-22T12:00.*clock/,
  ],
  [
    'is of an authority that has ended',
    () => problemsOf({}, { nowMs: NOW_MS + 1826 * DAY_MS }),
    /authority in .*ca\.crt ended at 2031-11-21/,
  ],
];

for (const [what, problems, expected] of PROBLEMS) {
  test(`a file that ${what} is a problem that names it and what to do`, () => {
    assert.ok(
      problems().some((problem) => expected.test(problem)),
      JSON.stringify(problems()),
    );
  });
}

test('every problem is told at once, each once', () => {
  const wanted = { kind: 'operator', nowMs: NOW_MS + 8 * DAY_MS } as const;
  const problems = problemsOf({ ca: file('none'), key: file('open.key') }, wanted);
  assert.equal(problems.length, 4, problems.join('\n'));
  assert.equal(new Set(problems).size, 4);
});

test('no problem repeats what is in a key', () => {
  const secret = readFileSync(good.key, 'utf8').split('\n')[3] ?? '';
  assert.ok(secret.length > 40);
  for (const problems of [problemsOf({ cert: good.key }), problemsOf({ ca: good.key })]) {
    assert.ok(!problems.join('\n').includes(secret));
  }
});
