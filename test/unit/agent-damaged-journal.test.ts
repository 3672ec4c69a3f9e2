import assert from 'node:assert/strict';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openJournal } from '../../agent/adapters/journal/journal.ts';
import { JOURNAL_MIGRATIONS } from '../../agent/adapters/journal/journal-schema.ts';
import { setAside } from '../../agent/adapters/journal/set-aside.ts';
import { initialProcess } from '../../agent/core/process.ts';
import { FleetError } from '../../proto/errors.ts';
import { keptDatabase } from '../../proto/sqlite.ts';
import { aDefinition } from '../fakes/agent-process.ts';

const NOW_MS = Date.UTC(2026, 10, 22, 20, 15, 0, 123);

function aPath(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'agent-damaged-journal-'));
  context.after(() => rmSync(folder, { recursive: true }));
  return join(folder, 'journal.db');
}

/** With one process in it. */
async function aJournal(context: TestContext): Promise<string> {
  const path = aPath(context);
  using journal = openJournal(path, 'boot-1');
  await journal.commit([{ kind: 'process', process: initialProcess(aDefinition('web'), NOW_MS) }]);
  return path;
}

const beside = (path: string): readonly string[] => readdirSync(join(path, '..'));

/** As somebody's hand, or a bad disk, leaves it. */
function change(path: string, ...statements: readonly string[]): void {
  const database = keptDatabase(path, 0);
  for (const sql of statements) database.exec(sql);
  database.close();
}

function overwrite(path: string, offset: number, bytes: Buffer): void {
  const content = readFileSync(path);
  bytes.copy(content, offset);
  writeFileSync(path, content);
}

const DAMAGES: Readonly<Record<string, (path: string) => void>> = {
  'what is no database': (path) => writeFileSync(path, `no database ${'x'.repeat(5_000)}`),
  'a page of nonsense': (path) => overwrite(path, 4_096 * 3, Buffer.alloc(4_096, 0xee)),
  'half a file': (path) => writeFileSync(path, readFileSync(path).subarray(0, 9_000)),
  'a record that is no JSON': (path) => change(path, "UPDATE processes SET record = '{\"defin'"),
  'a record of something else': (path) => change(path, "UPDATE processes SET record = '{}'"),
  'a record under another name': (path) => change(path, "UPDATE processes SET name = 'db'"),
  'a record that is null': (path) => change(path, "UPDATE processes SET record = 'null'"),
  'an event that is no JSON': (path) => change(path, "INSERT INTO events VALUES (1, '[')"),
  'a target that is no JSON': (path) =>
    change(path, "INSERT INTO targets VALUES ('o', 'stop', 'web', 1, 0, 'nonsense')"),
  'a number that is none': (path) => change(path, "INSERT INTO facts VALUES ('next_seq', 'x')"),
  'a table that is missing': (path) => change(path, 'DROP TABLE events'),
  'an old record that a migration cannot read': (path) =>
    change(
      path,
      "UPDATE processes SET record = '{'",
      `PRAGMA user_version = ${JOURNAL_MIGRATIONS.length - 1}`,
    ),
};

for (const [what, damage] of Object.entries(DAMAGES)) {
  test(`${what}: the journal is set aside as it is, and another one begun`, async (context) => {
    const path = await aJournal(context);
    const before = openJournal(path, 'boot-1');
    before[Symbol.dispose]();
    damage(path);
    const damaged = readFileSync(path);
    using journal = openJournal(path, 'boot-1');
    assert.ok(journal.damage !== null);
    assert.ok(journal.damage.cause.length > 0);
    assert.match(journal.damage.movedTo, /\/journal\.db\.damaged-\d{8}T\d{6}Z$/);
    assert.deepEqual(readFileSync(journal.damage.movedTo), damaged);
    assert.equal(journal.isNew, true);
    assert.notEqual(journal.id, before.id);
    assert.deepEqual(journal.contents.processes, []);
    // What it is there for: it can be written.
    await journal.commit([{ kind: 'processesCleared' }]);
  });
}

test('the next start finds a journal that is neither new nor damaged', async (context) => {
  const path = await aJournal(context);
  writeFileSync(path, 'nonsense, and more of it than a header is long'.repeat(10));
  {
    using journal = openJournal(path, 'boot-1');
    await journal.commit([{ kind: 'processesCleared' }]);
  }
  using next = openJournal(path, 'boot-1');
  assert.deepEqual([next.isNew, next.damage], [false, null]);
});

test('a journal in which no agent came so far as to record anything is still new', (context) => {
  const path = aPath(context);
  for (const _time of ['first', 'second']) {
    using journal = openJournal(path, 'boot-1');
    journal.keepSettings('text');
    assert.equal(journal.isNew, true);
  }
});

test('where there would be nothing to go by, a damaged journal is refused and left alone', async (context) => {
  const path = await aJournal(context);
  change(path, "UPDATE processes SET record = '{'");
  const before = beside(path);
  assert.throws(
    () => openJournal(path, 'boot-1', { canDoWithout: false }),
    (error) =>
      error instanceof FleetError && /mend the configuration/.test(error.refusal.fix ?? ''),
  );
  assert.deepEqual(beside(path), before);
});

test('one of a newer version is refused, never set aside', async (context) => {
  const path = await aJournal(context);
  change(path, `PRAGMA user_version = ${JOURNAL_MIGRATIONS.length + 1}`);
  assert.throws(() => openJournal(path, 'boot-1'), /written by a newer version/);
  assert.ok(!beside(path).some((name) => name.includes('damaged')));
});

test('one that somebody else holds is refused, never set aside', async (context) => {
  const path = await aJournal(context);
  const other = keptDatabase(path, 0);
  other.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; DELETE FROM processes');
  assert.throws(
    () => openJournal(path, 'boot-1'),
    (error) => error instanceof FleetError && /database is locked/.test(error.refusal.cause ?? ''),
  );
  other.exec('ROLLBACK');
  other.close();
  using journal = openJournal(path, 'boot-1');
  assert.equal(journal.contents.processes.length, 1);
});

test('one that cannot be opened is refused, never set aside', (context) => {
  const path = aPath(context);
  mkdirSync(path);
  assert.throws(() => openJournal(path, 'boot-1'), FleetError);
  assert.deepEqual(beside(path), ['journal.db']);
});

test('its further files go with it, and nothing that is there already is overwritten', (context) => {
  const path = aPath(context);
  for (const suffix of ['', '-wal', '-shm']) writeFileSync(path + suffix, `first${suffix}`);
  const first = setAside(path, NOW_MS);
  assert.equal(first, `${path}.damaged-20261122T201500Z`);
  writeFileSync(path, 'second');
  const second = setAside(path, NOW_MS);
  assert.equal(second, `${first}-2`);
  copyFileSync(second, `${first}-3-wal`);
  writeFileSync(path, 'third');
  assert.equal(setAside(path, NOW_MS), `${first}-4`);
  assert.deepEqual(
    ['', '-wal', '-shm'].map((suffix) => readFileSync(first + suffix, 'utf8')),
    ['first', 'first-wal', 'first-shm'],
  );
  assert.equal(readFileSync(second, 'utf8'), 'second');
});
