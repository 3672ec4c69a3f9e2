/** DER is one encoding for one value: whatever could be written otherwise is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DER_TAG, derElement, readElements } from '../../proto/pki/der.ts';

const { integer, sequence } = DER_TAG;
const hex = (text: string): Buffer => Buffer.from(text, 'hex');

test('elements of every length are read as they were written', () => {
  for (const length of [0, 1, 127, 128, 255, 256, 65_535, 65_536]) {
    const content = Buffer.alloc(length, 0xab);
    const whole = derElement(sequence, content);
    const read = readElements(Buffer.concat([whole, derElement(integer)]), [sequence, integer]);
    assert.deepEqual(read?.[0], { tag: sequence, content, whole });
    assert.equal(read?.[1]?.content.length, 0);
  }
  assert.deepEqual(derElement(sequence, Buffer.alloc(200)).subarray(0, 3), hex('3081c8'));
});

const REFUSED: Readonly<Record<string, string>> = {
  nothing: '',
  'a tag alone': '30',
  'another tag': '020100',
  'two elements': '30003000',
  'a byte behind it': '300000',
  'less than it says': '300200',
  'a short length in the long form': '308100',
  'a length with a zero in front': '30820080'.padEnd(8 + 256, '0'),
  'an end somewhere later': '30800000',
  'a length of 16 MiB': '308401000000',
  'a length that is not there': '3082',
  'a reserved length': '30ff',
};

for (const [what, bytes] of Object.entries(REFUSED)) {
  test(`${what} is no element`, () => {
    assert.equal(readElements(hex(bytes), [sequence]), null);
  });
}

test('whatever is read is what would be written', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 8 }), (bytes) => {
      const given = Buffer.from([sequence, ...bytes]);
      const [element] = readElements(given, [sequence]) ?? [];
      if (element !== undefined) assert.deepEqual(derElement(sequence, element.content), given);
    }),
    { numRuns: 2_000 },
  );
});
