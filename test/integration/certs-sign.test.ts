/** fleet-certs sign: what the controller collected becomes certificates, after somebody has agreed. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { isRefusal } from '../../proto/errors.ts';
import { generateLeafKey } from '../../proto/pki/new-key.ts';
import { type FiledRequest, formatRequestFile } from '../../proto/pki/request-file.ts';
import {
  keyHashOf,
  makeSigningRequest,
  readSigningRequest,
} from '../../proto/pki/signing-request.ts';
import { runCerts } from './certs-run.ts';

const NOW_MS = Date.now();
const DAY_MS = 86_400_000;
const root = mkdtempSync(join(tmpdir(), 'fleet-certs-sign-'));
const at = (name: string): string => join(root, name);
const pki = at('pki');
const file = at('requests.txt');

let keys: readonly KeyObject[];
before(async () => {
  const made = await runCerts(['init', '--dir', pki, '--fleet', 'prod', '--days', '100'], NOW_MS);
  assert.equal(made.exitCode, 0, made.errors);
  keys = (await Promise.all([1, 2, 3].map(generateLeafKey))).map(({ privateKey }) => privateKey);
});
after(() => rmSync(root, { recursive: true, force: true }));

function requestOf(change: Partial<FiledRequest> = {}, index = 0): FiledRequest {
  const key = keys[index] as KeyObject;
  return {
    kind: 'agent',
    name: 'web-1',
    days: 7,
    because: 'token 1a2b3c4d of alice',
    address: '10.0.0.7',
    keyHash: keyHashOf(createPublicKey(key)),
    csrPem: makeSigningRequest(key, 'web-1'),
    ...change,
  };
}

function sign(
  requests: readonly FiledRequest[] | string,
  more: readonly string[],
  answer: boolean | null = null,
) {
  writeFileSync(file, typeof requests === 'string' ? requests : formatRequestFile(requests));
  return runCerts(['sign', file, '--dir', pki, ...more], NOW_MS, answer);
}

const certificatesIn = (pem: string): readonly X509Certificate[] =>
  (pem.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----\n/g) ?? []).map(
    (block) => new X509Certificate(block),
  );

test('who says yes after a look at the table gets every certificate of the file', async () => {
  const controller = {
    kind: 'controller',
    name: 'ops-1',
    days: 30,
    address: null,
    because: 'renewal',
    addresses: [{ kind: 'dns', value: 'ops-1.example.com' }],
  } as const;
  const requests = [requestOf(), requestOf({ kind: 'operator', name: 'alice', days: 1 }, 1)];
  const { exitCode, out, errors } = await sign([...requests, requestOf(controller, 2)], [], true);
  assert.equal(exitCode, 0, errors);
  const row = (holder: string, days: string, why: string, index: number): string =>
    `  ${holder}  ${days}  ${why}\n    key ${keyHashOf(createPublicKey(keys[index] as KeyObject))}\n`;
  const why = 'token 1a2b3c4d of alice, from 10.0.0.7';
  assert.equal(
    errors,
    `certificates of fleet "prod" are asked for:\n${[
      row('agent/web-1     ', ' 7 days', why, 0),
      row('operator/alice  ', '  1 day', why, 1),
      row('controller/ops-1', '30 days', 'renewal, reached at DNS:ops-1.example.com', 2),
    ].join('')}sign these 3 requests? [y/N] `,
  );
  const issuer = new X509Certificate(readFileSync(join(pki, 'ca.crt')));
  const certificates = certificatesIn(out);
  assert.deepEqual(
    certificates.map(({ subjectAltName }) => subjectAltName),
    [
      'URI:spiffe://prod/agent/web-1',
      'URI:spiffe://prod/operator/alice',
      'URI:spiffe://prod/controller/ops-1, DNS:ops-1.example.com',
    ],
  );
  for (const [index, certificate] of certificates.entries()) {
    assert.ok(certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey));
    assert.ok(certificate.checkPrivateKey(keys[index] as KeyObject));
  }
  const endMs = Math.floor(NOW_MS / 1000) * 1000 + 7 * DAY_MS;
  assert.equal(Date.parse(certificates[0]?.validTo ?? ''), endMs);
});

test('who says no, or has no terminal to say yes on, gets nothing', async () => {
  const output = at('none.pem');
  const said = await sign([requestOf()], ['--output', output], false);
  assert.equal(said.exitCode, 130);
  assert.match(said.errors, /sign this request\? \[y\/N\] .*nothing was signed/s);
  const silent = await sign([requestOf()], ['--output', output]);
  assert.equal(silent.exitCode, 2);
  assert.match(silent.errors, /agent\/web-1.*no terminal to ask on\n {2}fix: .*--yes/s);
  assert.equal(said.out + silent.out, '');
  assert.equal(existsSync(output), false);
});

test('--yes signs without asking into a new file, and never into one that exists', async () => {
  const output = at('signed.pem');
  const first = await sign([requestOf()], ['--output', output, '--yes']);
  assert.equal(first.exitCode, 0, first.errors);
  assert.equal(first.out, '');
  assert.match(first.errors, /key [0-9a-f]{64}\nsigned; next, .*: fleetctl cert add .*signed\.pem/);
  const pem = readFileSync(output, 'utf8');
  assert.equal(certificatesIn(pem).length, 1);
  const second = await sign([requestOf()], ['--output', output], true);
  assert.equal(second.exitCode, 2);
  assert.match(second.errors, /^fleet-certs: [^\n]*signed\.pem exists already/);
  assert.equal(readFileSync(output, 'utf8'), pem);
});

test('a long life and a second key for one name are pointed out', async () => {
  const { errors } = await sign([requestOf({ days: 90 }), requestOf({}, 1)], ['--yes']);
  assert.match(errors, /warning: agent\/web-1 asks for 90 days; usual are 7\n/);
  assert.match(errors, /warning: agent\/web-1 is asked for 2 times\n/);
  assert.doesNotMatch((await sign([requestOf()], ['--yes'])).errors, /warning/);
});

test('one request that is not what it says keeps all from being signed, and each is named', async () => {
  const other = requestOf({ name: 'web-2' }, 1);
  const wrong = [
    requestOf(),
    { ...other, keyHash: requestOf().keyHash },
    { ...other, name: 'web-3', csrPem: other.csrPem.replace('\nMII', '\nMIA') },
    requestOf({ name: 'web-4', days: 101 }),
    requestOf({ name: 'web-5', days: 0 }),
    requestOf({ name: 'web-6', addresses: [{ kind: 'dns', value: 'web-6' }] }),
    requestOf({ kind: 'controller', name: 'ops-2' }),
  ];
  const { exitCode, out, errors } = await sign(wrong, ['--yes']);
  assert.equal(exitCode, 2);
  assert.equal(out, '');
  assert.match(errors, /^fleet-certs: not every request can be signed, so none was\n/);
  assert.match(errors, /agent\/web-2: the request is of another key than the line above it says/);
  assert.match(errors, /agent\/web-3: the certificate signing request is not usable/);
  assert.match(errors, /agent\/web-4: the certificate would outlive its authority/);
  assert.match(errors, /agent\/web-5: a certificate cannot be valid for 0 days/);
  assert.match(errors, /agent\/web-6: the certificate of an agent holds no addresses/);
  assert.match(errors, /controller\/ops-2: the addresses of a controller are not usable/);
  assert.doesNotMatch(errors, /web-1/);
});

const UNUSABLE: Readonly<Record<string, readonly [string, RegExp]>> = {
  'an empty file': ['', /there is no request in/],
  'a file of comments': [formatRequestFile([]), /there is no request in/],
  'something else': ['#!/bin/sh\nrm -rf /\n', /line 2: this is no line of a request/],
};
for (const [what, [text, expected]] of Object.entries(UNUSABLE)) {
  test(`${what} is refused`, async () => {
    const { exitCode, out, errors } = await sign(text, ['--yes']);
    assert.deepEqual([exitCode, out], [2, '']);
    assert.match(errors, expected);
  });
}

test('a file that is not there, and no file at all, are refused', async () => {
  const missing = await runCerts(['sign', at('nothing'), '--dir', pki, '--yes'], NOW_MS);
  assert.deepEqual([missing.exitCode, missing.out], [2, '']);
  assert.match(missing.errors, /nothing does not exist\n {2}fix: .*fleetctl cert requests/);
  const none = await runCerts(['sign', '--dir', pki], NOW_MS);
  assert.match(none.errors, /missing required argument 'file'/);
});

test('OpenSSL makes requests that we take, takes those that we make, and verifies what we sign', async (t) => {
  if (spawnSync('openssl', ['version']).error !== undefined) return t.skip('no openssl here');
  const openssl = (args: readonly string[], input?: string): string =>
    execFileSync('openssl', args, { encoding: 'utf8', input, stdio: ['pipe', 'pipe', 'pipe'] });
  const own = requestOf();
  assert.match(openssl(['req', '-noout', '-verify', '-subject'], own.csrPem), /web-1/);
  const newKey = ['req', '-new', '-newkey', 'rsa:2048', '-nodes', '-keyout', at('foreign.key')];
  const csrPem = openssl([...newKey, '-subj', '/CN=admin', '-addext', 'basicConstraints=CA:TRUE']);
  const read = readSigningRequest(csrPem);
  assert.ok(!isRefusal(read), JSON.stringify(read));
  const foreign = requestOf({ name: 'web-2', csrPem, keyHash: read.keyHash });
  const output = at('verified.pem');
  const { exitCode, errors } = await sign([foreign], ['--yes', '--output', output]);
  assert.equal(exitCode, 0, errors);
  assert.match(
    openssl(['verify', '-x509_strict', '-CAfile', join(pki, 'ca.crt'), output]),
    /: OK$/m,
  );
  const text = openssl(['x509', '-noout', '-text', '-in', output]);
  assert.match(text, /Subject: O = prod, CN = web-2/);
  assert.match(text, /CA:FALSE/);
  assert.doesNotMatch(text, /CA:TRUE|admin/);
});
