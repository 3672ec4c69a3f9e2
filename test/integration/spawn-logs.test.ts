/** What is open for a process name: taken up anew while its program runs, emptied, and given up. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from './fleet/wait.ts';
import { KEPT, openChildren, quoted } from './spawn-harness.ts';

/** Says on both channels what it is sent, a line for each signal. */
const TALKING = `sh -c ${quoted('trap "echo out; echo err >&2" USR1; echo up; while :; do sleep 0.02; done')}`;

test('logs go elsewhere from one moment to the next, and the program runs on', async (context) => {
  const real = openChildren(context);
  const before = real.define('web', { command: TALKING, redirectStderr: false });
  const child = await real.running(before);
  await eventually('it is up', () => real.log('web') === 'up\n');
  const other = join(real.folder, 'other.log');
  const log = { ...KEPT, target: { kind: 'file', path: other } } as const;
  real.children.redefine(real.define('web', { ...before, stdoutLog: log }));
  real.children.signal(child, 'USR1');
  await eventually('it has spoken', () => real.log('web', 'stderr') === 'err\n');
  await eventually('elsewhere', () => real.log('web') === 'out\n');
  assert.equal(real.children.logPath(before.process, 'stdout'), other);
  assert.deepEqual(real.children.stop(before.process, child, 'KILL', true), { kind: 'delivered' });
});

test('a log that was moved or removed is a new file with the next start', async (context) => {
  const real = openChildren(context);
  const path = join(real.folder, 'named.log');
  const named = { ...KEPT, target: { kind: 'file', path } } as const;
  const command = 'sh -c "echo out; echo err >&2"';
  const web = real.define('web', { command, redirectStderr: false, stdoutLog: named });
  await real.run(web);
  renameSync(path, `${path}.old`);
  rmSync(join(real.folder, 'web-stderr.log'));
  await real.run(web);
  assert.deepEqual([real.log('web'), real.log('web', 'stderr')], ['out\n', 'err\n']);
  assert.equal(readFileSync(`${path}.old`, 'utf8'), 'out\n');
});

test('redirect_stderr waits for the next start', async (context) => {
  const real = openChildren(context);
  const before = real.define('web', { command: TALKING, redirectStderr: false });
  const child = await real.running(before);
  await eventually('it is up', () => real.log('web') === 'up\n');
  const stderrLog = join(real.folder, 'web-stderr.log');
  const after = real.define('web', { ...before, redirectStderr: true });
  real.children.redefine(after);
  real.children.signal(child, 'USR1');
  await eventually('its stdout is still apart', () => real.log('web') === 'up\nout\n');
  assert.equal(real.children.logPath(before.process, 'stderr'), null);
  real.children.stop(before.process, child, 'KILL', true);
  await real.exited(before.process);
  const joined = await real.running(after);
  await eventually('it is up again', () => real.log('web').endsWith('up\n'));
  real.children.signal(joined, 'USR1');
  await eventually('both are in one', () => real.log('web').endsWith('up\nout\nerr\n'));
  assert.equal(readFileSync(stderrLog, 'utf8'), 'err\n');
  real.children.stop(after.process, joined, 'KILL', true);
});

test('a stderr of its own is opened with the next start', async (context) => {
  const real = openChildren(context);
  const joined = real.define('web', { command: 'echo one' });
  await real.run(joined);
  const separate = real.define('web', { command: 'sh -c "echo two >&2"', redirectStderr: false });
  real.children.redefine(separate);
  await real.run(separate);
  assert.deepEqual([real.log('web'), real.log('web', 'stderr')], ['one\n', 'two\n']);
});

test('logs are emptied, whether a program writes them or none was ever started', async (context) => {
  const real = openChildren(context);
  const web = real.define('web', { command: TALKING });
  real.script('idle-stdout.log', 'old\n');
  const idle = real.define('idle', { command: 'true' });
  const child = await real.running(web);
  await eventually('it is up', () => real.log('web') === 'up\n');
  assert.deepEqual(
    [web, idle].map(({ process }) => real.children.clearLogs(process)),
    [null, null],
  );
  assert.deepEqual(
    ['web', 'idle'].map((name) => real.log(name)),
    ['', ''],
  );
  real.children.signal(child, 'USR1');
  await eventually('it goes on at the beginning', () => real.log('web') === 'out\nerr\n');
});

test('of a process that is no longer configured nothing is left but its logs', async (context) => {
  const real = openChildren(context);
  const web = real.define('web', { command: 'echo gone', redirectStderr: false });
  await real.run(web);
  real.children.forget(web.process);
  const left = readdirSync(real.folder).filter((file) => file.startsWith('web'));
  assert.deepEqual(left.sort(), ['web-stderr.log', 'web-stdout.log']);
  assert.equal(real.log('web'), 'gone\n');
  real.children.forget(web.process);
});

test('what was started with streams of its own is read by an agent that would not', async (context) => {
  const real = openChildren(context);
  const before = real.define('web', { command: TALKING, redirectStderr: false });
  const child = await real.running(before);
  await eventually('it is up', () => real.log('web') === 'up\n');
  real.children[Symbol.dispose]();
  using next = real.open({});
  next.adopt({ ...before, redirectStderr: true }, child);
  next.signal(child, 'USR1');
  // Unread it would fill up, and the program would wait for ever.
  await eventually('its stderr is read', () => real.log('web', 'stderr') === 'err\n');
  next.stop(before.process, child, 'KILL', true);
  assert.deepEqual((await real.exited(before.process)).exit, { kind: 'signal', signal: 'KILL' });
});
