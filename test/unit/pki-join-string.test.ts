/** The one line that lets a newcomer in: read as it was written, or refused without repeating it. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { isRefusal } from '../../proto/errors.ts';
import {
  formatJoinString,
  hashSecret,
  makeSecret,
  parseJoinString,
} from '../../proto/pki/join-string.ts';

const PIN = 'P'.repeat(43);
const SECRET = 'S3cret-_'.repeat(6).slice(0, 43);
const GOOD = `fleetvisor:1:ops-1.example.com:7444:${PIN}:${SECRET}`;

const digest = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => makeSecret(Buffer.from(bytes)));
const host = fc.oneof(
  fc.domain(),
  fc.ipV4(),
  fc.ipV6().map((address) => `[${address}]`),
);
const joinString = fc.record({
  address: fc.tuple(host, fc.integer({ min: 1, max: 65_535 })).map((parts) => parts.join(':')),
  pin: digest,
  secret: digest,
});

test('a join string is read as it was written, with white space around it', () => {
  fc.assert(
    fc.property(joinString, (join) => {
      const text = formatJoinString(join);
      assert.deepEqual(parseJoinString(text), { ...join });
      assert.deepEqual(parseJoinString(`\n ${text}\r\n`), { ...join });
    }),
  );
  assert.equal(
    formatJoinString({ address: 'ops-1.example.com:7444', pin: PIN, secret: SECRET }),
    GOOD,
  );
});

const REFUSED: Readonly<Record<string, readonly [string, RegExp]>> = {
  nothing: ['', /empty/],
  'white space': [' \n\t', /empty/],
  'a secret alone': [SECRET, /does not begin with fleetvisor:/],
  'a later version': [GOOD.replace(':1:', ':2:'), /another version/],
  'a line cut at its end': [GOOD.slice(0, -1), /end is damaged/],
  'a line with something behind it': [`${GOOD}=`, /end is damaged/],
  'two lines': [`${GOOD}\n${GOOD}`, /end is damaged|address is damaged/],
  'no pin': [`fleetvisor:1:ops-1:7444:${SECRET}`, /end is damaged/],
  'no address': [`fleetvisor:1:${PIN}:${SECRET}`, /address is damaged/],
  'no port': [GOOD.replace(':7444', ''), /address is damaged/],
  'port 0': [GOOD.replace('7444', '0'), /address is damaged/],
  'port 65536': [GOOD.replace('7444', '65536'), /address is damaged/],
  'a path for a host': [GOOD.replace('ops-1', 'ops/1'), /address is damaged/],
  'a user in the host': [GOOD.replace('ops-1', 'me@ops-1'), /address is damaged/],
  'a terminal escape': [GOOD.replace('ops-1', 'ops\u001b[1m'), /address is damaged/],
  'a whole disk': ['x'.repeat(100_000_000), /too long/],
  'endless colons': [`fleetvisor:1${':'.repeat(4_000)}`, /damaged/],
};

for (const [what, [text, cause]] of Object.entries(REFUSED)) {
  test(`${what} is refused, and the secret is not repeated`, () => {
    const refused = parseJoinString(text);
    assert.ok(isRefusal(refused));
    assert.match(refused.cause ?? '', cause);
    assert.match(refused.fix ?? '', /fleetctl token create|same version/);
    assert.ok(!JSON.stringify(refused).includes(SECRET.slice(0, 8)));
  });
}

test('any text, and any change to a good line, is refused or read as what it says', () => {
  const changed = fc
    .tuple(fc.nat(GOOD.length), fc.nat(4), anyText(4))
    .map(([at, length, put]) => GOOD.slice(0, at) + put + GOOD.slice(at + length));
  fc.assert(
    fc.property(fc.oneof(anyText(100), changed), (text) => {
      const read = parseJoinString(text);
      if (!isRefusal(read)) assert.equal(formatJoinString(read), text.trim());
    }),
    { numRuns: 500 },
  );
});

test('a secret is made of 256 bits and kept as its SHA-256', () => {
  assert.match(makeSecret(randomBytes(32)), /^[A-Za-z0-9_-]{43}$/);
  assert.throws(() => makeSecret(randomBytes(16)), /32 bytes/);
  // printf abc | sha256sum
  assert.equal(
    hashSecret('abc'),
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
});

/** Any UTF-16 units, halves of characters as well. */
function anyText(maxLength: number) {
  return fc.uint16Array({ maxLength }).map((units) => String.fromCharCode(...units));
}
