import assert from 'node:assert/strict';
import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ownFiles } from '../../cli/identity/own-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'own-files-'));
after(() => rmSync(folder, { recursive: true }));
const modeOf = (path: string) => statSync(path).mode & 0o777;

test('what is made is for its owner only, folders too, and nothing is left beside it', async () => {
  const path = join(folder, 'new', 'deep', 'token');
  await ownFiles.create(path, 'secret');
  assert.equal(await ownFiles.read(path), 'secret');
  assert.deepEqual([modeOf(path), modeOf(join(folder, 'new', 'deep'))], [0o600, 0o700]);
  assert.deepEqual(readdirSync(join(folder, 'new', 'deep')), ['token']);
});

test('nothing is made, or moved, over what is there, not even over a link to nowhere', async () => {
  const [path, link] = [join(folder, 'there'), join(folder, 'nowhere')];
  writeFileSync(path, 'precious');
  symlinkSync('/nonexistent/target', link);
  await assert.rejects(ownFiles.create(path, 'x'), /is there already/);
  await assert.rejects(ownFiles.create(link, 'x'), /is there already/);
  await ownFiles.create(join(folder, 'from'), 'x');
  await assert.rejects(ownFiles.move(join(folder, 'from'), path), /is there already/);
  assert.equal(readFileSync(path, 'utf8'), 'precious');
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('.')),
    [],
  );
});

test('what is replaced keeps its mode, and a link to it goes on leading there', async () => {
  const [path, link] = [join(folder, 'config'), join(folder, 'link')];
  writeFileSync(path, 'old');
  chmodSync(path, 0o666);
  symlinkSync(path, link);
  await ownFiles.replace(link, 'new');
  assert.equal(readFileSync(path, 'utf8'), 'new');
  assert.equal(modeOf(path), 0o666);
  assert.ok(lstatSync(link).isSymbolicLink());
  await ownFiles.replace(join(folder, 'first'), 'text');
  assert.equal(modeOf(join(folder, 'first')), 0o600);
});

test('what is not there is null, and what is no file is refused', async () => {
  assert.equal(await ownFiles.read(join(folder, 'absent')), null);
  await assert.rejects(ownFiles.read(folder), /cannot be read/);
  await assert.rejects(ownFiles.read('/dev/zero'), /cannot be read/);
});
