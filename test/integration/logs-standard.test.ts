/**
 * The agent's own stdout as a log, when nobody reads it: the agent goes on, the program waits, and
 * nothing of what it said is missing in the end. Once through a socket, as under systemd, once
 * through a pipe, as in a container.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

const WRITER = fileURLToPath(new URL('logs/standard-writer.ts', import.meta.url));
const LINES = 40_000;
const text = Array.from({ length: LINES }, (_, index) => `line ${index} of ${LINES}\n`).join('');

function aFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'logs-standard-'));
  context.after(() => rmSync(folder, { recursive: true }));
  execFileSync('mkfifo', [join(folder, 'program.out'), join(folder, 'stdout')]);
  writeFileSync(join(folder, 'text'), text);
  return folder;
}

interface Writer {
  readonly child: ChildProcess;
  /** Whether it has more to write than there is room for. */
  ask(what?: string): Promise<string>;
  /** The program prints until somebody has to wait. */
  untilBehind(): Promise<void>;
  readonly programEnded: Promise<unknown>;
}

async function aWriter(
  context: TestContext,
  folder: string,
  stdout: 'pipe' | number,
): Promise<Writer> {
  // Bundled: what loads TypeScript makes stdout non-blocking by itself.
  const bundle = join(folder, 'writer.mjs');
  buildSync({
    entryPoints: [WRITER],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: bundle,
  });
  const args = [bundle, join(folder, 'program.out')];
  const child = spawn(process.execPath, args, { stdio: ['ignore', stdout, 'inherit', 'ipc'] });
  context.after(() => child.kill('SIGKILL'));
  assert.deepEqual((await once(child, 'message'))[0], 'ready');
  const program = spawn('/bin/sh', ['-c', 'exec cat text > program.out'], { cwd: folder });
  context.after(() => program.kill('SIGKILL'));
  const ask = async (what = 'how is it?'): Promise<string> => {
    child.send(what);
    return String((await once(child, 'message'))[0]);
  };
  return {
    child,
    ask,
    untilBehind: async () => {
      while ((await ask()) !== 'behind');
      assert.equal(program.exitCode, null, 'the program waits for its reader');
    },
    programEnded: once(program, 'exit'),
  };
}

test('a stdout that is a socket', async (context) => {
  const writer = await aWriter(context, aFolder(context), 'pipe');
  await writer.untilBehind();
  let read = '';
  for await (const chunk of writer.child.stdout as Readable) {
    read += String(chunk);
    if (read.length >= text.length) break;
  }
  assert.ok(read === text, `${read.length} of ${text.length} characters, or in another order`);
  await writer.programEnded;
});

test('a stdout that is a pipe, whose reader is slow', async (context) => {
  const folder = aFolder(context);
  const end = openSync(join(folder, 'stdout'), constants.O_RDWR | constants.O_NONBLOCK);
  context.after(() => closeSync(end));
  const writer = await aWriter(context, folder, end);
  await writer.untilBehind();
  const piece = Buffer.alloc(4_096);
  let read = '';
  while (read.length < text.length) {
    await writer.ask();
    try {
      read += piece.toString('utf8', 0, readSync(end, piece));
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
    }
  }
  assert.ok(read === text, `${read.length} of ${text.length} characters, or in another order`);
  await writer.programEnded;
});

test('a reader who has gone is said once, and the writer ends when it is told to', async (context) => {
  const writer = await aWriter(context, aFolder(context), 'pipe');
  writer.child.stdout?.destroy();
  const said: unknown[] = [];
  writer.child.on('message', (message) => said.push(message));
  await writer.programEnded;
  while ((await writer.ask()) !== 'up to date');
  assert.match(String(said[0]), /^cannot write the agent's own stdout: EPIPE/);
  assert.deepEqual(
    said.slice(1).filter((text) => text !== 'up to date'),
    [],
  );
  const lostBytes = Number(await writer.ask('what is lost?'));
  assert.ok(lostBytes > 0 && lostBytes <= text.length, `${lostBytes} of ${text.length} are lost`);
  writer.child.send('end');
  assert.deepEqual(await once(writer.child, 'exit'), [0, null]);
});

test('an end with a reader that hangs takes no longer than a moment', async (context) => {
  const writer = await aWriter(context, aFolder(context), 'pipe');
  await writer.untilBehind();
  writer.child.send('end');
  assert.deepEqual(await once(writer.child, 'exit'), [0, null]);
});
