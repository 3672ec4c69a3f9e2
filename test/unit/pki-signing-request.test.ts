/**
 * What strangers send who want a certificate: only the public key counts, only of a sound request,
 * and nothing that anybody can send may throw or take long.
 */

import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { before, test } from 'node:test';
import fc from 'fast-check';
import forge from 'node-forge';
import { isRefusal } from '../../proto/errors.ts';
import { DER_TAG, derElement } from '../../proto/pki/der.ts';
import { formatRequestFile, parseRequestFile } from '../../proto/pki/request-file.ts';
import {
  keyHashOf,
  keyProblem,
  makeSigningRequest,
  readSigningRequest,
} from '../../proto/pki/signing-request.ts';
import { rsaKeys } from '../fakes/rsa-key.ts';

let key: KeyObject;
let pem: string;
let der: Buffer;
before(() => {
  key = rsaKeys().privateKey;
  pem = makeSigningRequest(key, 'web-1');
  der = derOf(pem);
});

function derOf(text: string): Buffer {
  return Buffer.from(text.replace(/-----[^-]+-----/g, ''), 'base64');
}

function pemOf(bytes: Buffer): string {
  return `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
}

function causeOf(text: string): string {
  const read = readSigningRequest(text);
  assert.ok(isRefusal(read), 'not refused');
  return read.cause ?? '';
}

test('a request that we make is read as the key that made it', () => {
  const publicKey = createPublicKey(key);
  assert.deepEqual(readSigningRequest(pem), {
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }),
    keyHash: keyHashOf(publicKey),
    csrPem: pem,
  });
  assert.match(keyHashOf(publicKey), /^[0-9a-f]{64}$/);
});

test('forge, which did not write it, reads the same from it', () => {
  const request = forge.pki.certificationRequestFromPem(pem);
  assert.ok(request.verify());
  assert.equal(request.subject.getField('CN')?.value, 'web-1');
});

test('carriage returns and white space around the block are forgiven', () => {
  assert.ok(!isRefusal(readSigningRequest(`\n  ${pem.replaceAll('\n', '\r\n')}\n`)));
});

test('what is kept of a request is laid out as ours are, so that any file of them can be read', () => {
  const [begin, ...rest] = pem.split('\n');
  const sent = [begin, ...Array(10_000).fill(''), ...rest].join('\n');
  const read = readSigningRequest(sent);
  assert.ok(!isRefusal(read));
  assert.equal(read.csrPem, pem);
  const asked = { kind: 'agent', name: 'web-1', days: 7, because: 'renewal' } as const;
  const { keyHash, csrPem } = read;
  const file = formatRequestFile([{ ...asked, address: null, keyHash, csrPem }]);
  assert.ok(!isRefusal(parseRequestFile(file)));
});

test('what is not one block of PEM is refused', () => {
  const wrong: readonly string[] = [
    '',
    'garbage',
    `${pem}${pem}`,
    `x${pem}`,
    `${pem}x`,
    pem.replaceAll('CERTIFICATE REQUEST', 'CERTIFICATE'),
    pem.replace('M', '*'),
    '-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----',
    '-----BEGIN CERTIFICATE REQUEST-----END CERTIFICATE REQUEST-----',
  ];
  for (const text of wrong) assert.match(causeOf(text), /not one PEM block/, text);
  assert.match(causeOf(`${pem}${' '.repeat(16 * 1024)}`), /longer than 16384 bytes/);
});

/** A request of any key and algorithm, signed by whoever. */
function madeUp(parts: {
  readonly spki: Buffer;
  readonly version?: string;
  readonly algorithm?: string;
  readonly unusedBits?: number;
  readonly signature?: (info: Buffer) => Buffer;
}): string {
  const info = derElement(
    DER_TAG.sequence,
    Buffer.from(parts.version ?? '020100', 'hex'),
    derElement(DER_TAG.sequence),
    parts.spki,
    derElement(DER_TAG.attributes),
  );
  const signature = parts.signature ?? ((signed: Buffer) => sign('sha256', signed, key));
  return pemOf(
    derElement(
      DER_TAG.sequence,
      info,
      Buffer.from(parts.algorithm ?? '300d06092a864886f70d01010b0500', 'hex'),
      derElement(DER_TAG.bitString, Buffer.from([parts.unusedBits ?? 0]), signature(info)),
    ),
  );
}

const spkiOf = (publicKey: KeyObject): Buffer => publicKey.export({ type: 'spki', format: 'der' });

/** A key that nobody has the other half of. */
function rsaSpki(modulusBytes: number, exponent: readonly number[]): Buffer {
  const modulus = Buffer.concat([Buffer.from([0]), Buffer.alloc(modulusBytes, 0xff)]);
  const rsaKey = derElement(
    DER_TAG.sequence,
    derElement(DER_TAG.integer, modulus),
    derElement(DER_TAG.integer, Buffer.from(exponent)),
  );
  return derElement(
    DER_TAG.sequence,
    Buffer.from('300d06092a864886f70d0101010500', 'hex'),
    derElement(DER_TAG.bitString, Buffer.from([0]), rsaKey),
  );
}

test('only a key of 2048 to 4096 bits, RSA, exponent 65537, is taken', () => {
  assert.ok(!isRefusal(readSigningRequest(madeUp({ spki: spkiOf(createPublicKey(key)) }))));
  const e65537 = [1, 0, 1];
  assert.match(causeOf(madeUp({ spki: rsaSpki(255, e65537) })), /has 2040 bits/);
  assert.match(causeOf(madeUp({ spki: rsaSpki(513, e65537) })), /has 4104 bits/);
  assert.match(causeOf(madeUp({ spki: rsaSpki(256, [3]) })), /exponent/);
  assert.match(causeOf(madeUp({ spki: rsaSpki(256, [1]) })), /exponent/);
  const largest = createPublicKey({ key: rsaSpki(512, e65537), format: 'der', type: 'spki' });
  assert.equal(keyProblem(largest), null);
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
  const ed25519 = generateKeyPairSync('ed25519').publicKey;
  for (const other of [ec, ed25519]) {
    assert.match(causeOf(madeUp({ spki: spkiOf(other) })), /not RSA/);
  }
  assert.match(causeOf(madeUp({ spki: derElement(DER_TAG.sequence) })), /key is damaged/);
});

test('a request must be signed by its own key, with SHA-256', () => {
  const spki = spkiOf(createPublicKey(key));
  const stranger = rsaSpki(256, [1, 0, 1]);
  assert.match(causeOf(madeUp({ spki: stranger })), /not of its own key/);
  const sha1 = '300d06092a864886f70d0101050500';
  const signature = (info: Buffer): Buffer => sign('sha1', info, key);
  assert.match(causeOf(madeUp({ spki, algorithm: sha1, signature })), /not signed with SHA-256/);
  assert.match(causeOf(madeUp({ spki, signature })), /not of its own key/);
  assert.match(causeOf(madeUp({ spki, signature: () => Buffer.alloc(0) })), /not of its own key/);
});

test('a request of another version, in another form, or with something behind it is refused', () => {
  const spki = spkiOf(createPublicKey(key));
  assert.match(causeOf(madeUp({ spki, version: '020101' })), /damaged/);
  assert.match(causeOf(madeUp({ spki, unusedBits: 1 })), /damaged/);
  assert.match(causeOf(pemOf(Buffer.concat([der, Buffer.from([0])]))), /damaged/);
});

test('a request in which one byte is changed, missing or too many is refused', () => {
  const change = fc.record({
    at: fc.nat(der.length - 1),
    byte: fc.integer({ min: 0, max: 255 }),
    kind: fc.constantFrom('set', 'insert', 'delete', 'cut'),
  });
  fc.assert(
    fc.property(change, ({ at, byte, kind }) => {
      const taken = kind === 'set' || kind === 'delete' ? 1 : kind === 'cut' ? der.length - at : 0;
      const put = kind === 'set' || kind === 'insert' ? [byte] : [];
      const bytes = [...der];
      bytes.splice(at, taken, ...put);
      const mutated = Buffer.from(bytes);
      assert.equal(isRefusal(readSigningRequest(pemOf(mutated))), !mutated.equals(der));
    }),
    { numRuns: 500 },
  );
});

test('a changed text is refused or read as the same key', () => {
  const original = readSigningRequest(pem);
  fc.assert(
    fc.property(fc.nat(pem.length - 1), anyText(3), (at, put) => {
      const read = readSigningRequest(pem.slice(0, at) + put + pem.slice(at + 1));
      if (!isRefusal(read)) assert.deepEqual(read, original);
    }),
  );
});

test('random bytes are refused, as PEM and as they are', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 12_000 }), (bytes) => {
      assert.ok(isRefusal(readSigningRequest(pemOf(Buffer.from(bytes)))));
      assert.ok(isRefusal(readSigningRequest(Buffer.from(bytes).toString('latin1'))));
    }),
  );
});

test('elements within elements without end, and lengths that lie, are refused at once', () => {
  let nested: Buffer = Buffer.alloc(0);
  while (nested.length < 11_000) nested = derElement(DER_TAG.sequence, nested);
  const hostile: readonly Buffer[] = [
    nested,
    Buffer.alloc(12_000, 0x30),
    Buffer.alloc(12_000, Buffer.from([0x30, 0x80])),
    Buffer.from('30840fffffff', 'hex'),
    Buffer.from('30ffffffffffff', 'hex'),
    Buffer.from('3083ffffff', 'hex'),
    Buffer.from('30', 'hex'),
  ];
  for (const bytes of hostile) assert.match(causeOf(pemOf(bytes)), /damaged/);
  const deepKey = madeUp({ spki: nested.subarray(0, 11_000) });
  assert.ok(isRefusal(readSigningRequest(deepKey)));
});

/** Any UTF-16 units, halves of characters as well. */
function anyText(maxLength: number) {
  return fc.uint16Array({ maxLength }).map((units) => String.fromCharCode(...units));
}
