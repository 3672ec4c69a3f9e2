import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { LastLines } from '../../agent/adapters/logs/last-lines.ts';
import { clearLogFile, LogFile } from '../../agent/adapters/logs/log-file.ts';

const fail = (problem: string): never => assert.fail(problem);

function aFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'agent-log-'));
  context.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Writes the chunks one by one; returns what the folder then holds, and what went wrong. */
function written(folder: string, limits: { maxBytes: number; backups: number }, chunks: string[]) {
  const problems: string[] = [];
  {
    using log = new LogFile(join(folder, 'x.log'), limits, (problem) => problems.push(problem));
    for (const chunk of chunks) log.write(Buffer.from(chunk));
  }
  const files = readdirSync(folder).toSorted();
  const texts = files.map((name) => [name, readFileSync(join(folder, name), 'utf8')]);
  return { files: Object.fromEntries(texts), problems };
}

test('without a limit everything is appended to what is there', (context) => {
  const folder = aFolder(context);
  writeFileSync(join(folder, 'x.log'), 'before ');
  const { files, problems } = written(folder, { maxBytes: 0, backups: 3 }, ['a', 'b', '', 'c']);
  assert.deepEqual(files, { 'x.log': 'before abc' });
  assert.deepEqual(problems, []);
});

test('a file that has reached its limit becomes .1, .1 becomes .2, and the oldest goes', (context) => {
  const folder = aFolder(context);
  const chunks = ['1111', '2222', '3333', '44', '44', '5'];
  const { files, problems } = written(folder, { maxBytes: 4, backups: 2 }, chunks);
  assert.deepEqual(files, { 'x.log': '5', 'x.log.1': '4444', 'x.log.2': '3333' });
  assert.deepEqual(problems, []);
});

test('a limit counts what the file held before, and a chunk is never split', (context) => {
  const folder = aFolder(context);
  writeFileSync(join(folder, 'x.log'), '123');
  const { files } = written(folder, { maxBytes: 4, backups: 1 }, ['45', '6']);
  assert.deepEqual(files, { 'x.log': '6', 'x.log.1': '12345' });
});

test('a log that was too large before is left alone until something is printed', (context) => {
  const folder = aFolder(context);
  writeFileSync(join(folder, 'x.log'), 'before');
  const limits = { maxBytes: 3, backups: 2 };
  assert.deepEqual(written(folder, limits, ['']).files, { 'x.log': 'before' });
  assert.deepEqual(written(folder, limits, [' x']).files, { 'x.log': '', 'x.log.1': 'before x' });
});

test('with no backups a full file is begun anew', (context) => {
  const folder = aFolder(context);
  const { files, problems } = written(folder, { maxBytes: 4, backups: 0 }, ['1111', '22']);
  assert.deepEqual(files, { 'x.log': '22' });
  assert.deepEqual(problems, []);
});

test('a file that somebody removed meanwhile is no problem, with backups or without', (context) => {
  for (const backups of [0, 2]) {
    const folder = aFolder(context);
    const path = join(folder, 'x.log');
    const problems: string[] = [];
    using log = new LogFile(path, { maxBytes: 4, backups }, (problem) => problems.push(problem));
    rmSync(path);
    log.write(Buffer.from('1111'));
    log.write(Buffer.from('2'));
    assert.equal(readFileSync(path, 'utf8'), '2');
    assert.deepEqual(problems, []);
  }
});

test('a new file that somebody put in its place is neither moved nor emptied', (context) => {
  for (const backups of [0, 2]) {
    const folder = aFolder(context);
    const path = join(folder, 'x.log');
    using log = new LogFile(path, { maxBytes: 9, backups }, fail);
    rmSync(path);
    writeFileSync(path, 'new ');
    log.write(Buffer.from('123456789'));
    log.write(Buffer.from('goes on'.slice(0, 4)));
    assert.equal(readFileSync(path, 'utf8'), 'new goes');
    assert.deepEqual(readdirSync(folder), ['x.log']);
  }
});

test('with no backups the file stays the same file, as for whoever has it open', (context) => {
  const path = join(aFolder(context), 'x.log');
  writeFileSync(path, '');
  chmodSync(path, 0o640);
  const before = statSync(path);
  using log = new LogFile(path, { maxBytes: 4, backups: 0 }, fail);
  log.write(Buffer.from('11111'));
  log.write(Buffer.from('22'));
  const { ino, mode } = statSync(path);
  assert.deepEqual({ ino, mode }, { ino: before.ino, mode: before.mode });
});

