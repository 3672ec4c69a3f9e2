/**
 * Faults at spawn under a whole agent: each is told in the field's words, the others run on, and
 * the agent is there afterwards. And what only root's agent can do: low ports, other users.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { Daemon } from './fleet/daemon.ts';
import { createFleet, type Fleet } from './fleet/harness.ts';
import { descriptorsOf, sendSignal, statusField } from './fleet/processes.ts';
import { isRoot } from './spawn-harness.ts';

const HOST = 'web-1';
const PRLIMIT = '/usr/bin/prlimit';
/** Below 1024, and no service's. */
const LOW_PORT = 703;

let fleet: Fleet;
let agent: Daemon;

before(async () => {
  fleet = await createFleet();
  const bad = fleet.write('bad-interpreter', '#!/no/such\n');
  chmodSync(bad, 0o755);
  const listening = `require('net').createServer().listen(${LOW_PORT}, () => console.log('listens'))`;
  const programs = `
[program:web]
command = sleep 1000
startsecs = 0
[program:never]
command = ${bad}
startretries = 1
[program:never-once]
command = ${bad}
startsecs = 0
autorestart = false
[program:late]
command = sleep 1000
startsecs = 0
autostart = false
startretries = 0
${isRoot ? forRoot(listening) : ''}`;
  await fleet.startController();
  agent = await fleet.startAgent(HOST, { programs });
  await fleet.running(HOST, 'web');
});

function forRoot(listening: string): string {
  return `
[program:low]
command = ${process.execPath} -e "${listening}"
stdout_logfile = ${fleet.path('low.log')}
[program:nobodys]
command = sleep 1000
user = nobody
startsecs = 0
[program:locked-out]
command = sleep 1000
user = nobody
directory = ${fleet.folder}
startretries = 0
`;
}

after(() => fleet?.[Symbol.dispose]());

test('a program that cannot be executed is FATAL with the reason, and its status is kept', async () => {
  const error = `couldn't exec ${fleet.path('bad-interpreter')}: ENOENT`;
  const never = await fleet.process(HOST, 'never', 'gave up', ({ status }) => {
    return status.state === 'FATAL';
  });
  assert.deepEqual([never.lastError, never.exitCode], [error, 127]);
  const once = await fleet.process(HOST, 'never-once', 'has ended', ({ status }) => {
    return status.state === 'EXITED';
  });
  assert.deepEqual([once.lastError, once.exitCode], [error, 127]);
});

test('without a free descriptor nothing starts, what runs runs on, and later all is well', {
  skip: existsSync(PRLIMIT) ? false : 'needs prlimit',
}, async () => {
  const web = await fleet.running(HOST, 'web');
  const limit = (soft: number) =>
    spawnSync(PRLIMIT, [`--pid=${agent.pid}`, `--nofile=${soft}:`], { encoding: 'utf8' });
  const highest = Math.max(...descriptorsOf(agent.pid).keys());
  assert.equal(limit(highest + 2).stderr, '');
  await fleet.fleetctl('start', 'late', '--hosts', HOST);
  const late = await fleet.process(HOST, 'late', 'gave up', ({ status }) => {
    return status.state === 'FATAL';
  });
  assert.equal(late.lastError, "too many open files to spawn 'late'");
  assert.equal(await fleet.running(HOST, 'web'), web);
  limit(1_000);
  assert.equal((await fleet.fleetctl('start', 'late', '--hosts', HOST)).code, 0);
  await fleet.running(HOST, 'late');
});

test('root serves a low port, and restarts programs of others as those', {
  skip: isRoot ? false : 'only root can become another user',
}, async () => {
  await fleet.until('it listens', () => fleet.read('low.log').includes('listens'));
  const old = await fleet.running(HOST, 'nobodys');
  const result = await fleet.fleetctl('restart', 'nobodys', 'low', '--hosts', HOST);
  assert.equal(result.code, 0, result.stderr);
  const fresh = await fleet.running(HOST, 'nobodys');
  assert.notEqual(fresh, old);
  sendSignal(fresh, 'SIGKILL');
  const again = await fleet.process(HOST, 'nobodys', 'is back', ({ status }) => {
    return status.state === 'RUNNING' && status.pid !== fresh;
  });
  const ids = await fleet.until('it is nobody', () => {
    const uids = statusField(again.pid ?? 0, 'Uid');
    return uids?.startsWith('65534') && uids;
  });
  assert.equal(ids, '65534\t65534\t65534\t65534');
  await fleet.until('it listens again', () => fleet.lines('low.log').length === 2);
});

test('who may not enter the directory is told so', {
  skip: isRoot ? false : 'only root can become another user',
}, async () => {
  const locked = await fleet.process(HOST, 'locked-out', 'gave up', ({ status }) => {
    return status.state === 'FATAL';
  });
  assert.equal(locked.lastError, `couldn't chdir to ${fleet.folder}: EACCES`);
});

test('the agent has seen all of it and stands', () => {
  assert.ok(!agent.hasEnded());
});
