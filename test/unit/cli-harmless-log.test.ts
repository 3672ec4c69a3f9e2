/** A log on a terminal, in chunks that are cut anywhere. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { harmlessLog } from '../../cli/render/harmless-log.ts';

function shown(...chunks: readonly (string | Uint8Array)[]): string {
  const harmless = harmlessLog();
  return chunks.map((chunk) => Buffer.from(harmless(Buffer.from(chunk))).toString()).join('');
}

test('a carriage return at the end of a chunk is judged by what follows it', () => {
  assert.equal(shown('one\r', '\ntwo\n'), 'one\r\ntwo\n');
  assert.equal(shown('paid 1\r', 'paid 9\n'), 'paid 1\\x0dpaid 9\n');
});

test('a character that is cut in two is one character', () => {
  const [first = 0, ...rest] = Buffer.from('é');
  assert.equal(shown(Buffer.of(first), Buffer.from(rest)), 'é');
});

test('wherever a log is cut, it looks the same', () => {
  const parts = fc.array(fc.constantFrom('a', '\r', '\n', '\u001b[2J', 'é', '\t', '\u202e'));
  fc.assert(
    fc.property(parts, fc.array(fc.nat(40)), (text, cuts) => {
      const bytes = Buffer.from(`${text.join('')}.`);
      const places = [0, ...cuts.map((cut) => cut % bytes.length).toSorted((a, b) => a - b)];
      const chunks = places.map((from, index) => bytes.subarray(from, places[index + 1]));
      assert.equal(shown(...chunks), shown(bytes));
    }),
  );
});