test('a file that cannot be rotated is told once, and goes on growing', (context) => {
  const folder = aFolder(context);
  mkdirSync(join(folder, 'x.log.1', 'in the way'), { recursive: true });
  const problems: string[] = [];
  const limits = { maxBytes: 4, backups: 1 };
  const path = join(folder, 'x.log');
  using log = new LogFile(path, limits, (problem) => problems.push(problem));
  for (const chunk of ['1111', '2', '2222', '3']) log.write(Buffer.from(chunk));
  assert.equal(readFileSync(path, 'utf8'), '1111222223');
  assert.equal(problems.length, 1);
  assert.match(problems[0] ?? '', /^cannot rotate .*x\.log: what stands .* backup 1 is no file$/);
  rmSync(join(folder, 'x.log.1'), { recursive: true });
  log.write(Buffer.from('44'));
  assert.equal(statSync(path).size, 12);
  log.write(Buffer.from('4'));
  log.write(Buffer.from('5'));
  assert.equal(readFileSync(path, 'utf8'), '5', 'it is tried again after as much once more');
});

test('a new file has the mode that the umask leaves, also after a rotation', (context) => {
  const folder = aFolder(context);
  const modeOf = (name: string) => statSync(join(folder, name)).mode & 0o777;
  const open = 0o666 & ~process.umask();
  written(folder, { maxBytes: 4, backups: 1 }, ['1111', '2']);
  assert.deepEqual([modeOf('x.log'), modeOf('x.log.1')], [open, open]);
  using log = new LogFile(join(folder, 'y.log'), { maxBytes: 4, backups: 1, mode: 0o600 }, fail);
  log.write(Buffer.from('1111'));
  assert.deepEqual([modeOf('y.log'), modeOf('y.log.1')], [0o600, 0o600]);
});

test('a log that was moved away goes on in a new file after reopening', (context) => {
  const folder = aFolder(context);
  const path = join(folder, 'x.log');
  using log = new LogFile(path, { maxBytes: 0, backups: 0 }, fail);
  log.write(Buffer.from('old'));
  renameSync(path, `${path}.old`);
  log.write(Buffer.from(' still old'));
  log.reopen();
  log.write(Buffer.from('new'));
  assert.equal(readFileSync(`${path}.old`, 'utf8'), 'old still old');
  assert.equal(readFileSync(path, 'utf8'), 'new');
});

test('a log that was moved or removed begins anew, any other goes on', (context) => {
  const folder = aFolder(context);
  const path = join(folder, 'x.log');
  using log = new LogFile(path, { maxBytes: 8, backups: 1 }, fail);
  log.write(Buffer.from('one '));
  log.reopenIfMoved();
  log.write(Buffer.from('two'));
  assert.equal(readFileSync(path, 'utf8'), 'one two');
  renameSync(path, `${path}.old`);
  log.reopenIfMoved();
  log.write(Buffer.from('three'));
  assert.equal(readFileSync(path, 'utf8'), 'three');
  rmSync(path);
  log.reopenIfMoved();
  log.write(Buffer.from('four'));
  assert.equal(readFileSync(path, 'utf8'), 'four');
  truncateSync(path);
  log.reopenIfMoved();
  log.write(Buffer.from('12345'));
  assert.deepEqual(readdirSync(folder), ['x.log', 'x.log.old'], 'what was emptied counts anew');
});

test('where a log cannot be opened anew, it goes on in the file that was moved', (context) => {
  const folder = aFolder(context);
  const logs = join(folder, 'logs');
  mkdirSync(logs);
  const problems: string[] = [];
  using log = new LogFile(join(logs, 'x.log'), { maxBytes: 0, backups: 0 }, (problem) =>
    problems.push(problem),
  );
  renameSync(logs, join(folder, 'moved'));
  log.reopenIfMoved();
  log.write(Buffer.from('kept'));
  assert.equal(readFileSync(join(folder, 'moved', 'x.log'), 'utf8'), 'kept');
  assert.match(problems.join(), /^cannot write .*: ENOENT/);
});

