/** How a program ended, as its keeper wrote it down, in the words of this system. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { exitFileTimeMs, readExitFile } from '../../agent/adapters/children/exit-file.ts';

function readAfter(text: string) {
  const directory = mkdtempSync(join(tmpdir(), 'exit-file-'));
  try {
    writeFileSync(join(directory, 'exit'), text);
    return readExitFile(join(directory, 'exit'));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('a signal whose number differs between systems has the name that it has here', () => {
  const text = `User defined signal 1\nexit ${128 + constants.signals.SIGUSR1}\n`;
  assert.deepEqual(readAfter(text), { kind: 'signal', signal: 'USR1' });
});

test('a signal that has no name here stays a number', () => {
  assert.deepEqual(readAfter('Real-time signal 6\nexit 168\n'), { kind: 'signal', signal: '40' });
});

test('an exit code above 128 is no signal', () => {
  assert.deepEqual(readAfter('exit 138\n'), { kind: 'code', code: 138 });
});

test('what is no plain file says nothing, and nobody waits for it', () => {
  const directory = mkdtempSync(join(tmpdir(), 'exit-file-'));
  try {
    const [real, fifo, link] = ['real', 'fifo', 'link'].map((name) => join(directory, name));
    assert.ok(real !== undefined && fifo !== undefined && link !== undefined);
    writeFileSync(real, 'exit 0\n');
    execFileSync('mkfifo', [fifo]);
    symlinkSync(real, link);
    assert.deepEqual(readExitFile(real), { kind: 'code', code: 0 });
    for (const path of [fifo, link]) {
      assert.deepEqual(readExitFile(path), { kind: 'unknown' });
      assert.equal(exitFileTimeMs(path), null);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});
