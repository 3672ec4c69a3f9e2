import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { test } from 'node:test';
import { openLog } from '../../agent/adapters/logs/open-log.ts';
import { logPathFor } from '../fakes/fleet-logs.ts';

/** What is opened next gets the lowest number that is free. */
function lowestFree(): number {
  const descriptor = openSync('/dev/null', 'r');
  closeSync(descriptor);
  return descriptor;
}

test('a log is opened for reading, and known by what it is', (context) => {
  const path = logPathFor(context);
  writeFileSync(path, 'text');
  const log = openLog(path) ?? assert.fail();
  assert.equal(log.stats.size, 4);
  const into = Buffer.alloc(10);
  assert.equal(readSync(log.descriptor, into), 4);
  closeSync(log.descriptor);
});

test('what is no log to be shown is not opened, does not block, and is not kept open', (context) => {
  const path = logPathFor(context);
  const open = `${path}.open`;
  mkdirSync(open);
  chmodSync(open, 0o777);
  writeFileSync(`${path}.secret`, 'secret');
  linkSync(`${path}.secret`, `${open}/hard.log`);
  symlinkSync(`${path}.secret`, `${open}/soft.log`);
  execFileSync('mkfifo', [`${path}.fifo`]);
  const before = lowestFree();
  for (const name of ['.missing', '.open', '.open/hard.log', '.open/soft.log', '.fifo']) {
    assert.equal(openLog(`${path}${name}`), null, name);
  }
  assert.equal(openLog('/dev/zero'), null);
  assert.equal(lowestFree(), before);
});
