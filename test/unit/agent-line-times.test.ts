import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LineTimes } from '../../agent/adapters/logs/line-times.ts';

const START_MS = Date.UTC(2026, 10, 22, 20, 15, 0, 123);
const AT_START = '2026-11-22T20:15:00.123Z ';

/** Each chunk is read a second after the one before; bytes as characters of Latin-1. */
function stamped(chunks: readonly (string | Uint8Array)[], isInside = false): string {
  let nowMs = START_MS - 1_000;
  const times = new LineTimes(() => nowMs, isInside);
  const results = chunks.map((chunk) => {
    nowMs += 1_000;
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk;
    return Buffer.from(times.stamp(bytes)).toString('latin1');
  });
  return results.join('');
}

test('each line begins with the time in UTC, to the millisecond', () => {
  assert.equal(stamped(['one\ntwo\n']), `${AT_START}one\n${AT_START}two\n`);
});

test('a line that comes in pieces has the time of its first byte', () => {
  const later = '2026-11-22T20:15:03.123Z ';
  assert.equal(stamped(['o', 'n', 'e\n', 'two']), `${AT_START}one\n${later}two`);
});

test('empty lines have a time, and what is empty has none', () => {
  assert.equal(stamped(['\n\n']), `${AT_START}\n${AT_START}\n`);
  assert.equal(stamped(['a\n', '']), `${AT_START}a\n`);
  assert.equal(stamped(['']), '');
});

test('a carriage return ends no line', () => {
  assert.equal(
    stamped(['10 %\r20 %\r\n', '\n']),
    `${AT_START}10 %\r20 %\r\n2026-11-22T20:15:01.123Z \n`,
  );
});

test('the rest of a line that an earlier agent began has no time', () => {
  assert.equal(stamped(['half\nwhole\n'], true), `half\n${AT_START}whole\n`);
});

test('a log that is begun anew begins with a time, in the middle of a line too', () => {
  const times = new LineTimes(() => START_MS, false);
  times.stamp(Buffer.from('half'));
  times.beginAnew();
  assert.equal(Buffer.from(times.stamp(Buffer.from('rest\n'))).toString(), `${AT_START}rest\n`);
});

test('without its times the log is what was printed, byte for byte, however it was cut', () => {
  const chunk = fc
    .uint8Array({ maxLength: 40 })
    .map((bytes) => bytes.map((byte) => (byte % 3 === 0 ? 10 : byte)));
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 8 }), (chunks) => {
      const printed = Buffer.concat(chunks).toString('latin1');
      const log = stamped(chunks);
      assert.equal(log.replace(/^2026-11-22T20:15:\d\d\.123Z /gm, ''), printed);
      const lines = printed === '' ? 0 : printed.replace(/\n$/, '').split('\n').length;
      assert.equal(log.match(/^2026-11-22T20:15:\d\d\.123Z /gm)?.length ?? 0, lines);
    }),
  );
});
