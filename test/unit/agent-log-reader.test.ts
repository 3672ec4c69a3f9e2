import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { LogFile } from '../../agent/adapters/logs/log-file.ts';
import { followLog, readTail } from '../../agent/adapters/logs/log-reader.ts';

/** Watching a log keeps no program alive, so these tests do. */
function aLog(context: TestContext, text?: string): string {
  const alive = setInterval(() => undefined, 60_000);
  context.after(() => clearInterval(alive));
  const folder = mkdtempSync(join(tmpdir(), 'agent-reader-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'x.log');
  if (text !== undefined) writeFileSync(path, text);
  return path;
}

interface Reader extends Disposable {
  readonly text: () => string;
  readonly pieces: readonly Buffer[];
  /** Resolves once that was read, whatever else was. */
  until(text: string): Promise<void>;
}

function reading(path: string, tailBytes?: number): Reader {
  const pieces: Buffer[] = [];
  let wake = (): void => undefined;
  const take = (piece: Buffer): void => {
    pieces.push(piece);
    wake();
  };
  const following = followLog(path, take, tailBytes === undefined ? {} : { tailBytes });
  const text = (): string => Buffer.concat(pieces).toString();
  return {
    text,
    pieces,
    until: async (wanted) => {
      while (!text().includes(wanted)) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    [Symbol.dispose]: () => following[Symbol.dispose](),
  };
}

test('a tail is the last bytes that were asked for, or all there is', (context) => {
  const path = aLog(context, 'one\ntwo\nthree\n');
  assert.equal(readTail(path, 6)?.toString(), 'three\n');
  assert.equal(readTail(path, 1_000_000)?.toString(), 'one\ntwo\nthree\n');
  assert.equal(readTail(path, 0)?.length, 0);
});

test('what is no plain file has no tail, and does not keep the agent waiting', (context) => {
  const path = aLog(context);
  assert.equal(readTail(path, 10), null);
  assert.equal(readTail('/dev/zero', 10), null);
  assert.equal(readTail(tmpdir(), 10), null);
  execFileSync('mkfifo', [path]);
  assert.equal(readTail(path, 10), null);
});

test('who follows a log reads what is added, and before it as much as was asked for', async (context) => {
  const path = aLog(context, 'before, ');
  using newOnly = reading(path);
  using withTail = reading(path, 4);
  appendFileSync(path, 'added');
  await Promise.all([newOnly.until('added'), withTail.until('added')]);
  assert.equal(newOnly.text(), 'added');
  assert.equal(withTail.text(), 're, added');
});

test('nothing is missed or read twice when a log is rotated several times', async (context) => {
  const path = aLog(context);
  using log = new LogFile(path, { maxBytes: 20, backups: 9 }, (problem) => assert.fail(problem));
  using reader = reading(path);
  const lines = Array.from({ length: 30 }, (_, index) => `line ${index}\n`);
  for (const line of lines.slice(0, 15)) log.write(Buffer.from(line));
  await reader.until('line 14\n');
  for (const line of lines.slice(15)) log.write(Buffer.from(line));
  await reader.until('line 29\n');
  assert.equal(reader.text(), lines.join(''));
});

test('an emptied log is read from its beginning, and so is one that appears', async (context) => {
  const path = aLog(context, 'a long text that will be gone\n');
  using reader = reading(path);
  truncateSync(path);
  appendFileSync(path, 'short\n');
  await reader.until('short\n');
  renameSync(path, `${path}.away`);
  writeFileSync(path, 'new\n');
  await reader.until('new\n');
  assert.equal(reader.text(), 'short\nnew\n');
});

test('a slow reader is given one piece at a time, of bounded size', async (context) => {
  const path = aLog(context, '');
  const written = Buffer.alloc(300_000, 'abcdefghi\n');
  let isTaking = false;
  const pieces: Buffer[] = [];
  await new Promise<void>((resolve) => {
    const following = followLog(path, async (piece) => {
      assert.equal(isTaking, false);
      isTaking = true;
      pieces.push(piece);
      await null;
      isTaking = false;
      if (Buffer.concat(pieces).length === written.length) {
        following[Symbol.dispose]();
        resolve();
      }
    });
    appendFileSync(path, written);
  });
  assert.ok(Buffer.concat(pieces).equals(written));
  assert.ok(pieces.every((piece) => piece.length <= 65_536));
});

test('a reader who fails, or has gone, is not given any more', async (context) => {
  const path = aLog(context, 'text');
  let takes = 0;
  await new Promise<void>((resolve) => {
    followLog(
      path,
      async () => {
        takes += 1;
        queueMicrotask(() => setImmediate(resolve));
        throw new Error('the connection is gone');
      },
      { tailBytes: 4 },
    );
  });
  appendFileSync(path, 'more');
  {
    using gone = reading(path, 8);
    gone[Symbol.dispose]();
    await null;
    assert.deepEqual(gone.pieces, []);
  }
  assert.equal(takes, 1);
});
