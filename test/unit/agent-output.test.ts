import assert from 'node:assert/strict';
import {
  chownSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { makeFifos, removeForeignFifos } from '../../agent/adapters/children/fifos.ts';
import { OutputStream } from '../../agent/adapters/children/output-stream.ts';
import { LastLines } from '../../agent/adapters/logs/last-lines.ts';
import type { LogSink } from '../../agent/adapters/logs/log-sink.ts';

interface PaperLog extends LogSink {
  readonly text: () => string;
  readonly writes: () => number;
  /** Resolves once that much was written. */
  reaches(length: number): Promise<void>;
  /** From now on nothing more is wanted, until `catchUp`. */
  fallBehind(): void;
  catchUp(): void;
}

function paperLog(): PaperLog {
  let text = '';
  let writes = 0;
  let isBehind = false;
  let wake = (): void => undefined;
  let resumed = (): void => undefined;
  return {
    write: (chunk) => {
      text += Buffer.from(chunk).toString();
      if (chunk.length > 0) writes += 1;
      wake();
    },
    flush: () => {
      text += '|';
    },
    isBehind: (resume) => {
      resumed = resume;
      return isBehind;
    },
    reopen: () => undefined,
    clear: () => {
      text = '';
      return null;
    },
    [Symbol.dispose]: () => {
      text += ' end';
    },
    text: () => text,
    writes: () => writes,
    reaches: async (length) => {
      while (text.length < length) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    fallBehind: () => {
      isBehind = true;
    },
    catchUp: () => {
      isBehind = false;
      resumed();
    },
  };
}

function aProgram(context: TestContext, log: LogSink | null) {
  const folder = mkdtempSync(join(tmpdir(), 'agent-output-'));
  const fifo = join(folder, 'web.out');
  makeFifos([fifo]);
  const lastLines = new LastLines();
  const output = new OutputStream(fifo, () => log, lastLines);
  const end = openSync(fifo, 'r+');
  // Reading keeps no program alive, so these tests do.
  const alive = setInterval(() => undefined, 60_000);
  context.after(() => {
    clearInterval(alive);
    output[Symbol.dispose]();
    closeSync(end);
    rmSync(folder, { recursive: true });
  });
  return { output, lastLines, print: (text: string) => writeSync(end, text) };
}

test('what a program prints is in its log at once, and what it printed last at its end', async (context) => {
  const log = paperLog();
  const { output, lastLines, print } = aProgram(context, log);
  print('while it runs, ');
  await log.reaches(15);
  print('last words');
  output.drain();
  assert.equal(log.text(), 'while it runs, last words|');
  assert.deepEqual(lastLines.read(), ['while it runs, last words']);
});

test('a line is in its log at once, and those that follow soon come together', async (context) => {
  const log = paperLog();
  const { print } = aProgram(context, log);
  print('first\n');
  await log.reaches(6);
  for (let line = 0; line < 9; line += 1) {
    print(`line ${line}\n`);
    await new Promise(setImmediate);
  }
  await log.reaches(6 + 9 * 7);
  assert.equal(log.writes(), 2);
});

test('what is printed during a pause is not missed at the end', async (context) => {
  const log = paperLog();
  const { output, print } = aProgram(context, log);
  print('first ');
  await log.reaches(6);
  print('second');
  output.drain();
  assert.equal(log.text(), 'first second|');
});

test('a log can be exchanged while the program prints: nothing is lost or in both', async (context) => {
  const [old, next] = [paperLog(), paperLog()];
  const { output, print } = aProgram(context, old);
  print('old');
  await old.reaches(3);
  output.replaceLog(() => next);
  print('new');
  await next.reaches(3);
  assert.deepEqual([old.text(), next.text()], ['old end', 'new']);
  assert.equal(output.clearLog(), null);
  assert.equal(next.text(), '');
  output.replaceLog(() => null);
  print('nowhere');
  output.drain();
  assert.equal(next.text(), ' end');
});

test('a log that is behind is given nothing more until it has caught up', async (context) => {
  const log = paperLog();
  const { print } = aProgram(context, log);
  log.fallBehind();
  print('first');
  await log.reaches(5);
  print(' second');
  for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
  assert.equal(log.text(), 'first');
  log.catchUp();
  await log.reaches(12);
  print(' third');
  await log.reaches(18);
  assert.equal(log.text(), 'first second third');
});

test('a log that is exchanged while it is behind does not hold the new one up', async (context) => {
  const [old, next] = [paperLog(), paperLog()];
  const { output, print } = aProgram(context, old);
  old.fallBehind();
  print('old');
  await old.reaches(3);
  print('new');
  output.replaceLog(() => next);
  await next.reaches(3);
  assert.deepEqual([old.text(), next.text()], ['old end', 'new']);
});

function folderOf(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'agent-fifos-'));
  context.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('as many FIFOs are made as no command line could name', (context) => {
  // 2 MiB is what Linux allows, and no single path can be longer than 4 KiB.
  const folder = join(folderOf(context), ...Array.from({ length: 18 }, () => 'd'.repeat(200)));
  mkdirSync(folder, { recursive: true });
  const paths = Array.from({ length: 600 }, (_, index) => join(folder, String(index)));
  assert.equal(makeFifos(paths), 600);
  assert.equal(makeFifos(paths), 0);
});

test('a link to a FIFO is none', (context) => {
  const folder = folderOf(context);
  const [fifo, link] = [join(folder, 'fifo'), join(folder, 'link')];
  makeFifos([fifo]);
  symlinkSync(fifo, link);
  assert.equal(makeFifos([link]), 1);
  assert.ok(lstatSync(link).isFIFO());
});

const asRoot = { skip: process.geteuid?.() === 0 ? false : 'only root can give files away' };

test(
  "what another user's program may still have open is not given to the next one",
  asRoot,
  (context) => {
    const folder = folderOf(context);
    const [own, theirs, others] = ['own', 'theirs', 'others'].map((name) => join(folder, name));
    assert.ok(own && theirs && others);
    makeFifos([own, theirs, others]);
    chownSync(theirs, 65_534, 65_534);
    chownSync(others, 65_533, 65_533);
    removeForeignFifos([own, theirs, others, join(folder, 'missing')], 65_534);
    assert.deepEqual([own, theirs, others].map(existsSync), [true, true, false]);
    removeForeignFifos([own, theirs], null);
    assert.deepEqual([own, theirs].map(existsSync), [true, false]);
  },
);
