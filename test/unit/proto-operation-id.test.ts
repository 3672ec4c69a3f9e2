import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { makeOperationId, OPERATION_ID_RANDOM_BYTES } from '../../proto/operation-id.ts';
import { parseSignalName } from '../../proto/signal-name.ts';

const random = fc.uint8Array({
  minLength: OPERATION_ID_RANDOM_BYTES,
  maxLength: OPERATION_ID_RANDOM_BYTES,
});
const timeMs = fc.integer({ min: 0, max: 2 ** 48 - 1 });

test('an id is the UUIDv7 of RFC 9562, appendix A.6', () => {
  const bytes = Uint8Array.from([0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f]);
  assert.equal(makeOperationId(0x017f22e279b0, bytes), '017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
});

test('every id carries version 7 and the variant, whatever the randomness', () => {
  fc.assert(
    fc.property(timeMs, random, (nowMs, bytes) =>
      /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/.test(
        makeOperationId(nowMs, bytes),
      ),
    ),
  );
});

test('ids sort by time and differ by randomness', () => {
  fc.assert(
    fc.property(timeMs, timeMs, random, random, (first, second, left, right) => {
      fc.pre(first < second);
      return makeOperationId(first, left) < makeOperationId(second, right);
    }),
  );
  const other = new Uint8Array(OPERATION_ID_RANDOM_BYTES).fill(1);
  assert.notEqual(
    makeOperationId(5, other),
    makeOperationId(5, new Uint8Array(OPERATION_ID_RANDOM_BYTES)),
  );
});

test('a signal is read with and without SIG, in any case, and by its fixed numbers', () => {
  for (const text of ['HUP', 'hup', 'SIGHUP', 'sighup', '1']) {
    assert.equal(parseSignalName(text), 'HUP');
  }
  assert.equal(parseSignalName('9'), 'KILL');
});

test('what is no signal everywhere is refused before anything is sent', () => {
  for (const text of ['', 'SIG', 'HUPP', '10', '0', '-9', 'constructor', 'HUP\n']) {
    const answer = parseSignalName(text);
    assert.ok(typeof answer !== 'string' && answer.code === 'usage', text);
  }
});