test('a cleared log is empty and counts from nothing; what was rotated away stays', (context) => {
  const folder = aFolder(context);
  const path = join(folder, 'x.log');
  using log = new LogFile(path, { maxBytes: 4, backups: 1 }, fail);
  for (const chunk of ['1111', '222']) log.write(Buffer.from(chunk));
  assert.equal(log.clear(), null);
  assert.equal(readFileSync(path, 'utf8'), '');
  log.write(Buffer.from('333'));
  assert.deepEqual(
    [readFileSync(path, 'utf8'), readFileSync(`${path}.1`, 'utf8')],
    ['333', '1111'],
  );
  writeFileSync(`${path}.closed`, 'words');
  assert.equal(clearLogFile(`${path}.closed`), null);
  assert.equal(readFileSync(`${path}.closed`, 'utf8'), '');
  assert.equal(clearLogFile(`${path}.never`), null, 'there is nothing to clear');
  assert.equal(existsSync(`${path}.never`), false);
  assert.match(clearLogFile(folder) ?? '', /^cannot clear .*: EISDIR/);
});

test('a device that was configured is written to', () => {
  // Without a limit, so that no mistake here can move the device of the whole machine away.
  using log = new LogFile('/dev/null', { maxBytes: 0, backups: 0 }, fail);
  log.write(Buffer.from('words'));
  assert.equal(log.clear(), null);
});

test('what is no plain file is never rotated', (context) => {
  const folder = aFolder(context);
  const path = join(folder, 'x.log');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, 'r+');
  context.after(() => closeSync(reader));
  using log = new LogFile(path, { maxBytes: 1, backups: 1 }, fail);
  log.write(Buffer.from('words'));
  assert.equal(log.clear(), null);
  assert.deepEqual(readdirSync(folder), ['x.log']);
  assert.equal(statSync(path).isFIFO(), true);
});

/** Of our own, so that no mistake here can hurt the machine. */
const SPECIAL_FILES = [
  { what: 'a FIFO', command: (path: string) => ['mkfifo', path], skip: false },
  {
    what: 'a device',
    command: (path: string) => ['mknod', path, 'c', '1', '3'],
    skip: process.geteuid?.() === 0 ? false : 'only root can make devices',
  },
  { what: 'a directory', command: (path: string) => ['mkdir', path], skip: false },
] as const;

for (const { what, command, skip } of SPECIAL_FILES) {
  test(`${what} is never moved, emptied or removed`, { skip }, (context) => {
    for (const backups of [0, 1, 3]) {
      const folder = aFolder(context);
      const path = join(folder, 'x.log');
      const limits = { maxBytes: 4, backups };
      const make = (name: string): Stats => {
        const [tool, ...words] = command(join(folder, name));
        execFileSync(tool ?? '', words);
        return lstatSync(join(folder, name));
      };
      const isThere = (name: string, made: Stats) =>
        assert.equal(lstatSync(join(folder, name)).ino, made.ino, `${name}, ${backups} backups`);
      const special = make('special');
      {
        using log = new LogFile(path, limits, () => undefined);
        // Somebody wants to hear no more of it, and has no idea who has it open.
        rmSync(path);
        symlinkSync(join(folder, 'special'), path);
        for (const chunk of ['1111', '2222', '3333']) log.write(Buffer.from(chunk));
        log.clear();
        log.reopenIfMoved();
        log.write(Buffer.from('4444'));
      }
      clearLogFile(path);
      isThere('special', special);
      assert.deepEqual(readdirSync(folder), ['special', 'x.log'], `${backups} backups`);
      rmSync(path);
      const inTheWay = make('x.log.1');
      using log = new LogFile(path, limits, () => undefined);
      for (const chunk of ['1111', '2222']) log.write(Buffer.from(chunk));
      isThere('x.log.1', inTheWay);
      assert.deepEqual(readdirSync(folder), ['special', 'x.log', 'x.log.1']);
    }
  });
}

test('what has nothing in it that could be emptied is not even opened', (context) => {
  const path = join(aFolder(context), 'x.log');
  execFileSync('mkfifo', [path]);
  assert.equal(clearLogFile(path), null, 'opening it for writing would fail: nobody reads');
});

test('a file that cannot be opened is told once, and is written as soon as it can be', (context) => {
  const folder = aFolder(context);
  const logs = join(folder, 'later');
  const problems: string[] = [];
  using log = new LogFile(join(logs, 'x.log'), { maxBytes: 0, backups: 0 }, (problem) =>
    problems.push(problem),
  );
  log.write(Buffer.from('lost'));
  log.write(Buffer.from('lost'));
  assert.equal(problems.length, 1);
  assert.match(problems[0] ?? '', /^cannot write .*x\.log: ENOENT/);
  mkdirSync(logs);
  log.write(Buffer.from('kept'));
  assert.equal(readFileSync(join(logs, 'x.log'), 'utf8'), 'kept');
});

