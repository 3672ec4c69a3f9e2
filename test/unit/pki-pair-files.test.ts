/** New certificates take the place of old ones, and whoever dies over it leaves a pair that works. */
import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadCredentials, usablePairs } from '../../proto/credentials.ts';
import { buildCertificate } from '../../proto/pki/certificate.ts';
import {
  dropStaged,
  type Pair,
  promotePair,
  promotionSteps,
  replaceFile,
  stageCertificate,
  stagedFiles,
  stagedKey,
  stageKey,
  stagePair,
  stagingSteps,
} from '../../proto/pki/pair-files.ts';

const NOW_MS = Date.UTC(2026, 10, 22, 12, 0, 0);
const DAY_MS = 86_400_000;
const root = mkdtempSync(join(tmpdir(), 'fleet-pairs-'));
after(() => rmSync(root, { recursive: true }));

/** Short keys, because no connection is made here. */
function shortKeys() {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const keyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return {
    privateKey,
    keyPem,
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

const authorityKeys = shortKeys();
const authorityPem = buildCertificate(
  {
    commonName: 'authority',
    organization: 'fleet',
    use: 'authority',
    alternativeNames: [{ kind: 'uri', value: 'spiffe://fleet' }],
    notBeforeMs: NOW_MS - 30 * DAY_MS,
    notAfterMs: NOW_MS + 1_000 * DAY_MS,
    publicKeyPem: authorityKeys.publicKeyPem,
  },
  { certificatePem: null, privateKey: authorityKeys.privateKey },
);

function pairSince(notBeforeMs: number): Pair {
  const { keyPem, publicKeyPem } = shortKeys();
  const certificatePem = buildCertificate(
    {
      commonName: 'web-1',
      organization: 'fleet',
      use: 'client',
      alternativeNames: [{ kind: 'uri', value: 'spiffe://fleet/agent/web-1' }],
      notBeforeMs,
      notAfterMs: notBeforeMs + 7 * DAY_MS,
      publicKeyPem,
    },
    { certificatePem: authorityPem, privateKey: authorityKeys.privateKey },
  );
  return { certificatePem, keyPem };
}

const older = pairSince(NOW_MS - 5 * DAY_MS);
const newer = pairSince(NOW_MS - DAY_MS);
const newest = pairSince(NOW_MS - 1_000);
let directories = 0;

/** With `older` in its place. */
function freshFiles() {
  const directory = mkdtempSync(join(root, `${directories++}-`));
  const files = {
    ca: join(directory, 'ca.crt'),
    cert: join(directory, 'a.crt'),
    key: join(directory, 'a.key'),
  };
  writeFileSync(files.ca, authorityPem);
  writeFileSync(files.cert, older.certificatePem, { mode: 0o644 });
  writeFileSync(files.key, older.keyPem, { mode: 0o600 });
  return files;
}

const wanted = { kind: 'agent', nowMs: NOW_MS } as const;

function loadedFrom(files: ReturnType<typeof freshFiles>): Pair {
  const loaded = loadCredentials(files, wanted);
  assert.ok(loaded.kind === 'loaded', JSON.stringify(loaded));
  return { certificatePem: loaded.credentials.cert, keyPem: loaded.credentials.key };
}

test('whoever dies after any step of a replacement leaves a pair that works', () => {
  const steps = (files: ReturnType<typeof freshFiles>) => [
    ...stagingSteps(files, newer),
    ...promotionSteps(files),
  ];
  const count = steps(freshFiles()).length;
  const seen = new Set<Pair>();
  for (let done = 0; done <= count; done += 1) {
    const files = freshFiles();
    for (const step of steps(files).slice(0, done)) step();
    const found = loadedFrom(files);
    const pair = [older, newer].find(({ keyPem }) => keyPem === found.keyPem);
    assert.deepEqual(found, pair, `after ${done} steps`);
    if (pair !== undefined) seen.add(pair);
  }
  assert.equal(seen.size, 2);
  assert.ok(count >= 9);
});

test('the next replacement after a death at any step never loses the pair that works', () => {
  const first = (files: ReturnType<typeof freshFiles>) => [
    ...stagingSteps(files, newer),
    ...promotionSteps(files),
  ];
  const second = (files: ReturnType<typeof freshFiles>) => [
    ...stagingSteps(files, newest),
    ...promotionSteps(files),
  ];
  const [firstCount, secondCount] = [first(freshFiles()).length, second(freshFiles()).length];
  for (let died = 0; died <= firstCount; died += 1) {
    const files = freshFiles();
    for (const step of first(files).slice(0, died)) step();
    for (const [at, step] of second(files).entries()) {
      step();
      assert.ok(usablePairs(files, wanted).length > 0, `died at ${died}, then at ${at}`);
    }
    assert.deepEqual(loadedFrom(files), newest);
    assert.ok(!existsSync(stagedFiles(files).cert) && !existsSync(stagedFiles(files).key));
  }
  assert.ok(secondCount > 0);
});

test('a file that was written only in part is no pair, and in nobody’s way', () => {
  for (const part of ['cert', 'key'] as const) {
    const files = freshFiles();
    stagePair(files, newer);
    const path = stagedFiles(files)[part];
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, 200));
    assert.deepEqual(loadedFrom(files), older);
    stagePair(files, newer);
    promotePair(files);
    assert.deepEqual(loadedFrom(files), newer);
  }
});

