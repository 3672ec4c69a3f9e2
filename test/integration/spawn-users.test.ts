/**
 * A root agent's programs run as other users: with all of the user's groups and nothing of root's,
 * in the environment that Supervisor would leave them, and never as anybody else.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type SwitchTool, switchTo } from '../../agent/adapters/children/user-switch.ts';
import {
  descriptorsOf,
  environmentOf,
  statusField,
  workingDirectoryOf,
} from './fleet/processes.ts';
import { eventually } from './fleet/wait.ts';
import { isRoot, NOBODY, openChildren } from './spawn-harness.ts';

const needsRoot = { skip: isRoot ? false : 'only root can become another user' };

const UNSHARE = '/usr/bin/unshare';

const TOOLS = [
  { kind: 'setpriv', path: '/usr/bin/setpriv' },
  { kind: 'chroot', path: '/usr/sbin/chroot' },
] as const satisfies readonly SwitchTool[];

test('a program of another user has his ids and nothing of root', needsRoot, async (context) => {
  const real = openChildren(context);
  const sleeper = real.define('sleeper', { command: 'sleep 1000', user: NOBODY });
  const { pid, keeperPid } = await real.running(sleeper);
  await eventually('it is executed', () => environmentOf(pid)['SUPERVISOR_ENABLED'] === '1');
  await eventually('it is nobody', () => statusField(pid, 'Uid')?.startsWith('65534') ?? false);
  const ids = '65534\t65534\t65534\t65534';
  const of = (field: string) => statusField(pid, field)?.trim();
  assert.deepEqual([of('Uid'), of('Gid'), of('Groups')], [ids, ids, '65534']);
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb']) assert.match(of(set) ?? '', /^0+$/);
  assert.match(statusField(keeperPid, 'Uid') ?? '', /^0\t0\t/, 'its keeper remains root');
});

test('it cannot become root again, nor reach what the agent keeps', needsRoot, async (context) => {
  const real = openChildren(context);
  const script = `
setpriv --reuid=0 true && echo regained
cat "$SECRET" && echo read
ls "$RUN_DIR" && echo listed
echo "to /dev/stdout" > /dev/stdout
ls /proc/self/fd | wc -l
true`;
  const environment = { SECRET: '/etc/shadow', RUN_DIR: real.folder };
  const printed = await real.printed(script, { user: NOBODY, environment });
  assert.doesNotMatch(printed, /regained|read|listed/);
  assert.match(printed, /^to \/dev\/stdout$/m, 'its own output it may open');
  assert.match(printed, /^4$/m, '0, 1, 2 and the one that lists them');
});

test('its environment, umask and directory are as configured', needsRoot, async (context) => {
  const environment = { PATH: '/usr/bin:/bin', HOME: '/root', USER: 'root', PWD: '/x' };
  const real = openChildren(context, environment);
  const program = real.define('web', {
    command: '/bin/sh -c "umask; exec sleep 1000"',
    user: NOBODY,
    umask: 0o27,
    directory: '/usr',
    serverUrl: 'unix:///run/x.sock',
    environment: { LD_LIBRARY_PATH: '/nowhere', MINE: "it's $HOME" },
  });
  const { pid, keeperPid } = await real.running(program);
  await eventually('it has printed its umask', () => real.log('web') === '0027\n');
  await eventually('it is sleep', () => environmentOf(pid)['MINE'] !== undefined);
  const { OLDPWD: _, ...seen } = environmentOf(pid);
  assert.deepEqual(seen, {
    ...environment,
    PWD: '/usr', // by the program's own shell
    SUPERVISOR_ENABLED: '1',
    SUPERVISOR_SERVER_URL: 'unix:///run/x.sock',
    SUPERVISOR_PROCESS_NAME: 'web',
    SUPERVISOR_GROUP_NAME: 'web',
    LD_LIBRARY_PATH: '/nowhere',
    MINE: "it's $HOME",
  });
  assert.equal(workingDirectoryOf(pid), '/usr');
  assert.equal(environmentOf(keeperPid)['LD_LIBRARY_PATH'], undefined, 'a keeper is root');
});

for (const tool of TOOLS) {
  const isHere = existsSync(tool.path) && existsSync(UNSHARE);
  const skip = needsRoot.skip || (isHere ? false : `needs ${tool.path} and unshare`);
  test(`${tool.kind} gives a user his further groups too`, { skip }, (context) => {
    const { folder } = openChildren(context);
    const groups = join(folder, 'group');
    const { stdout: own } = spawnSync('cat', ['/etc/group'], { encoding: 'utf8' });
    writeFileSync(groups, `${own}fleet-a:x:4242:nobody\nfleet-b:x:4243:daemon,nobody\n`);
    const switching = switchTo(NOBODY, { ownUid: 0, findTool: () => tool });
    assert.equal(switching.kind, 'by');
    const words = switching.kind === 'by' ? switching.words : [];
    // A file of groups that nobody but this one program sees.
    const script = 'mount --bind "$1" /etc/group || { echo no mount; exit; }; shift; exec "$@"';
    const show = ['/bin/sh', '-c', 'id -u; id -g; id -G'];
    const args = ['-m', '/bin/sh', '-c', script, 'sh', groups, ...words, ...show];
    const { stdout } = spawnSync(UNSHARE, args, { encoding: 'utf8', cwd: '/' });
    if (stdout === '' || stdout === 'no mount\n') return context.skip('nothing can be mounted');
    assert.deepEqual(stdout.trim().split('\n'), ['65534', '65534', '65534 4242 4243']);
  });
}

test(
  'who cannot become his user, or enter his directory, is told so',
  needsRoot,
  async (context) => {
    const real = openChildren(context);
    const cases = [
      {
        user: { name: '54321', uid: 54_321, gid: 54_321 },
        words: "couldn't setuid to 54321: Can't find uid 54321",
      },
      { directory: real.folder, words: `couldn't chdir to ${real.folder}: EACCES` },
      {
        command: join(real.folder, 'private'),
        words: `couldn't exec ${real.folder}/private: EACCES`,
      },
    ];
    real.script('private', '#!/bin/sh\n');
    for (const { words, ...overrides } of cases) {
      const ended = await real.run(
        real.define('web', { command: 'true', user: NOBODY, ...overrides }),
      );
      assert.equal(ended.kind === 'exited' ? ended.spawnError : ended.error, words);
      const remarks = `supervisor: ${words}\nsupervisor: child process was not spawned\n`;
      assert.ok(real.log('web').endsWith(remarks), real.log('web'));
    }
  },
);

test('it may open its stdin itself, and waits there as others do', needsRoot, async (context) => {
  const real = openChildren(context);
  const command = '/bin/sh -c "exec cat </dev/stdin"';
  const { pid } = await real.running(real.define('web', { command, user: NOBODY }));
  await eventually('it reads', () => statusField(pid, 'Name') === 'cat');
  assert.equal(descriptorsOf(pid).get(0), join(real.folder, 'web.in'));
  await eventually('it waits', () => statusField(pid, 'State')?.startsWith('S') ?? false);
});

test('what its user may not open any more is taken back from him', needsRoot, async (context) => {
  const real = openChildren(context);
  const fifos = ['in', 'out'].map((end) => join(real.folder, `web.${end}`));
  await real.run(real.define('web', { command: 'true', user: NOBODY }));
  for (const fifo of fifos) {
    assert.deepEqual([statSync(fifo).uid, statSync(fifo).mode & 0o777], [NOBODY.uid, 0o600]);
  }
  await real.run(real.define('web', { command: 'true' }));
  for (const fifo of fifos) assert.equal(statSync(fifo).uid, 0);
});

test('an ordinary agent starts programs of its own user, and no others', async (context) => {
  if (isRoot) return context.skip('root may');
  const real = openChildren(context);
  const uid = process.getuid?.() ?? 0;
  const own = { name: 'me', uid, gid: process.getgid?.() ?? 0 };
  const ended = await real.run(real.define('mine', { command: 'true', user: own }));
  assert.deepEqual(ended.kind === 'exited' && ended.exit, { kind: 'code', code: 0 });
  const other = { name: 'other', uid: uid + 1, gid: 1 };
  const words = `couldn't setuid to ${uid + 1}: Can't drop privilege as nonroot user`;
  const refused = await real.run(real.define('other', { command: 'true', user: other }));
  assert.equal(refused.kind === 'spawnFailed' && refused.error, words);
  const remarks = `supervisor: ${words}\nsupervisor: child process was not spawned\n`;
  assert.equal(real.log('other'), remarks);
});
