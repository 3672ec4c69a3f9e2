/**
 * Programs that cannot be started, cannot be stopped, or leave somebody behind: what is said of
 * them is said in Supervisor's words, and their ends are seen when they happen.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, constants, existsSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { environmentOf, isAlive, sendSignal, statusField } from './fleet/processes.ts';
import { eventually } from './fleet/wait.ts';
import { isRoot, KEPT, NOBODY, openChildren, quoted } from './spawn-harness.ts';

const PRLIMIT = '/usr/bin/prlimit';

/** Far below what a grandchild or a pending signal would take. */
const AT_ONCE_MS = 2_000;

test('what cannot be started is told before anything is forked', async (context) => {
  const real = openChildren(context);
  const path = (name: string) => join(real.folder, name);
  real.script('text', 'echo never\n');
  const cases = [
    ['no-file', { command: 'no-such-program' }, "can't find command 'no-such-program'"],
    ['not-executable', { command: 'a "b' }, `can't parse command 'a "b': No closing quotation`],
    ['not-executable', { command: real.folder }, `command at '${real.folder}' is a directory`],
    ['not-executable', { command: path('text') }, `couldn't exec ${path('text')}: ENOEXEC`],
    [null, { directory: path('no') }, `couldn't chdir to ${path('no')}: ENOENT`],
    [null, { directory: path('text') }, `couldn't chdir to ${path('text')}: ENOTDIR`],
    [null, { command: `/bin/true ${'x'.repeat(200_000)}` }, "couldn't exec /bin/true: E2BIG"],
  ] as const;
  for (const [fault, overrides, error] of cases) {
    const definition = real.define('web', { command: 'true', ...overrides });
    assert.deepEqual(await real.run(definition), { kind: 'spawnFailed', error });
    const expected = fault === null ? null : { fault, error };
    assert.deepEqual(real.children.examine(definition), expected, error);
  }
});

test('what only the attempt shows is told as well, and not taken for an exit', async (context) => {
  const real = openChildren(context);
  const bad = real.script('bad', '#!/no/such/interpreter\n');
  const circular = real.script('circular', `#!${real.folder}\n`);
  const cases = [
    [bad, {}, `couldn't exec ${bad}: ENOENT`],
    [bad, { environment: { 'not.a.name': 'x' } }, `couldn't exec ${bad}: ENOENT`],
    [circular, {}, `couldn't exec ${circular}: EACCES`],
    ['sh -c "exit 127"', {}, undefined],
    ['sh -c no-such-program', {}, undefined],
  ] as const;
  for (const [command, overrides, spawnError] of cases) {
    const ended = await real.run(real.define('web', { command, ...overrides }));
    assert.equal(ended.kind === 'exited' && ended.spawnError, spawnError, command);
  }
});

test('why a program was not executed stands where its stderr goes, for each try', async (context) => {
  const real = openChildren(context);
  const nowhere = join(real.folder, 'nowhere');
  const text = real.script('text', 'echo never\n');
  const bad = real.script('bad', '#!/no/such/interpreter\n');
  const long = `/bin/true ${'x'.repeat(200_000)}`;
  const cases = [
    [{ directory: nowhere }, `couldn't chdir to ${nowhere}: ENOENT`],
    [{ directory: text }, `couldn't chdir to ${text}: ENOTDIR`],
    [{ command: text }, `couldn't exec ${text}: ENOEXEC`],
    [{ command: bad }, `couldn't exec ${bad}: ENOENT`],
    [{ command: long }, "couldn't exec /bin/true: E2BIG"],
    [{ command: 'no-such-program' }, null],
  ] as const;
  for (const [index, [overrides, error]] of cases.entries()) {
    const once = error === null ? [] : [error, 'child process was not spawned'];
    const twice = [...once, ...once].map((line) => `supervisor: ${line}`);
    for (const redirectStderr of [false, true]) {
      const name = `web${index}${redirectStderr}`;
      const definition = real.define(name, { command: 'true', redirectStderr, ...overrides });
      await real.run(definition);
      await real.run(definition);
      const remarks = (channel: 'stdout' | 'stderr') =>
        real.log(name, channel).match(/^supervisor: .*$/gm) ?? [];
      const [ours, other] = redirectStderr
        ? (['stdout', 'stderr'] as const)
        : (['stderr', 'stdout'] as const);
      assert.deepEqual(remarks(ours), twice);
      assert.equal(real.log(name, other), '');
    }
  }
  const kept = { ...KEPT, target: { kind: 'none' } } as const;
  const silent = real.define('silent', { directory: nowhere, stdoutLog: kept, stderrLog: kept });
  assert.equal((await real.run(silent)).kind, 'spawnFailed');
});

