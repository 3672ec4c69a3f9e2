/** A rotation that is killed on its way, at each of its steps, and what the next one makes of it. */
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { shiftBackups } from '../../agent/adapters/logs/log-backups.ts';
import { LogFile } from '../../agent/adapters/logs/log-file.ts';

class Killed extends Error {}

/** Renames so often, and is then no more. */
function dyingAfter(steps: number): typeof renameSync {
  let left = steps;
  return (from, to) => {
    if (left === 0) throw new Killed();
    left -= 1;
    renameSync(from, to);
  };
}

interface Generations {
  readonly path: string;
  /** What is there, from the oldest to the newest. */
  readonly contents: () => readonly string[];
}

/** `x.log` and so many backups, each with its own content: `0` is the log. */
function generations(context: TestContext, indexes: readonly number[]): Generations {
  const folder = mkdtempSync(join(tmpdir(), 'agent-backups-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'x.log');
  const nameOf = (index: number) => (index === 0 ? path : `${path}.${index}`);
  for (const index of indexes) writeFileSync(nameOf(index), `written ${9 - index}`);
  const names = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0].map(nameOf);
  const contents = () =>
    names.filter((name) => existsSync(name)).map((name) => readFileSync(name, 'utf8'));
  return { path, contents };
}

const upTo = (count: number) => Array.from({ length: count + 1 }, (_, index) => index);

test('wherever a rotation is killed, only the oldest backup is gone, and the next completes it', (context) => {
  for (const backups of [1, 2, 3, 5]) {
    for (const present of upTo(backups)) {
      const stepsMax = Math.min(present + 1, backups);
      for (let steps = 0; steps < stepsMax; steps += 1) {
        const what = `${backups} backups, ${present} there, killed after ${steps} renames`;
        const { path, contents } = generations(context, upTo(present));
        const before = contents();
        const shift = () => shiftBackups(path, backups, statSync(path), dyingAfter(steps));
        assert.throws(shift, Killed, what);
        // One more than may stay was there only where all were.
        const dropped = present === backups && steps > 0 ? 1 : 0;
        assert.deepEqual(contents(), before.slice(dropped), what);
        assert.ok(existsSync(path), 'the log goes last');
        shiftBackups(path, backups, statSync(path));
        assert.deepEqual(contents(), before.slice(present === backups ? 1 : 0), what);
        assert.equal(existsSync(path), false, what);
      }
    }
  }
});

test('the next agent goes on in the full log and rotates it with the first chunk', (context) => {
  for (const steps of [0, 1, 2]) {
    const { path, contents } = generations(context, [0, 1, 2, 3]);
    assert.throws(() => shiftBackups(path, 3, statSync(path), dyingAfter(steps)), Killed);
    using log = new LogFile(path, { maxBytes: 9, backups: 3 }, (problem) => assert.fail(problem));
    log.write(Buffer.from(', and on'));
    log.write(Buffer.from('new'));
    const expected = ['written 7', 'written 8', 'written 9, and on', 'new'];
    assert.deepEqual(contents(), expected, `killed after ${steps} renames`);
  }
});

test('a number that is free, for whatever reason, costs no other backup', (context) => {
  const { path, contents } = generations(context, [0, 1, 3]);
  shiftBackups(path, 3, statSync(path));
  assert.deepEqual(contents(), ['written 6', 'written 8', 'written 9']);
});
