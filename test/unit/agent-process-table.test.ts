import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { uptime } from 'node:os';
import { test } from 'node:test';
import { linuxProcessTable } from '../../agent/adapters/host/linux-process-table.ts';
import { posixProcessTable } from '../../agent/adapters/host/posix-process-table.ts';
import { mayBeAlive, openProcessTable } from '../../agent/adapters/host/process-table.ts';

/** More than any system gives out. */
const BOGUS_PID = 2 ** 30;
const isLinux = process.platform === 'linux';
const posix = posixProcessTable();
const tables = isLinux ? { linux: linuxProcessTable(), posix } : { posix };

test('each process table knows a live process, always by the same token, and no bogus one', () => {
  for (const [name, table] of Object.entries(tables)) {
    const token = table.startTokenOf(process.pid) ?? '';
    assert.match(token, /\d/, name);
    assert.equal(table.startTokenOf(process.pid), token);
    assert.equal(table.startTokenOf(BOGUS_PID), null);
    assert.ok(table.isAlive({ pid: process.pid, startToken: token }));
    assert.ok(!table.isAlive({ pid: process.pid, startToken: 'another' }));
    assert.ok(!table.isAlive({ pid: BOGUS_PID, startToken: token }));
    assert.notEqual(table.bootId, '');
  }
});

test('each table has this process below its parent, and its memory', () => {
  for (const table of Object.values(tables)) {
    const own = table.snapshot().find(({ pid }) => pid === process.pid);
    assert.equal(own?.parentPid, process.ppid);
    assert.equal(own?.startToken, table.startTokenOf(process.pid));
    const bytes = table.residentBytesOf(process.pid) ?? 0;
    const expected = process.memoryUsage.rss();
    assert.ok(Math.abs(bytes / expected - 1) < 0.5, `${bytes}, not ${expected}`);
    assert.equal(table.residentBytesOf(BOGUS_PID), null);
  }
});

test('the tables of /proc and of ps agree about this process: below whom it is, and in which session', {
  skip: !isLinux && 'there is no /proc here',
}, () => {
  const seen = Object.values(tables).map((table) => {
    const own = table.snapshot().find(({ pid }) => pid === process.pid);
    return [own?.parentPid, own?.session, own?.group, own?.isDead];
  });
  assert.deepEqual(seen[0], seen[1]);
});

test('each table knows a process that began a moment ago', async () => {
  for (const [name, table] of Object.entries(tables)) {
    table.snapshot();
    const child = spawn('sleep', ['100']);
    const token = table.startTokenOf(child.pid ?? BOGUS_PID);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    assert.notEqual(token, null, name);
  }
});

test('a token of ps is a date of its own, in no local language or time zone', () => {
  const token = posix.startTokenOf(process.pid);
  const startedAtMs = Date.parse(`${token} UTC`);
  assert.ok(Math.abs(startedAtMs - performance.timeOrigin) < 60_000, `${token}`);
});

test('a token of /proc is the time of the start, in ticks since the boot', {
  skip: !isLinux && 'there is no /proc here',
}, () => {
  const startedAfterBootSeconds = Number(openProcessTable().startTokenOf(process.pid)) / 100;
  assert.ok(Math.abs(startedAfterBootSeconds - (uptime() - process.uptime())) < 60);
});

test('ps is used where it is asked for', { skip: !isLinux && 'there is no /proc here' }, () => {
  assert.equal(openProcessTable('ps').bootId, posix.bootId);
});

test('what cannot be told counts as alive', () => {
  const isAlive = (): boolean => {
    throw new Error('EMFILE');
  };
  assert.ok(mayBeAlive({ isAlive }, 10, 't10'));
});

/** As `ps -A -o pid= -o ppid= -o sid= -o pgid= -o rss= -o stat= -o lstart=` prints them. */
const ANSWERS = {
  linux: `      1       0       1       1   9216 Ss   Sun Nov 22 16:50:13 2026
    412       1     412     412  51236 Ssl  Sun Nov 22 16:50:13 2026
   2044     412     412     412      0 Z    Sun Nov  1 09:08:07 2026
4194303     412    2043    2042    980 S+   Sun Nov  1 09:08:07 2026
`,
  freebsd: `    0     0     0       0    704 DLs  Sun Nov 22 16:50:13 2026    
    1     0     1       1   1180 SLs  Sun Nov 22 16:50:13 2026    
  412     1   412     412  51236 Ss   Sun Nov 22 16:50:13 2026    
 2044   412   412     412      0 Z    -                           
99999   412  2043    2042    980 S+J  Sun Nov  1 09:08:07 2026    
`,
  /** The process group in place of the session. */
  macos: `    1     0     1       1  18432 Ss   Sun Nov 22 16:50:13 2026    
  412     1   412     412  51236 Ss   Sun Nov 22 16:50:13 2026    
 2044   412   412     412      0 Z    Sun Nov  1 09:08:07 2026    
99998   412  2043    2042    980 SN+  Sun Nov  1 09:08:07 2026    
`,
};

