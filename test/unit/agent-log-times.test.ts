import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { LogTimes } from '../../agent/fleet-logs/log-times.ts';
import { watchSizes } from '../../agent/fleet-logs/watch-sizes.ts';
import { logPathFor } from '../fakes/fleet-logs.ts';

const file = (size: number, ino = 1) => ({ dev: 1, ino, size, mtimeMs: 0, birthtimeMs: 0 });

test('what was there at a time is known from then on, and not from before', () => {
  const times = new LogTimes();
  times.look('x', file(100), 1_000);
  times.look('x', file(100), 6_000);
  times.look('x', file(250), 11_000);
  const now = file(300);
  assert.equal(times.before(now, 999), null);
  assert.deepEqual(times.before(now, 1_000), { offset: 100, atMs: 1_000 });
  assert.deepEqual(times.before(now, 5_000), { offset: 100, atMs: 5_000 });
  assert.deepEqual(times.before(now, 9_000), { offset: 100, atMs: 6_000 });
  assert.deepEqual(times.before(now, 60_000), { offset: 250, atMs: 11_000 });
  assert.equal(times.since(now), 1_000);
  assert.equal(times.before(file(300, 2), 60_000), null);
});

test('a log that was emptied, or is another one by now, is known anew', () => {
  const times = new LogTimes();
  times.look('x', file(100), 1_000);
  times.look('x', file(50), 2_000);
  assert.equal(times.before(file(60), 1_500), null);
  assert.deepEqual(times.before(file(60), 2_000), { offset: 50, atMs: 2_000 });
  times.look('x', file(150), 2_500);
  assert.equal(times.before(file(200), 1_500), null, 'and has grown again since');
  times.look('x', file(100), 2_800);
  assert.equal(times.before(file(200), 2_600), null, 'still longer than it had been once');
  times.look('y', file(80), 3_000);
  assert.equal(times.before(file(90), 2_500), null);
  assert.equal(times.before(file(10), 9_000), null, 'emptied since it was looked at');
});

test('however long a log grows, little is remembered, and what is recent exactly', () => {
  const times = new LogTimes();
  const looks = 5_000;
  for (let look = 1; look <= looks; look += 1) times.look('x', file(look), look * 5_000);
  const now = file(looks);
  const known = (look: number) => times.before(now, look * 5_000)?.offset ?? 0;
  for (let look = looks - 8; look <= looks; look += 1) assert.equal(known(look), look);
  const offsets = new Set(Array.from({ length: looks }, (_, index) => known(index + 1)));
  assert.ok(offsets.size <= 129, `${offsets.size} are remembered`);
  for (const ago of [50, 100, 1_000, 4_500]) {
    const offset = known(looks - ago);
    assert.ok(offset <= looks - ago && offset >= looks - 1.2 * ago, `${ago} ago: ${offset}`);
  }
});

test('a log at rest costs nothing of what is known of it', () => {
  const times = new LogTimes();
  for (let look = 1; look <= 100; look += 1) times.look('x', file(look), look * 5_000);
  for (let look = 101; look <= 1_000; look += 1) times.look('x', file(100), look * 5_000);
  for (let look = 1; look <= 100; look += 1) {
    assert.equal(times.before(file(100), look * 5_000)?.offset, look);
  }
  assert.deepEqual(times.before(file(100), 9e9), { offset: 100, atMs: 5_000_000 });
});

test('files that are gone are forgotten', () => {
  const times = new LogTimes();
  times.look('x', file(1, 1), 0);
  times.look('y', file(1, 2), 0);
  times.forgetGone((path, { ino }) => path === 'y' && ino === 2);
  assert.equal(times.since(file(1, 1)), null);
  assert.equal(times.since(file(1, 2)), 0);
});

test('all logs are looked at, soon after the beginning, missing ones too', async (context) => {
  const path = logPathFor(context);
  writeFileSync(path, 'text');
  const times = new LogTimes();
  const many = Array.from({ length: 450 }, (_, index) => `${path}.missing-${index}`);
  using _watch = watchSizes({ times, paths: () => [...many, path], nowMs: () => 42 });
  assert.equal(times.since(statSync(path)), null);
  while (times.since(statSync(path)) === null) await new Promise((done) => setImmediate(done));
  assert.equal(times.since(statSync(path)), 42);
});