test('however few descriptors are left, a start fails in plain words and loses none', async (context) => {
  const real = openChildren(context);
  const hoard: number[] = [];
  const release = () => {
    for (const descriptor of hoard.splice(0)) closeSync(descriptor);
  };
  context.after(release);
  const openNow = () => readdirSync('/proc/self/fd').length;
  const definition = real.define('web', { command: 'true' });
  await real.run(definition);
  const before = openNow();
  const errors = new Set<string>();
  for (let free = 0; free <= 20; free += 1) {
    takeAll(hoard);
    for (const descriptor of hoard.splice(-free, free)) closeSync(descriptor);
    // Another object: what is open for the last one is closed and opened anew.
    const ended = await real.spawn({ ...definition });
    if ('error' in ended) errors.add(ended.error);
    else await real.exited(definition.process);
    release();
  }
  assert.deepEqual([...errors], ["too many open files to spawn 'web'"]);
  await eventually('all are closed', () => openNow() <= before);
  assert.equal((await real.run(definition)).kind, 'exited');
});

test('a user who has all the processes that he may have is told so', {
  skip: isRoot && existsSync(PRLIMIT) ? false : 'only root can become another user',
}, async (context) => {
  const real = openChildren(context);
  const { pid } = await real.running(real.define('other', { command: 'sleep 1000', user: NOBODY }));
  await eventually('he has one', () => statusField(pid, 'Name') === 'sleep');
  // Programs inherit it; whoever is root is not bound by it.
  spawnSync(PRLIMIT, [`--pid=${process.pid}`, '--nproc=0:']);
  context.after(() => spawnSync(PRLIMIT, [`--pid=${process.pid}`, '--nproc=unlimited:']));
  const ended = await real.run(real.define('web', { command: 'true', user: NOBODY }));
  assert.equal(ended.kind === 'exited' && ended.spawnError, "couldn't exec true: EAGAIN");
});

test('a program gets 0, 1 and 2 and nothing else', async (context) => {
  const real = openChildren(context);
  const printed = await real.printed('ls -l /proc/self/fd');
  const targets = [...printed.matchAll(/ (\d+) -> (.*)$/gm)].map(([, fd, to]) => `${fd} ${to}`);
  const fifo = join(real.folder, 'printing.out');
  const stdin = join(real.folder, 'printing.in');
  assert.deepEqual(targets.slice(0, 3), [`0 ${stdin}`, `1 ${fifo}`, `2 ${fifo}`]);
  assert.match(targets[3] ?? '', /^3 \/proc\/\d+\/fd$/, 'that of ls itself');
  assert.equal(targets.length, 4);
});

test('a program that reads its stdin waits, cannot write there, and runs on when nobody holds its logs', async (context) => {
  const real = openChildren(context);
  const script = 'echo x >&0 || echo refused; exec cat';
  const reader = real.define('reader', { command: `sh -c ${quoted(script)}` });
  const { pid } = await real.running(reader);
  await eventually('it reads', () => statusField(pid, 'Name') === 'cat');
  await eventually('it was refused', () => /^refused$/m.test(real.log('reader')));
  real.children[Symbol.dispose]();
  await eventually('it waits', () => statusField(pid, 'State')?.startsWith('S') ?? false);
  const writer = openSync(
    join(real.folder, 'reader.in'),
    constants.O_WRONLY | constants.O_NONBLOCK,
  );
  closeSync(writer);
  assert.ok(isAlive(pid), 'the end of whoever else had it open is no end of file');
});

