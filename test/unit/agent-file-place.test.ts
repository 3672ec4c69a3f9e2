import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { findFilePlace } from '../../agent/adapters/host/file-place.ts';
import { LogFile } from '../../agent/adapters/logs/log-file.ts';
import { readTail } from '../../agent/adapters/logs/log-reader.ts';

const NEVER = { maxBytes: 0, backups: 0 };
const NOBODY = 65_534;

function aFolder(context: TestContext): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'agent-place-')));
  context.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function folderOfMode(parent: string, mode: number): string {
  const folder = join(parent, `mode-${mode.toString(8)}`);
  mkdirSync(folder);
  chmodSync(folder, mode);
  return folder;
}

/** Writes one word; returns what went wrong. */
function written(path: string): readonly string[] {
  const problems: string[] = [];
  using log = new LogFile(path, NEVER, (problem) => problems.push(problem));
  log.write(Buffer.from('words'));
  return problems;
}

test("where all can write, a file that was somebody else's first is neither written nor shown", {
  skip: process.geteuid?.() === 0 ? false : 'only root can give files away',
}, (context) => {
  const folder = aFolder(context);
  for (const [mode, isTrusted] of [
    [0o775, true],
    [0o1777, false],
  ] as const) {
    const path = join(folderOfMode(folder, mode), 'web.log');
    writeFileSync(path, '');
    chownSync(path, NOBODY, NOBODY);
    assert.equal(written(path).length === 0, isTrusted, mode.toString(8));
    assert.equal(readFileSync(path, 'utf8'), isTrusted ? 'words' : '');
    assert.equal(readTail(path, 100) !== null, isTrusted);
  }
});

test('a link is followed in a folder of our own, and not where others could have planted it', (context) => {
  const folder = aFolder(context);
  const target = join(folder, 'target');
  for (const [mode, isFollowed] of [
    [0o755, true],
    [0o775, false],
    [0o757, false],
    [0o1777, false],
  ] as const) {
    writeFileSync(target, '');
    const path = join(folderOfMode(folder, mode), 'x.log');
    symlinkSync(target, path);
    const problems = written(path);
    assert.equal(readFileSync(target, 'utf8'), isFollowed ? 'words' : '', mode.toString(8));
    assert.equal(problems.length, isFollowed ? 0 : 1);
    assert.equal(readTail(path, 100)?.toString() ?? null, isFollowed ? 'words' : null);
  }
});

test('no directory of the path may be such a link either, however deep', (context) => {
  const folder = aFolder(context);
  const secret = join(folder, 'secret');
  mkdirSync(join(secret, 'deep'), { recursive: true });
  const exposed = folderOfMode(folder, 0o777);
  symlinkSync(secret, join(exposed, 'logs'));
  for (const path of [join(exposed, 'logs', 'x.log'), join(exposed, 'logs', 'deep', 'x.log')]) {
    const problems = written(path);
    assert.match(problems[0] ?? '', /^cannot write .*: logs is a link in a directory that others/);
  }
  assert.deepEqual(readdirSync(secret), ['deep']);
  assert.deepEqual(readdirSync(join(secret, 'deep')), []);
  // A link of ours may lead into such a directory; what lies there is judged by itself.
  symlinkSync(exposed, join(folder, 'ours'));
  assert.equal(written(join(folder, 'ours', 'logs', 'x.log')).length, 1);
  assert.deepEqual(written(join(folder, 'ours', 'plain.log')), []);
  assert.equal(readFileSync(join(exposed, 'plain.log'), 'utf8'), 'words');
});

test('links of our own are followed as the kernel does: relative, upwards, in a row, in circles', (context) => {
  const folder = aFolder(context);
  mkdirSync(join(folder, 'a', 'b'), { recursive: true });
  mkdirSync(join(folder, 'c'));
  symlinkSync('../../c', join(folder, 'a', 'b', 'up'));
  symlinkSync('a/b/up', join(folder, 'first'));
  symlinkSync(join(folder, 'first'), join(folder, 'second'));
  symlinkSync('circle', join(folder, 'circle'));
  assert.deepEqual(written(join(folder, 'second', '..', 'c', '.', 'x.log')), []);
  assert.equal(readFileSync(join(folder, 'c', 'x.log'), 'utf8'), 'words');
  assert.match(written(join(folder, 'circle', 'x.log'))[0] ?? '', /ELOOP/);
  assert.match(written(join(folder, 'circle'))[0] ?? '', /ELOOP/);
  assert.match(written(join(folder, 'c', 'x.log', 'y.log'))[0] ?? '', /ENOTDIR/);
  assert.match(written('/')[0] ?? '', /EISDIR/);
});

