/** An operator's certificate renews itself: real files, real TLS, and a controller that signs. */
import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Authority, createAuthority } from '../../certs-tool/issue.ts';
import { keepCertificate } from '../../cli/identity/renewal.ts';
import { renewalOf } from '../../cli/identity/renewal-files.ts';
import { encodeRefusal } from '../../proto/codec/error.ts';
import { type Credentials, loadCredentials } from '../../proto/credentials.ts';
import { isRefusal, refusal } from '../../proto/errors.ts';
import { signLeaf } from '../../proto/pki/leaf.ts';
import { stagePair } from '../../proto/pki/pair-files.ts';
import { readSigningRequest } from '../../proto/pki/signing-request.ts';
import { type FakeController, startController, writeConfiguration } from './cli-controller.ts';
import { issue } from './tls-harness.ts';

const scratch = mkdtempSync(join(tmpdir(), 'fleetctl-renewal-'));
const running: FakeController[] = [];
let authority: Authority;
let controllerPair: Credentials;
/** Of its 30 days, 25 have passed. */
let old: Credentials;

before(async () => {
  authority = await createAuthority({ fleet: 'test', nowMs: Date.now() - 26 * 86_400_000 });
  controllerPair = await issue(authority, { kind: 'controller', name: 'ops-1' });
  old = await issue(authority, { kind: 'operator', name: 'alice', sinceDays: 25 });
});

after(async () => {
  for (const controller of running) await controller.kill();
  rmSync(scratch, { recursive: true });
});

type Signing = 'signs' | 'refuses' | 'for somebody else' | 'signs and is gone';

/** A person's folder, a controller that signs or does not, and one command that ends there. */
async function person(signing: Signing) {
  const requests: string[] = [];
  const gone = encodeRefusal(refusal('unavailable', 'the controller is ending'));
  const controller = await startController(controllerPair, {
    ...(signing === 'signs and is gone' && { GetVersion: (_, reply) => reply(gone) }),
    Renew: (call, reply) => {
      const { csrPem } = call.request as { csrPem: string };
      requests.push(csrPem);
      if (signing === 'refuses') return reply(encodeRefusal(refusal('exhausted', 'too many')));
      const request = readSigningRequest(csrPem);
      assert.ok(!isRefusal(request));
      const name = signing === 'for somebody else' ? 'mallory' : 'alice';
      const { publicKeyPem } = request;
      const order = { kind: 'operator', name, days: 30, nowMs: Date.now() } as const;
      const leaf = signLeaf(authority, { ...order, publicKeyPem, addresses: [] });
      assert.ok(!isRefusal(leaf));
      const { certificatePem } = leaf;
      reply(null, { certificatePem, authoritiesPem: authority.certificatePem, name });
    },
  });
  running.push(controller);
  const folder = mkdtempSync(join(scratch, 'person-'));
  writeConfiguration(folder, controller.port, old);
  const inPlace = (name: string) => join(folder, name);
  const files = { ca: inPlace('ca.crt'), cert: inPlace('alice.crt'), key: inPlace('alice.key') };
  const command = async (laterMs = 0) => {
    const nowMs = () => Date.now() + laterMs;
    const loaded = loadCredentials(files, { kind: 'operator', nowMs: Date.now() });
    assert.ok(loaded.kind === 'loaded');
    const { credentials } = loaded;
    const used = { address: `127.0.0.1:${controller.port}`, files, credentials };
    const ports = renewalOf(used, nowMs);
    return await keepCertificate(credentials.identity, ports, AbortSignal.timeout(10_000));
  };
  return { folder, files, requests, command };
}

test('past two thirds of its life, the pair is replaced by one that works', async () => {
  const { files, requests, command, folder } = await person('signs');
  assert.equal(await command(), null);
  const renewed = loadCredentials(files, { kind: 'operator', nowMs: Date.now() });
  assert.ok(renewed.kind === 'loaded');
  assert.notEqual(renewed.credentials.cert, old.cert);
  assert.notEqual(renewed.credentials.key, old.key);
  assert.equal(renewed.credentials.identity.name, 'alice');
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith('.new')),
    [],
  );
  // The next command finds a certificate that is new.
  assert.equal(await command(), null);
  assert.equal(requests.length, 1);
});

test('of many commands in an hour one tries, and the next hour asks with the same key', async () => {
  const { files, requests, command } = await person('refuses');
  await Promise.all([command(), command(), command()]);
  assert.equal(requests.length, 1);
  assert.equal(readFileSync(files.cert, 'utf8'), old.cert);
  assert.equal(readFileSync(files.key, 'utf8'), old.key);
  const publicKeys = async () => {
    await command(3_700_000);
    return requests.map((pem) => {
      const request = readSigningRequest(pem);
      return isRefusal(request) ? assert.fail() : request.keyHash;
    });
  };
  const [first, second] = await publicKeys();
  assert.equal(requests.length, 2);
  assert.equal(first, second);
});

test('a new pair that the controller may have seen is kept and used, though nobody answered', async () => {
  const { files, command } = await person('signs and is gone');
  await command();
  assert.equal(readFileSync(files.cert, 'utf8'), old.cert);
  const found = loadCredentials(files, { kind: 'operator', nowMs: Date.now() });
  assert.ok(found.kind === 'loaded');
  assert.notEqual(found.credentials.cert, old.cert);
});

test('a pair that is in use, but not in its place, gets there, and its key is not asked for again', async () => {
  const { files, requests, command, folder } = await person('signs');
  const used = await issue(authority, { kind: 'operator', name: 'alice', sinceDays: 22 });
  stagePair(files, { certificatePem: used.cert, keyPem: used.key });
  assert.equal(await command(), null);
  const request = readSigningRequest(requests[0] ?? assert.fail('nothing was asked'));
  assert.ok(!isRefusal(request));
  const usedKey = createPublicKey(used.key).export({ type: 'spki', format: 'pem' });
  assert.notEqual(request.publicKeyPem.trim(), String(usedKey).trim());
  assert.ok(![old.cert, used.cert].includes(readFileSync(files.cert, 'utf8')));
  assert.ok(!readdirSync(folder).some((name) => name.endsWith('.new')));
});

test('a certificate of somebody else never takes the place of one’s own', async () => {
  const { files, command } = await person('for somebody else');
  await command();
  assert.equal(readFileSync(files.cert, 'utf8'), old.cert);
  assert.equal(readFileSync(files.key, 'utf8'), old.key);
});

test('files that are not there to be written are left alone', async (t) => {
  if (process.geteuid?.() === 0) return t.skip('root may write everywhere');
  const { requests, command, folder } = await person('signs');
  chmodSync(folder, 0o500);
  await command();
  chmodSync(folder, 0o700);
  assert.equal(requests.length, 0);
});