for (const name of ['nothing', 'what a shell sets by itself']) {
  test(`the environment is what it is to be where ${name} is inherited`, async (context) => {
    const own = name === 'nothing' ? {} : { PWD: '/x', OLDPWD: '/y', PATH: '/bin:/usr/bin' };
    const real = openChildren(context, own);
    const environment = { 'a.b': 'c', EMPTY: '' };
    const { pid } = await real.running(real.define('web', { command: 'sleep 1000', environment }));
    await eventually('it is executed', () => statusField(pid, 'Name') === 'sleep');
    assert.deepEqual(environmentOf(pid), {
      ...own,
      SUPERVISOR_ENABLED: '1',
      SUPERVISOR_PROCESS_NAME: 'web',
      SUPERVISOR_GROUP_NAME: 'web',
      ...environment,
    });
  });
}

test('an exit is seen at once although a grandchild holds the output open', async (context) => {
  const real = openChildren(context);
  const script = 'sleep 1000 & echo $!; exit 3';
  const definition = real.define('web', { command: `sh -c ${quoted(script)}` });
  const beganAtMs = performance.now();
  const ended = await real.run(definition);
  assert.ok(performance.now() - beganAtMs < AT_ONCE_MS);
  const grandchild = Number(real.log('web'));
  context.after(() => sendSignal(grandchild, 'SIGKILL'));
  assert.deepEqual(ended.kind === 'exited' && ended.exit, { kind: 'code', code: 3 });
  assert.ok(isAlive(grandchild), 'Supervisor leaves it alone, and so do we');
});

test('who is stopped by SIGSTOP or ignores SIGTERM is ended by SIGKILL', async (context) => {
  const real = openChildren(context);
  const script = `trap '' TERM; echo ready; while :; do sleep 0.1; done`;
  const stubborn = real.define('stubborn', { command: `sh -c ${quoted(script)}` });
  const stopped = real.define('stopped', { command: 'sleep 1000' });
  const children = [await real.running(stubborn), await real.running(stopped)] as const;
  await eventually('it ignores', () => real.log('stubborn') === 'ready\n');
  await eventually('it sleeps', () => statusField(children[1].pid, 'Name') === 'sleep');
  real.children.signal(children[1], 'STOP');
  await eventually('it is stopped', () => statusField(children[1].pid, 'State')?.startsWith('T'));
  for (const child of children) {
    real.children.signal(child, 'TERM');
    assert.ok(isAlive(child.pid));
    assert.deepEqual(real.children.signal(child, 'KILL'), { kind: 'delivered' });
  }
  for (const { process } of [stubborn, stopped]) {
    assert.deepEqual((await real.exited(process)).exit, { kind: 'signal', signal: 'KILL' });
  }
});

test('who forks faster than anybody counts is ended, and with its group all of it', async (context) => {
  const real = openChildren(context);
  // Each starts its successor and ends, so there are never more than a few; without its file, none.
  const chain = real.script('chain', '#!/bin/sh\n"$0" &\nsleep 0.02\n');
  const script = `${quoted(chain)} & while :; do sleep 0.1; done`;
  const definition = real.define('web', { command: `sh -c ${quoted(script)}` });
  const child = await real.running(definition);
  const generations = () => groupOf(child.pid).length;
  await eventually('it has multiplied', () => generations() > 2);
  real.children.stop(definition.process, child, 'KILL', true);
  assert.deepEqual((await real.exited(definition.process)).exit, {
    kind: 'signal',
    signal: 'KILL',
  });
  await eventually('nothing of its group is left', () => generations() === 0);
});

function groupOf(leader: number): readonly string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name) || !isAlive(Number(name))) return false;
    const stat = readFileSync(`/proc/${name}/stat`, { encoding: 'latin1', flag: 'r' });
    // proc(5): state, parent and group follow the command's name in parentheses.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2] === String(leader);
  });
}

function takeAll(hoard: number[]): void {
  try {
    for (;;) hoard.push(openSync('/dev/null', 'r'));
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'EMFILE');
  }
}