/** ps as it answers on one of these systems, and a clock. */
function paperPs(answer: string, knowsSid = true) {
  const runs: string[] = [];
  const stage = { answer, nowMs: 0, runs };
  const ps = (words: readonly string[]): string => {
    runs.push(words.join(' '));
    if (words[0] === '-A') return stage.answer;
    if (!knowsSid) throw new Error('ps: sid: keyword not found');
    return '  412\n';
  };
  const table = posixProcessTable({ ps, nowMs: () => stage.nowMs });
  runs.length = 0;
  return { ...stage, stage, table };
}

for (const [system, answer] of Object.entries(ANSWERS)) {
  test(`what ps says on ${system} is understood`, () => {
    const { table } = paperPs(answer, system !== 'macos');
    const entries = table.snapshot();
    const last = entries.at(-1);
    assert.deepEqual(last && { ...last, pid: 0 }, {
      pid: 0,
      parentPid: 412,
      session: 2043,
      group: 2042,
      isDead: false,
      startToken: 'Sun Nov  1 09:08:07 2026',
      residentBytes: 980 * 1024,
    });
    const dead = entries.filter(({ isDead }) => isDead);
    assert.deepEqual(
      dead.map(({ pid, session }) => [pid, session]),
      [[2044, 412]],
    );
    for (const { pid, startToken } of dead) {
      assert.ok(!table.isAlive({ pid, startToken }));
      assert.deepEqual([table.startTokenOf(pid), table.residentBytesOf(pid)], [null, null]);
    }
    assert.equal(table.bootId, 'Sun Nov 22 16:50:13 2026');
    assert.equal(table.residentBytesOf(412), 51_236 * 1024);
  });
}

test('where ps knows no sessions it is asked for process groups', () => {
  const words = [true, false].map((knowsSid) => {
    const { table, runs } = paperPs(ANSWERS.linux, knowsSid);
    table.snapshot();
    return runs[0]?.split(' ')[6];
  });
  assert.deepEqual(words, ['sid=', 'pgid=']);
});

test('one run of ps answers for everybody who is asked for at the same time', () => {
  const { table, stage, runs } = paperPs(ANSWERS.linux);
  for (let times = 0; times < 200; times += 1) {
    table.startTokenOf(1);
    table.isAlive({ pid: 2044, startToken: 'long gone' });
    table.residentBytesOf(412);
  }
  assert.equal(runs.length, 0);
  stage.nowMs = 51;
  table.startTokenOf(1);
  assert.equal(runs.length, 1);
});

test('of a process that ps has not seen it is asked again, at once: it may have just begun', () => {
  const { table, stage, runs } = paperPs(ANSWERS.linux);
  stage.answer += '   7000     412    7000    7000    980 S    Sun Nov 22 20:00:00 2026\n';
  assert.equal(table.startTokenOf(7000), 'Sun Nov 22 20:00:00 2026');
  assert.equal(table.startTokenOf(7001), null);
  assert.equal(runs.length, 2);
});

test('a snapshot is of now', () => {
  const { table, stage } = paperPs(ANSWERS.linux);
  stage.answer = stage.answer.replace('4194303', '   7000');
  assert.ok(table.snapshot().some(({ pid }) => pid === 7000));
  assert.ok(!table.isAlive({ pid: 4_194_303, startToken: 'Sun Nov  1 09:08:07 2026' }));
});

test('an answer without any process is no answer: nobody is gone because of it', () => {
  for (const answer of ['', 'ps: cannot allocate memory\n']) {
    const { table, stage } = paperPs(ANSWERS.linux);
    stage.answer = answer;
    stage.nowMs = 100;
    assert.throws(() => table.startTokenOf(1), /no process/);
    assert.ok(mayBeAlive(table, 412, 'whatever'));
  }
});
