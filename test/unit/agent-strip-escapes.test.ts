import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EscapeStripper } from '../../agent/adapters/logs/strip-escapes.ts';

function inPieces(pieces: readonly (string | Uint8Array)[]): string {
  const stripper = new EscapeStripper();
  const left = pieces.map((piece) => Buffer.from(stripper.strip(Buffer.from(piece as string))));
  return Buffer.concat([...left, stripper.end()]).toString('latin1');
}

const strip = (text: string): string => inPieces([Buffer.from(text, 'latin1')]);

test('colours and movements go, everything else stays as it is', () => {
  assert.equal(strip('\x1b[31mred\x1b[0m and \x1b[1;38;5;200mpink\x1b[K\n'), 'red and pink\n');
  assert.equal(strip('\x1b[2J\x1b[Htop\x1b[?25l'), 'top');
  assert.equal(
    strip('no escape, \x9b31m and \xff bytes\r\n'),
    'no escape, \x9b31m and \xff bytes\r\n',
  );
  assert.equal(strip('\x1b]0;title\x07 is of another kind'), '\x1b]0;title\x07 is of another kind');
  assert.equal(strip(''), '');
});

test('as under Supervisor a sequence lasts until one of the letters that it knows', () => {
  assert.equal(strip('\x1b[1Gnot known: and how'), 'ow');
  assert.equal(strip('a\x1b[31'), 'a');
  assert.equal(strip('a\x1b'), 'a\x1b');
  assert.equal(strip('\x1b[31\x1b[0mx'), 'x');
  assert.equal(strip('a\x1b[1G\x1b'), 'a', 'all of it is inside the first');
});

test('a sequence that reads have cut in two is still one', () => {
  for (let at = 0; at <= 5; at += 1) {
    const sequence = '\x1b[31m';
    assert.equal(
      inPieces([`a${sequence.slice(0, at)}`, `${sequence.slice(at)}b`]),
      'ab',
      `at ${at}`,
    );
  }
  assert.equal(inPieces([...'\x1b[1;38;5;200mpink\x1b[0m']), 'pink');
});

test('what only looks like the beginning of one is not kept for ever, nor taken for the next run', () => {
  const stripper = new EscapeStripper();
  assert.equal(Buffer.from(stripper.strip(Buffer.from('a\x1b[3'))).toString(), 'a');
  assert.equal(Buffer.from(stripper.end()).toString(), '');
  assert.equal(Buffer.from(stripper.strip(Buffer.from('1 more'))).toString(), '1 more');
  assert.equal(inPieces([`\x1b[${'1'.repeat(100)}`, 'mtext']), 'mtext', 'longer than any real one');
});

test('text without any escape is passed on without a copy', () => {
  const chunk = Buffer.from('plain');
  assert.equal(new EscapeStripper().strip(chunk), chunk);
});

const realText = fc
  .array(
    fc.oneof(
      fc.string({ maxLength: 8 }).map((text) => text.replaceAll('\x1b', '')),
      fc
        .tuple(fc.stringMatching(/^[0-9;?]{0,12}$/), fc.constantFrom(...'HfABCDRsuJKhlpm'))
        .map(([parameters, letter]) => `\x1b[${parameters}${letter}`),
    ),
    { maxLength: 12 },
  )
  .map((parts) => Buffer.from(parts.join('')));

test('any text of a terminal comes out the same, however it was read', () => {
  fc.assert(
    fc.property(realText, fc.array(fc.nat(200), { maxLength: 6 }), (text, cuts) => {
      const ends = [...cuts.filter((cut) => cut < text.length), text.length].toSorted(
        (one, other) => one - other,
      );
      const pieces = ends.map((end, index) => text.subarray(ends[index - 1] ?? 0, end));
      assert.equal(inPieces(pieces), strip(text.toString('latin1')));
    }),
    { numRuns: 300 },
  );
});
