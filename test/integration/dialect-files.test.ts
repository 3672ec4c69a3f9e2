/** The real file system: whatever a path names, reading it ends, and says what is the matter. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { nodeConfigFiles } from '../../proto/dialect/node-files.ts';

const directory = mkdtempSync(join(tmpdir(), 'config-files-'));
after(() => rmSync(directory, { recursive: true }));

function written(content: string | Uint8Array): string {
  const path = join(directory, 'file');
  writeFileSync(path, content);
  return path;
}

test('text is read, with or without a byte order mark', () => {
  const expected = { kind: 'text', text: '[s]\na = ü' };
  assert.deepEqual(nodeConfigFiles.readText(written('[s]\na = ü')), expected);
  assert.deepEqual(nodeConfigFiles.readText(written('\uFEFF[s]\na = ü')), expected);
});

test('what is not there, or a directory, is that', () => {
  assert.deepEqual(nodeConfigFiles.readText(join(directory, 'none')), { kind: 'missing' });
  assert.deepEqual(nodeConfigFiles.readText(join(written(''), 'x')), { kind: 'missing' });
  assert.deepEqual(nodeConfigFiles.readText(directory), { kind: 'directory' });
});

const unreadable = (path: string): string => {
  const found = nodeConfigFiles.readText(path);
  assert.equal(found.kind, 'unreadable');
  return found.kind === 'unreadable' ? found.why : '';
};

test('what is not text says so', () => {
  assert.match(unreadable(written('[s]\0')), /NUL/);
  assert.match(unreadable(written(Buffer.from('[s]', 'utf16le'))), /UTF-8/);
  assert.match(unreadable(written(Buffer.from([0xe4, 0x0a]))), /not UTF-8/);
  assert.match(unreadable('/dev/zero'), /not a file/);
});

test('a file beyond all sense is not read', () => {
  const path = written('');
  truncateSync(path, 1024 ** 4);
  assert.match(unreadable(path), /64 MB/);
});

test('whoever knows how large a file may be has larger ones left unread', () => {
  const path = written('x'.repeat(1024 ** 2 + 1));
  const tooLarge = { kind: 'unreadable', why: 'it is larger than 1 MB' };
  assert.deepEqual(nodeConfigFiles.readText(path, 1024 ** 2), tooLarge);
  assert.equal(nodeConfigFiles.readText(path).kind, 'text');
});

test('fleet-agent --check reads what a command hands over in a pipe, also slowly', () => {
  const agent = fileURLToPath(new URL('../../agent/main.ts', import.meta.url));
  const config = '<(printf "[agent]\\n"; sleep 0.2; printf "host = piped\\n")';
  const script = `exec "$0" --import tsx "$1" --check -c ${config}`;
  const [node, options] = [process.execPath, { encoding: 'utf8', stdio: 'pipe' }] as const;
  assert.match(execFileSync('bash', ['-c', script, node, agent], options), /fine; host piped/);
});

test('a pipe into which nobody writes holds nobody up', () => {
  const pipe = join(directory, 'pipe');
  execFileSync('mkfifo', [pipe]);
  assert.match(unreadable(pipe), /nobody writes/);
});

test('a link in a circle and a name too long end in words', () => {
  const loop = join(directory, 'loop');
  execFileSync('ln', ['-s', loop, loop]);
  assert.match(unreadable(loop), /ELOOP/);
  assert.match(unreadable(join(directory, 'x'.repeat(5000))), /ENAMETOOLONG/);
});

test('a directory that cannot be listed has no names', () => {
  assert.deepEqual(nodeConfigFiles.list(join(directory, 'none')), []);
  assert.equal(nodeConfigFiles.isDirectory(join(directory, 'none')), false);
  assert.equal(nodeConfigFiles.isDirectory(directory), true);
});