test('below a directory that others can write, the next one is held while it is used', (context) => {
  if (process.platform !== 'linux') return context.skip('only Linux can hold a directory');
  const folder = aFolder(context);
  const exposed = folderOfMode(folder, 0o777);
  mkdirSync(join(exposed, 'logs'));
  mkdirSync(join(folder, 'secret'));
  {
    using place = findFilePlace(join(exposed, 'logs', 'x.log'));
    renameSync(join(exposed, 'logs'), join(exposed, 'away'));
    symlinkSync(join(folder, 'secret'), join(exposed, 'logs'));
    writeFileSync(place.path, 'words');
  }
  assert.equal(existsSync(join(folder, 'secret', 'x.log')), false);
  assert.equal(readFileSync(join(exposed, 'away', 'x.log'), 'utf8'), 'words');
});

test('no descriptor of a directory is left over, whether the place is found or not', (context) => {
  const folder = aFolder(context);
  const exposed = folderOfMode(folder, 0o777);
  mkdirSync(join(exposed, 'a', 'b'), { recursive: true });
  symlinkSync(folder, join(exposed, 'a', 'link'));
  chmodSync(join(exposed, 'a'), 0o777);
  const firstFree = openSync('/dev/null', 'r');
  closeSync(firstFree);
  for (const name of ['b/x.log', 'link/x.log', 'missing/x.log']) written(join(exposed, 'a', name));
  const nextFree = openSync('/dev/null', 'r');
  closeSync(nextFree);
  assert.equal(nextFree, firstFree);
});

test('a FIFO or a second name of another file, planted where others can write, is refused', (context) => {
  const folder = aFolder(context);
  const victim = join(folder, 'victim');
  writeFileSync(victim, '');
  const exposed = folderOfMode(folder, 0o777);
  execFileSync('mkfifo', [join(exposed, 'fifo.log')]);
  linkSync(victim, join(exposed, 'linked.log'));
  assert.match(written(join(exposed, 'fifo.log'))[0] ?? '', /ENXIO|no regular file/);
  const reader = openSync(join(exposed, 'fifo.log'), 'r+');
  assert.match(written(join(exposed, 'fifo.log'))[0] ?? '', /no regular file, in a directory/);
  closeSync(reader);
  assert.match(written(join(exposed, 'linked.log'))[0] ?? '', /a second name \(a hard link\)/);
  assert.equal(readFileSync(victim, 'utf8'), '');
  assert.equal(readTail(join(exposed, 'linked.log'), 10), null);
  linkSync(victim, join(folder, 'ours.log'));
  assert.deepEqual(written(join(folder, 'ours.log')), [], 'in our own folder it is our own doing');
});

test('a directory of somebody else counts as one that others can write', (context) => {
  if (process.getuid?.() !== 0) return context.skip('only root can give a directory away');
  const folder = aFolder(context);
  const theirs = folderOfMode(folder, 0o755);
  chownSync(theirs, NOBODY, NOBODY);
  writeFileSync(join(folder, 'victim'), '');
  symlinkSync(join(folder, 'victim'), join(theirs, 'x.log'));
  assert.equal(written(join(theirs, 'x.log')).length, 1);
  assert.deepEqual(written(join(theirs, 'plain.log')), []);
});

test('a FIFO that was configured and that nobody reads stops nothing', (context) => {
  const folder = aFolder(context);
  const path = join(folder, 'fifo');
  execFileSync('mkfifo', [path]);
  assert.match(written(path)[0] ?? '', /^cannot write .*fifo: ENXIO/);
  assert.equal(readTail(path, 10), null);
  const reader = openSync(path, 'r+');
  context.after(() => closeSync(reader));
  const problems: string[] = [];
  using log = new LogFile(path, { maxBytes: 1, backups: 1 }, (problem) => problems.push(problem));
  log.write(Buffer.alloc(65_536));
  log.write(Buffer.from('there is no room for this'));
  log.write(Buffer.from('nor for this'));
  assert.equal(problems.length, 1, 'said once');
  assert.match(problems[0] ?? '', /EAGAIN/);
});
