import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SyslogLines } from '../../agent/adapters/logs/syslog-lines.ts';

const MAX = 200;

function linesOf(pieces: readonly (string | Uint8Array)[], name = 'web'): readonly string[] {
  const lines = new SyslogLines(name, MAX);
  const taken = pieces.flatMap((piece) => lines.take(Buffer.from(piece as string)));
  return [...taken, ...lines.end()].map((line) => Buffer.from(line, 'latin1').toString());
}

test('each line begins with the name of its process', () => {
  assert.deepEqual(linesOf(['one\ntwo\n']), ['web one', 'web two']);
  assert.deepEqual(linesOf(['a\n\nb\r\n']), ['web a', 'web ', 'web b']);
  assert.deepEqual(linesOf(['größe\n'], 'wëb'), ['wëb größe']);
  assert.deepEqual(linesOf([]), []);
});

test('a line is whole, however it was read; one without an end ends with the run', () => {
  assert.deepEqual(linesOf([...'one\ntwo\nthree']), ['web one', 'web two', 'web three']);
  const lines = new SyslogLines('web', MAX);
  assert.deepEqual(lines.take(Buffer.from('last words')), []);
  assert.deepEqual(lines.end(), ['web last words']);
  assert.deepEqual(lines.take(Buffer.from('next run\n')), ['web next run']);
});

test('nothing in a line can end it, hide it, or speak to a terminal', () => {
  assert.deepEqual(linesOf(['a\0b\x1b[31mc\rd\te\x7f\n']), ['web a#000b#033[31mc#015d\te#177']);
  assert.deepEqual(linesOf(['a\u009b31m\n']), ['web a#302#23331m']);
  const notUtf8 = new SyslogLines('web', MAX).take(Buffer.from([0xff, 0x80, 0x0a]));
  assert.deepEqual(notUtf8, ['web \xff\x80'], 'what is not UTF-8 passes unchanged');
});

test('a line that is too long becomes several, and no character is torn', () => {
  const text = `x${'ü'.repeat(1_000)}`;
  const pieces = linesOf([`${text}\nshort\n`]);
  assert.equal(pieces.at(-1), 'web short');
  const long = pieces.slice(0, -1);
  assert.equal(long.map((piece) => piece.slice('web '.length)).join(''), text);
  assert.ok(long.every((piece) => Buffer.byteLength(piece) <= MAX));
  assert.equal(long.length, Math.ceil(2_001 / 195));
});

test('any output comes out whole and in order, in lines of bounded length', () => {
  const bytes = fc.uint8Array({ maxLength: 600 });
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 4 }), (pieces) => {
      const lines = new SyslogLines('w', 50);
      const taken = [...pieces.flatMap((piece) => lines.take(piece)), ...lines.end()];
      for (const line of taken) {
        assert.ok(line.length <= 50 && line.startsWith('w '), line);
        assert.match(line, /^[\t -~\x80-\xff]*$/);
      }
      const plain = (text: string): string => text.replace(/[^A-Za-z]|w /g, '');
      const whole = Buffer.concat(pieces).toString('latin1');
      const said = taken.map((line) => line.slice(2)).join('');
      assert.equal(plain(said), plain(whole));
    }),
    { numRuns: 200 },
  );
});
