/** How a program ended, as its keeper wrote it down, in the words of this system. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readExitFile } from '../../agent/adapters/children/exit-file.ts';

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
