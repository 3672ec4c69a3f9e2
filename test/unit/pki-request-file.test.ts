/** The file that requests travel in: what was written is what is read, and nothing can hide in it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PendingRequest } from '../../proto/certificates.ts';
import { isRefusal } from '../../proto/errors.ts';
import {
  type FiledRequest,
  formatRequestFile,
  parseRequestFile,
} from '../../proto/pki/request-file.ts';

const CSR = '-----BEGIN CERTIFICATE REQUEST-----\nTUlJQ\n-----END CERTIFICATE REQUEST-----\n';
const REQUEST: FiledRequest = {
  kind: 'agent',
  name: 'web-1',
  days: 7,
  because: 'token 1a2b3c4d of alice',
  address: '10.0.0.7',
  keyHash: 'ab'.repeat(32),
  csrPem: CSR,
};
const CONTROLLER: FiledRequest = {
  ...REQUEST,
  kind: 'controller',
  name: 'ops-1',
  address: null,
  addresses: [
    { kind: 'dns', value: 'ops-1.example.com' },
    { kind: 'ip', value: '::1' },
  ],
};
const FILE = formatRequestFile([REQUEST, CONTROLLER]);

test('requests are read as they were written, also with other line ends and comments', () => {
  assert.deepEqual(parseRequestFile(FILE), [REQUEST, CONTROLLER]);
  assert.deepEqual(parseRequestFile(FILE.replaceAll('\n', '\r\n')), [REQUEST, CONTROLLER]);
  assert.deepEqual(parseRequestFile(`${FILE}\n# the end`), [REQUEST, CONTROLLER]);
  assert.deepEqual(parseRequestFile(formatRequestFile([])), []);
});

test('people can read who asks for what', () => {
  assert.match(FILE, /^# Requests for certificates\. .*fleet-certs sign/);
  assert.ok(
    FILE.includes(
      'kind: agent\nname: web-1\ndays: 7\nbecause: token 1a2b3c4d of alice\nfrom: 10.0.0.7\nkey: abab',
    ),
  );
  assert.ok(FILE.includes('addresses: DNS:ops-1.example.com,IP:::1\n'));
});

test('what waits at the controller can be written as it is', () => {
  const pending: PendingRequest = {
    kind: 'operator',
    name: 'alice',
    keyHash: 'cd'.repeat(32),
    csrPem: CSR,
    days: 30,
    because: 'renewal',
    address: null,
    requestedAtMs: 1,
  };
  const { requestedAtMs: _, ...filed } = pending;
  assert.deepEqual(parseRequestFile(formatRequestFile([pending])), [filed]);
});

test('a reason cannot bring lines, escapes or hidden characters with it', () => {
  const because = 'token\nkind: operator\u001b[2J\u202e\u200b';
  const [read] = parseRequestFile(formatRequestFile([{ ...REQUEST, because }])) as FiledRequest[];
  assert.equal(read?.because, 'token?kind: operator?[2J??');
  assert.equal(read?.kind, 'agent');
});

const swap = (from: string, to: string): string => FILE.replace(from, to);
const REFUSED: Readonly<Record<string, readonly [string, RegExp]>> = {
  'an unknown line': [swap('days: 7', 'dais: 7'), /^line 6: this is no line of a request/],
  'the name of something built in': [swap('days: 7', 'constructor: 7'), /no line of a request/],
  'a line said twice': [swap('days: 7', 'days: 7\ndays: 8'), /^line 7: days is said twice/],
  'a missing line': [swap('days: 7\n', ''), /^line 4: days is missing or not a whole number/],
  'half a day': [swap('days: 7', 'days: 0.5'), /days is missing or not/],
  'too many digits': [swap('days: 7', 'days: 7777777'), /days is missing or not/],
  'an unknown kind': [swap('kind: agent', 'kind: root'), /kind is missing or not controller/],
  'a path for a name': [swap('name: web-1', 'name: ../web-1'), /name is missing or not/],
  'a short key': [swap('key: ab', 'key: '), /key is missing or not 64/],
  'a wildcard': [swap('DNS:ops-1', 'DNS:*'), /addresses: .* is a wildcard/],
  'an escape': [swap('from: 10', 'from: \u001b[2J'), /could deceive/],
  'a turned text': [swap('token', '\u202etoken'), /because holds characters that could deceive/],
  'an endless line': [swap('token', 'x'.repeat(100_000)), /no line of a request/],
  'a file that ends early': [
    FILE.slice(0, -20),
    /^line 14: the request that begins here has no end/,
  ],
  'a request of nothing': ['kind: agent\n', /has no end/],
  'another file': ['-----BEGIN CERTIFICATE-----\n', /^line 1: this is no line/],
  'an endless request': [swap('TUlJQ\n', 'TUlJQ\n'.repeat(5_000)), /has no end/],
};

for (const [what, [text, cause]] of Object.entries(REFUSED)) {
  test(`${what} refuses the file`, () => {
    const refused = parseRequestFile(text);
    assert.ok(isRefusal(refused));
    assert.match(refused.cause ?? '', cause);
    assert.ok((refused.cause ?? '').length < 500);
  });
}

test('any text, and any change to a good file, is refused or read again as it would be written', () => {
  const changed = fc
    .tuple(fc.nat(FILE.length), fc.nat(40), anyText(8))
    .map(([at, length, put]) => FILE.slice(0, at) + put + FILE.slice(at + length));
  const lines = fc.shuffledSubarray(FILE.split('\n')).map((some) => some.join('\n'));
  fc.assert(
    fc.property(fc.oneof(anyText(100), changed, lines), (text) => {
      const read = parseRequestFile(text);
      if (!isRefusal(read)) assert.deepEqual(parseRequestFile(formatRequestFile(read)), read);
    }),
    { numRuns: 500 },
  );
});

test('a large file is read or refused in one pass', () => {
  const many = FILE.repeat(2_000);
  assert.equal((parseRequestFile(many) as readonly FiledRequest[]).length, 4_000);
  const begins = 'kind: agent\n-----BEGIN CERTIFICATE REQUEST-----\n'.repeat(20_000);
  assert.ok(isRefusal(parseRequestFile(begins)));
  assert.ok(isRefusal(parseRequestFile('\n'.repeat(1_000_000).concat('x'))));
});

/** Any UTF-16 units, halves of characters as well. */
function anyText(maxLength: number) {
  return fc.uint16Array({ maxLength }).map((units) => String.fromCharCode(...units));
}
