import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { FleetError } from '../../proto/errors.ts';
import {
  keptDatabase,
  openDatabase,
  openUndamaged,
  pragmaValue,
  type SqliteDatabase,
  setDurability,
} from '../../proto/sqlite.ts';

const directory = mkdtempSync(join(tmpdir(), 'proto-sqlite-'));
after(() => rmSync(directory, { recursive: true }));
let files = 0;

function aFile(): string {
  files += 1;
  return join(directory, `test-${files}.db`);
}

const FIRST = 'CREATE TABLE notes (text TEXT NOT NULL) STRICT';
const SECOND = "ALTER TABLE notes ADD COLUMN by TEXT NOT NULL DEFAULT 'nobody'";
const THIRD = 'CREATE INDEX notes_by ON notes (by)';

/** A file of schema 1 with one row. */
function oldFile(): string {
  const path = aFile();
  const database = openDatabase({ path, migrations: [FIRST] });
  database.exec("INSERT INTO notes VALUES ('kept')");
  database.close();
  return path;
}

const beside = (path: string) =>
  readdirSync(directory).filter((name) => join(directory, name).startsWith(`${path}.`));

function refusalOf(open: () => unknown) {
  try {
    open();
  } catch (error) {
    assert.ok(error instanceof FleetError, String(error));
    return error.refusal;
  }
  return assert.fail('nothing was refused');
}

test('a database is opened durably: write-ahead log, synchronous FULL, and careful', () => {
  const database = openDatabase({ path: aFile(), migrations: [FIRST] });
  const pragma = (name: string) => pragmaValue(database, name);
  assert.equal(pragma('journal_mode'), 'wal');
  assert.equal(pragma('synchronous'), 2);
  assert.equal(pragma('foreign_keys'), 1);
  assert.equal(pragma('trusted_schema'), 0);
  assert.equal(pragma('cell_size_check'), 1);
  assert.equal(pragma('user_version'), 1);
  setDurability(database, 'NORMAL');
  assert.equal(pragma('synchronous'), 1);
  database.close();
});

test('durability that SQLite does not take on is an error, not a hope', () => {
  const answer = { pluck: () => ({ get: () => 1 }) };
  const deaf = { exec: () => undefined, prepare: () => answer } as unknown as SqliteDatabase;
  assert.throws(() => setDurability(deaf, 'FULL'), /synchronous = 1 although FULL was set/);
});

test('a new file gets every step and no copy', () => {
  const path = aFile();
  const database = openDatabase({ path, migrations: [FIRST, SECOND, THIRD] });
  assert.equal(pragmaValue(database, 'user_version'), 3);
  database.close();
  assert.deepEqual(beside(path), []);
});

test('an older file is copied first, then taken on from where it is', () => {
  const path = oldFile();
  const database = openDatabase({ path, migrations: [FIRST, SECOND, THIRD] });
  assert.deepEqual(database.prepare('SELECT * FROM notes').all(), [{ text: 'kept', by: 'nobody' }]);
  database.close();
  const copy = keptDatabase(`${path}.schema-1`, 0);
  assert.equal(pragmaValue(copy, 'user_version'), 1);
  assert.deepEqual(copy.prepare('SELECT * FROM notes').all(), [{ text: 'kept' }]);
  copy.close();
  openDatabase({ path, migrations: [FIRST, SECOND, THIRD] }).close();
  assert.deepEqual(
    readdirSync(directory).filter((name) => name.includes('schema-3')),
    [],
  );
});

test('a step that fails leaves the file as it was, and the upgrade can be tried again', () => {
  const path = oldFile();
  const broken = 'CREATE TABLE more (x); INSERT INTO nowhere VALUES (1)';
  assert.throws(() => openDatabase({ path, migrations: [FIRST, broken] }), /nowhere/);
  const before = openDatabase({ path, migrations: [FIRST] });
  assert.deepEqual(
    before.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all(),
    ['notes'],
  );
  before.exec("INSERT INTO notes VALUES ('since')");
  before.close();
  openDatabase({ path, migrations: [FIRST, SECOND] }).close();
  const copy = keptDatabase(`${path}.schema-1`, 0);
  assert.equal(copy.prepare('SELECT count(*) FROM notes').pluck().get(), 2);
  copy.close();
});

