/** What `run_dir` says of a child, and what is not taken for it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import {
  emptyChildRecord,
  readChildRecord,
  writeChildRecord,
} from '../../agent/adapters/children/child-record.ts';
import { HolderRecord } from '../../agent/adapters/children/holder-record.ts';

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

const isRoot = process.geteuid?.() === 0;

/** What an earlier owner of the directory may have left under the name of a record. */
const PLANTED: Readonly<Record<string, (path: string, target: string) => void>> = {
  'a link': (path, target) => symlinkSync(target, path),
  'a link to nothing': (path, target) => symlinkSync(`${target}.none`, path),
  'a hard link': (path, target) => linkSync(target, path),
  'a FIFO': (path) => void execFileSync('mkfifo', [path]),
};

for (const [what, plant] of Object.entries(PLANTED)) {
  test(`${what} in place of a record is not believed, not written through, and makes way`, (context) => {
    const path = aFile(context);
    const target = `${path}.target`;
    const text = `${JSON.stringify(RECORD)}${' '.repeat(600)}\n`;
    writeFileSync(target, text);
    plant(path, target);
    assert.equal(readChildRecord(path), null);
    emptyChildRecord(path);
    writeChildRecord(path, { ...RECORD, pid: 9 });
    assert.ok(lstatSync(path).isFile());
    assert.equal(readChildRecord(path)?.pid, 9);
    assert.equal(readFileSync(target, 'utf8'), text);
    assert.ok(!existsSync(`${target}.none`));
  });
}

test("another user's file is not believed, and makes way", {
  skip: !isRoot && 'only root can give a file away',
}, (context) => {
  const path = aFile(context);
  writeChildRecord(path, RECORD);
  chownSync(path, 65_534, 65_534);
  assert.equal(readChildRecord(path), null);
  emptyChildRecord(path);
  writeChildRecord(path, RECORD);
  assert.deepEqual(readChildRecord(path), RECORD);
  assert.equal(statSync(path).uid, 0);
});

test('a directory in place of a record is none, and what is written is told to have failed', (context) => {
  const path = aFile(context);
  mkdirSync(path);
  assert.equal(readChildRecord(path), null);
  emptyChildRecord(path);
  assert.throws(() => writeChildRecord(path, RECORD));
});

test('holders are believed in a file of our own alone, and are written through no link', (context) => {
  const path = aFile(context);
  const record = new HolderRecord(join(path, '..'));
  const holder = { pid: 4_711, startToken: '815', bootId: 'boot-1' };
  const target = `${path}.target`;
  record.write([holder]);
  assert.deepEqual(record.read(), [holder]);
  const text = readFileSync(record.path, 'utf8');
  writeFileSync(target, text);
  rmSync(record.path);
  symlinkSync(target, record.path);
  assert.deepEqual(record.read(), []);
  symlinkSync(target, `${record.path}.new`);
  record.write([{ ...holder, pid: 9 }]);
  assert.deepEqual(
    record.read().map(({ pid }) => pid),
    [9],
  );
  assert.equal(readFileSync(target, 'utf8'), text);
});
