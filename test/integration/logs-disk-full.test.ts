/**
 * A log that cannot be written (the disk is full, the file has a limit): the program prints on and
 * ends as it would, what is missing is counted to the byte, and the log goes on when there is room.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually } from './fleet/wait.ts';
import { KEPT, openChildren, quoted } from './spawn-harness.ts';

/** Several times what a pipe holds. */
const PRINTED_BYTES = 1_000_000;
const PRINTING = `sh -c ${quoted(`head -c ${PRINTED_BYTES} /dev/zero`)}`;

const hasFullDevice = { skip: existsSync('/dev/full') ? false : 'there is no /dev/full here' };

test('a program prints into a full disk and does not notice', hasFullDevice, async (context) => {
  const real = openChildren(context);
  const path = join(real.folder, 'x.log');
  const leadTo = (target: string): void => {
    rmSync(path, { force: true });
    symlinkSync(target, path);
  };
  leadTo('/dev/full');
  const stdoutLog = { ...KEPT, target: { kind: 'file', path } } as const;
  const web = real.define('web', { command: PRINTING, stdoutLog });
  const ended = await real.run(web);
  assert.deepEqual('exit' in ended ? ended.exit : ended, { kind: 'code', code: 0 });
  const lostBytes = () => real.lostBytes.get(web.process);
  assert.equal(await eventually('it is told', lostBytes), PRINTED_BYTES);
  leadTo(join(real.folder, 'room'));
  real.children.reopenLogs();
  await real.run(real.define('web', { ...web, command: 'echo there is room' }));
  assert.equal(readFileSync(path, 'utf8'), 'there is room\n');
  assert.equal(lostBytes(), PRINTED_BYTES);
});

const WRITER = fileURLToPath(new URL('logs/bounded-disk.ts', import.meta.url));
const DISK_BYTES = 262_144;

/** Each starts the words that follow, where `directory` has no more room than `DISK_BYTES`. */
const SMALL_DISKS = [
  {
    what: 'a full file system',
    words: (directory: string) => {
      const mount = `mount -t tmpfs -o size=${DISK_BYTES} none ${directory}`;
      return ['unshare', '--mount', 'sh', '-c', `${mount} && exec "$@"`, 'sh'];
    },
    says: /^cannot write .*x\.log: ENOSPC/,
  },
  {
    what: 'a limit of file sizes',
    words: () => ['prlimit', `--fsize=${DISK_BYTES}`],
    says: /^cannot write .*x\.log: EFBIG/,
  },
] as const;

for (const { what, words, says } of SMALL_DISKS) {
  test(`${what} is told once, what is lost is counted, and the log goes on`, async (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'logs-full-'));
    context.after(() => rmSync(folder, { recursive: true }));
    const [directory, fifo] = [join(folder, 'disk'), join(folder, 'program.out')];
    mkdirSync(directory);
    execFileSync('mkfifo', [fifo]);
    const command = words(directory);
    const trial = spawnSync(command[0] ?? '', [...command.slice(1), 'true']);
    if (trial.status !== 0) return context.skip(`${command[0]} is not permitted or not there`);
    const writer = await aWriter(context, [
      ...command,
      process.execPath,
      ...NODE_WORDS,
      WRITER,
      fifo,
      directory,
    ]);

    print(fifo, PRINTED_BYTES);
    const full = await writer.ask('tell');
    assert.equal(full.lostBytes, PRINTED_BYTES - DISK_BYTES);
    assert.match(full.problems.join('\n'), says);
    assert.equal(full.problems.length, 1, 'once, not for every chunk');

    await writer.ask('clear');
    print(fifo, 1_000);
    const after = await writer.ask('tell');
    assert.deepEqual(after, full, 'nothing more is lost');
    print(fifo, PRINTED_BYTES);
    const again = await writer.ask('tell');
    assert.equal(again.lostBytes, 2 * full.lostBytes + 1_000);
    assert.equal(again.problems.length, 2, 'a new spell of trouble');
  });
}

const NODE_WORDS = ['--import', 'tsx'];

interface Tally {
  readonly lostBytes: number;
  readonly problems: readonly string[];
}

interface Writer {
  ask(what: 'tell' | 'clear'): Promise<Tally>;
}

async function aWriter(context: TestContext, words: readonly string[]): Promise<Writer> {
  const child: ChildProcess = spawn(words[0] ?? '', words.slice(1), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  context.after(() => child.kill('SIGKILL'));
  await once(child, 'message');
  return {
    ask: async (what) => {
      const answer = once(child, 'message');
      child.send(what);
      const [tally] = (await answer) as [Tally];
      return tally;
    },
  };
}

/** Ends when all is in the pipe: a log that is not read on would make it wait for ever. */
function print(fifo: string, bytes: number): void {
  const { status } = spawnSync('sh', ['-c', `head -c ${bytes} /dev/zero > ${quoted(fifo)}`], {
    timeout: 30_000,
  });
  assert.equal(status, 0);
}