function lastLines(...chunks: readonly (string | Uint8Array)[]): readonly string[] {
  const lines = new LastLines();
  for (const chunk of chunks) lines.add(Buffer.from(chunk as string));
  return lines.read();
}

test('the last ten lines are kept, blank ones left out, however they were cut into chunks', () => {
  const numbered = Array.from({ length: 25 }, (_, index) => `line ${index}`);
  const expected = numbered.slice(-10);
  assert.deepEqual(lastLines(numbered.join('\n')), expected);
  assert.deepEqual(lastLines(...numbered.join('\r\n\n').split('')), expected);
  assert.deepEqual(lastLines(), []);
  assert.deepEqual(lastLines('no newline at the end'), ['no newline at the end']);
  assert.deepEqual(lastLines('äöü'.slice(0, 1), Buffer.from('€').subarray(0, 2)), ['ä\ufffd']);
});

test('a flood costs a few kilobytes, and a line of any length is cut to 500 characters', () => {
  const flood = lastLines('x'.repeat(1_000_000), '\nlast\n');
  assert.deepEqual(flood, ['x'.repeat(500), 'last']);
  const trickle = lastLines('x'.repeat(2_000), ...Array<string>(5_000).fill('y'), '\nlast');
  assert.deepEqual(trickle, ['y'.repeat(500), 'last'], 'the beginning is forgotten');
});

test('what is kept is a copy, and a new run begins with nothing', () => {
  const lines = new LastLines();
  const shared = Buffer.from('first');
  lines.add(shared);
  shared.fill('x');
  assert.deepEqual(lines.read(), ['first']);
  lines.clear();
  assert.deepEqual(lines.read(), []);
});

const FULL = { skip: existsSync('/dev/full') ? false : 'there is no /dev/full here' };

test('what a full disk does not take is counted, and said once for each spell', FULL, (context) => {
  const folder = aFolder(context);
  const path = join(folder, 'x.log');
  const problems: string[] = [];
  const lost: number[] = [];
  const limits = { maxBytes: 0, backups: 0, onLost: (bytes: number) => lost.push(bytes) };
  using log = new LogFile(path, limits, (problem) => problems.push(problem));
  const leadTo = (target: string): void => {
    rmSync(path, { force: true });
    symlinkSync(target, path);
    log.reopen();
  };
  for (let spell = 1; spell <= 2; spell += 1) {
    leadTo('/dev/full');
    for (const chunk of ['1', '22', '333']) log.write(Buffer.from(chunk));
    leadTo(join(folder, 'room'));
    log.write(Buffer.from('there is room'));
    assert.equal(problems.length, spell);
  }
  assert.deepEqual(lost, [1, 2, 3, 1, 2, 3]);
  assert.match(problems[0] ?? '', /^cannot write .*x\.log: ENOSPC: no space left on device$/);
  assert.equal(readFileSync(path, 'utf8'), 'there is room'.repeat(2));
});

test('what comes while a log cannot be opened is counted', (context) => {
  const path = join(aFolder(context), 'later', 'x.log');
  let lostBytes = 0;
  const onLost = (bytes: number): void => {
    lostBytes += bytes;
  };
  using log = new LogFile(path, { maxBytes: 0, backups: 0, onLost }, () => undefined);
  log.write(Buffer.from('lost'));
  log.write(Buffer.from(' too'));
  assert.equal(lostBytes, 8);
});

test('a reader who takes a part leaves the rest to be counted', (context) => {
  const path = join(aFolder(context), 'x.log');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, 'r+');
  context.after(() => closeSync(reader));
  let lostBytes = 0;
  const onLost = (bytes: number): void => {
    lostBytes += bytes;
  };
  const problems: string[] = [];
  using log = new LogFile(path, { maxBytes: 0, backups: 0, onLost }, (problem) => {
    problems.push(problem);
  });
  log.write(Buffer.alloc(100_000));
  log.write(Buffer.alloc(1_000));
  const kept = Buffer.alloc(200_000);
  assert.equal(lostBytes + readSync(reader, kept), 101_000);
  assert.equal(problems.length, 1);
});