test('a copy that was cut short is no obstacle', () => {
  const path = oldFile();
  writeFileSync(`${path}.schema-1.partial`, 'half');
  openDatabase({ path, migrations: [FIRST, SECOND] }).close();
  assert.ok(!beside(path).some((name) => name.endsWith('.partial')));
});

test('a file of a newer version is refused and not touched', () => {
  const path = aFile();
  openDatabase({ path, migrations: [FIRST, SECOND] }).close();
  const before = readFileSync(path);
  const { code, message, fix } = refusalOf(() => openDatabase({ path, migrations: [FIRST] }));
  assert.equal(code, 'configuration');
  assert.match(message, /written by a newer version/);
  assert.match(fix ?? '', /install the newer version/);
  assert.deepEqual(readFileSync(path), before);
});

test('a damaged file is refused, named, and left for whoever mends it', () => {
  const garbage = aFile();
  writeFileSync(garbage, 'this is no database, whatever its name says\n'.repeat(200));
  const torn = oldFile();
  const bytes = readFileSync(torn);
  bytes.fill(0xff, bytes.length - 4_096 + 8);
  bytes[bytes.length - 4_096] = 0xff;
  writeFileSync(torn, bytes);
  for (const path of [garbage, torn]) {
    const before = readFileSync(path);
    const { code, message, cause, fix } = refusalOf(() =>
      openDatabase({ path, migrations: [FIRST] }),
    );
    assert.equal(code, 'configuration');
    assert.ok(message.includes(path));
    assert.ok((cause ?? '').length > 0);
    assert.match(fix ?? '', /restore it from a backup/);
    assert.deepEqual(readFileSync(path), before);
  }
});

test('who can do without a damaged file is told of it, and it is not held open', () => {
  const path = aFile();
  writeFileSync(path, 'this is no database, whatever its name says\n'.repeat(200));
  const opening = openUndamaged({ path, migrations: [FIRST] });
  assert.deepEqual(opening, { kind: 'damaged', cause: 'file is not a database' });
});

test('a file that somebody else holds is not called damaged', () => {
  const path = oldFile();
  const other = keptDatabase(path, 0);
  other.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; INSERT INTO notes VALUES ('x')");
  const { message, cause, fix } = refusalOf(() => openUndamaged({ path, migrations: [FIRST] }));
  assert.match(message, /cannot be used/);
  assert.match(cause ?? '', /database is locked \(SQLITE_BUSY\)/);
  assert.match(fix ?? '', /whether another program holds it/);
  other.close();
});

test('a file that cannot be opened is refused in words', () => {
  const { message, cause } = refusalOf(() =>
    openUndamaged({ path: directory, migrations: [FIRST] }),
  );
  assert.match(message, /cannot be used/);
  assert.match(cause ?? '', /unable to open database file/);
});

test('an index that disagrees with its table is found where the whole is checked', () => {
  const path = aFile();
  const migrations = [FIRST, SECOND, THIRD];
  const database = openDatabase({ path, migrations });
  database.exec("INSERT INTO notes VALUES ('a text', 'somebody')");
  database.unsafeMode();
  database.exec(`PRAGMA writable_schema = ON;
    UPDATE sqlite_schema SET sql = replace(sql, '(by)', '(text)') WHERE name = 'notes_by'`);
  database.close();
  openDatabase({ path, migrations }).close();
  const opening = openUndamaged({ path, migrations, check: 'integrity_check' });
  assert.equal(opening.kind, 'damaged');
});

test('what SQLite says of a torn page is one line, without the name that every database has', () => {
  const path = aFile();
  const database = openDatabase({ path, migrations: [FIRST] });
  const pageSize = Number(pragmaValue(database, 'page_size'));
  const page = Number(database.prepare('SELECT max(rootpage) FROM sqlite_schema').pluck().get());
  database.close();
  const bytes = readFileSync(path);
  bytes.fill(0x55, (page - 1) * pageSize, page * pageSize);
  writeFileSync(path, bytes);
  const opening = openUndamaged({ path, migrations: [FIRST] });
  assert.match(opening.kind === 'damaged' ? opening.cause : '', /^Tree \d+ page \d+: [^\n]+$/);
});