test('a promotion that was cut in the middle is finished, not dropped', () => {
  const files = freshFiles();
  stagePair(files, newer);
  promotionSteps(files)[0]?.();
  dropStaged(files);
  assert.deepEqual(loadedFrom(files), newer);
  assert.equal(readFileSync(files.cert, 'utf8'), newer.certificatePem);
});

test('what is dropped is gone, and the pair in use stays', () => {
  const files = freshFiles();
  stagePair(files, newer);
  assert.deepEqual(loadedFrom(files), newer);
  dropStaged(files);
  dropStaged(files);
  assert.deepEqual(loadedFrom(files), older);
  assert.equal(stagedKey(files), null);
});

test('what is staged is not dropped where it is in use, but put in its place', () => {
  const { fingerprint256 } = new X509Certificate(newer.certificatePem);
  const files = freshFiles();
  stagePair(files, newer);
  dropStaged(files, fingerprint256);
  assert.equal(readFileSync(files.cert, 'utf8'), newer.certificatePem);
  assert.deepEqual(loadedFrom(files), newer);

  const hindered = freshFiles();
  stagePair(hindered, newer);
  rmSync(hindered.key);
  mkdirSync(hindered.key);
  assert.throws(() => dropStaged(hindered, fingerprint256), /EISDIR/);
  assert.deepEqual(loadedFrom(hindered), newer, 'it is still there');
});

test('a key waits for its certificate, and is found again', () => {
  const files = freshFiles();
  stageKey(files, newer.keyPem);
  assert.deepEqual(loadedFrom(files), older);
  const waiting = stagedKey(files);
  assert.ok(waiting?.equals(createPrivateKey(newer.keyPem)));
  stageCertificate(files, newer.certificatePem);
  promotePair(files);
  assert.deepEqual(loadedFrom(files), newer);
});

test('a key is readable by its owner alone, a certificate by all', () => {
  const files = freshFiles();
  stagePair(files, newer);
  promotePair(files);
  assert.equal(statSync(files.key).mode & 0o777, 0o600);
  assert.equal(statSync(files.cert).mode & 0o777, 0o644);
});

test('nothing is ever written through a link that somebody planted', () => {
  const files = freshFiles();
  const precious = join(root, 'precious');
  writeFileSync(precious, 'precious');
  symlinkSync(precious, stagedFiles(files).key);
  symlinkSync(precious, stagedFiles(files).cert);
  stagePair(files, newer);
  assert.equal(readFileSync(precious, 'utf8'), 'precious');
  assert.ok(!lstatSync(stagedFiles(files).key).isSymbolicLink());
});

test('an authority is replaced as a whole', () => {
  const files = freshFiles();
  replaceFile(files.ca, 'another');
  replaceFile(files.ca, 'another one');
  assert.equal(readFileSync(files.ca, 'utf8'), 'another one');
  assert.ok(!existsSync(`${files.ca}.new`));
});
