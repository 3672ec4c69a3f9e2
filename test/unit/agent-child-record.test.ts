/** What `run_dir` says of a child, and what is not taken for it. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import {
  emptyChildRecord,
  readChildRecord,
  writeChildRecord,
} from '../../agent/adapters/children/child-record.ts';

const RECORD = {
  pid: 4_712,
  startToken: 'Sun Nov 22 20:15:00 2026',
  keeperPid: 4_711,
  keeperStartToken: '815',
  bootId: 'boot-1',
  startedAtMs: 1_795_378_500_123,
};

function aFile(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'fleetvisor-record-'));
  context.after(() => rmSync(folder, { recursive: true }));
  return join(folder, 'web.child');
}

test('what was written is read again, over an earlier one that was longer', (context) => {
  const path = aFile(context);
  assert.equal(readChildRecord(path), null, 'there is none');
  writeFileSync(path, 'x'.repeat(4_000));
  writeChildRecord(path, RECORD);
  assert.deepEqual(readChildRecord(path), RECORD);
});

test('an emptied record is none, and its file, of the same size, takes the next one', (context) => {
  const path = aFile(context);
  emptyChildRecord(path);
  assert.equal(existsSync(path), false, 'none is made');
  writeChildRecord(path, RECORD);
  const { ino, size } = statSync(path);
  emptyChildRecord(path);
  assert.equal(readChildRecord(path), null);
  const next = { ...RECORD, pid: 9, startToken: '8' };
  writeChildRecord(path, next);
  assert.deepEqual(readChildRecord(path), next);
  assert.deepEqual([statSync(path).ino, statSync(path).size], [ino, size]);
});

test('a record that was not written to its end is none', (context) => {
  const path = aFile(context);
  const whole = `${JSON.stringify(RECORD)}\n`;
  for (let length = 0; length < whole.length; length += 1) {
    writeFileSync(path, whole.slice(0, length));
    assert.equal(readChildRecord(path), null, `${length} bytes of it`);
  }
});

test('a record with one value that cannot be right is none', (context) => {
  const path = aFile(context);
  const wrong: Readonly<Record<keyof typeof RECORD, readonly unknown[]>> = {
    pid: [0, 1, -4_712, 1.5, '4712', null, 2 ** 60],
    startToken: ['', 815, null],
    keeperPid: [0, 1, -1, '4711', {}],
    keeperStartToken: ['', 815, []],
    bootId: ['', 1, null],
    startedAtMs: [-1, '1795378500123', null],
  };
  for (const [field, values] of Object.entries(wrong)) {
    for (const value of [...values, undefined]) {
      writeFileSync(path, `${JSON.stringify({ ...RECORD, [field]: value })}\n`);
      assert.equal(readChildRecord(path), null, `${field}: ${JSON.stringify(value)}`);
    }
  }
});

test('whatever else is in the file, nothing is thrown and nothing is taken for a record', (context) => {
  const path = aFile(context);
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
      writeFileSync(path, `${text}\n`);
      assert.equal(readChildRecord(path), null);
    }),
    { numRuns: 60 },
  );
});
