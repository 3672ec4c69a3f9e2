/** Whatever a refusal says, it can be sent: grpc-js escapes the text, and clients bound what they take. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeRefusal, encodeRefusal, serviceErrorOf } from '../../proto/codec/error.ts';
import { refusal } from '../../proto/errors.ts';

test('half a character, as cutting a text leaves it, does not keep a refusal from being sent', () => {
  const { details } = encodeRefusal(refusal('usage', 'no such host: \ud83d'));
  assert.equal(encodeURI(details), 'no%20such%20host:%20%EF%BF%BD');
});

test('a refusal fits in the headers that a client takes, however long it was', () => {
  const long = 'ü'.repeat(100_000);
  const { details, metadata } = encodeRefusal(refusal('denied', long, { cause: long, fix: long }));
  const [entry] = metadata?.get('fleet-refusal-bin') ?? [];
  assert.ok(Buffer.isBuffer(entry));
  assert.ok(encodeURI(details).length + entry.toString('base64').length < 65_536);
});

test('a refusal of ordinary size comes back as it went', () => {
  const because = refusal('denied', 'no', { cause: 'größer', fix: 'ask' });
  assert.deepEqual(decodeRefusal(serviceErrorOf(because)), because);
});
