/**
 * Text from all of Unicode for property tests, among it names that objects treat specially. As
 * `fc.string({ unit: 'binary' })`, which takes 0.6 s to set up in every process that uses it.
 */
import fc from 'fast-check';

/** Half of a pair alone is no text: UTF-8 cannot carry it. */
const SURROGATES = { first: 0xd800, count: 0x800 } as const;

const ofAllPlanes = fc
  .integer({ min: 0, max: 0x10ffff - SURROGATES.count })
  .map((code) => String.fromCodePoint(code < SURROGATES.first ? code : code + SURROGATES.count));

/** What steers terminals, ends lines or is not seen; chance alone would rarely come upon any. */
const awkward = fc.constantFrom(...'\0\n\r\u001b\u007f\u009b\u200b\u2028\u202e\u2066\ufeff');
const character = fc.oneof(ofAllPlanes, awkward);

/** @param maxLength in characters; none: as long as fast-check sees fit */
export function anyText(maxLength?: number): fc.Arbitrary<string> {
  const length = maxLength === undefined ? {} : { maxLength };
  return fc.oneof(fc.string(length), fc.string({ unit: character, ...length }));
}
