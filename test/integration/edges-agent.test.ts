/**
 * A real agent where its host gives it trouble: no descriptors left, a full disk under its log, its
 * own files tidied away, configurations of an odd size or with odd names. Whatever happens, it goes
 * on supervising, and touches nothing that is not its own.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, readdirSync, rmSync, statSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { Operation } from '../../proto/operation.ts';
import type { Daemon } from './fleet/daemon.ts';
import { createFleet, endOf, type Fleet, makeFolder, operationRequest } from './fleet/harness.ts';
import { environmentOf, MARK } from './fleet/processes.ts';

const HOST = 'web-1';
const ENVIRONMENT = {
  // Names that shells drop, names that they overwrite, names that a script might use itself.
  'discovery.type': 'single',
  'with-dash': 'yes',
  IFS: 'q',
  PPID: '3',
  out: 'o',
  err: 'e',
  mask: 'm',
  session: 's',
  go: 'g',
};
let fleet: Fleet;
let agent: Daemon;

before(async () => {
  fleet = await createFleet();
  const logs = makeFolder(fleet, 'shared-logs');
  chmodSync(logs, 0o777);
  const environment = Object.entries(ENVIRONMENT).map(([name, value]) => `${name}="${value}"`);
  const talker = fleet.script('talker', 'echo started\nexec sleep 1000\n');
  await fleet.startController();
  agent = await fleet.startAgent(HOST, {
    programs: `
[supervisord]
childlogdir = ${logs}
[program:odd]
command = sleep 1000
startsecs = 0
environment = ${environment.join(',')}
[program:talker]
command = ${talker}
startsecs = 0
[program:huge]
command = /bin/${'x'.repeat(1_500_000)}
[program:wordy]
command = sleep ${'1'.repeat(1_500_000)}
`,
  });
  await fleet.running(HOST, 'talker');
});

after(() => fleet?.[Symbol.dispose]());

test('variables reach a program whatever a shell thinks of their names', async () => {
  const pid = await fleet.running(HOST, 'odd');
  const seen = environmentOf(pid);
  const wanted = await fleet.until('the program itself is executed', () => {
    const found = Object.keys(ENVIRONMENT).map((name) => [name, environmentOf(pid)[name]]);
    return found.every(([, value]) => value !== undefined) && Object.fromEntries(found);
  });
  assert.deepEqual(wanted, ENVIRONMENT);
  assert.deepEqual(
    Object.keys(seen).filter((name) => name.startsWith('FLEETVISOR_') && !name.includes('TEST')),
    [],
  );
});

test('a command too long to run neither ends the agent nor keeps it from its controller', async () => {
  for (const [name, reason] of [
    ['huge', /^can't find command '\/bin\/x+…?'$/],
    ['wordy', /E2BIG/],
  ] as const) {
    const { lastError } = await fleet.process(
      HOST,
      name,
      'has failed',
      ({ status }) => status.lastError !== null,
    );
    assert.match(lastError ?? '', reason);
    assert.ok((lastError ?? '').length < 2_000);
  }
  assert.equal(agent.hasEnded(), false);
});

test('a directory that was there before keeps its mode', () => {
  assert.equal(statSync(fleet.path('shared-logs')).mode & 0o777, 0o777);
  assert.equal(statSync(fleet.path(HOST)).mode & 0o777, 0o700);
  assert.equal(statSync(fleet.path(HOST, 'journal.db')).mode & 0o777, 0o600);
});

test('a state_dir that others may write to is refused and stays as it is', async () => {
  const conf = await fleet.writeAgentConf('web-2', { programs: '' });
  makeFolder(fleet, 'web-2', 'of-somebody-else');
  chmodSync(fleet.path('web-2'), 0o777);
  const refused = fleet.runAgent(['-c', conf], { name: 'web-2' });
  assert.equal((await refused.ended()).code, 2);
  assert.match(refused.stderr(), /state_dir .* is writable by others .*\n.*\n {2}fix: .*chmod 700/);
  assert.equal(statSync(fleet.path('web-2')).mode & 0o777, 0o777);
});

test('FIFOs that were tidied away are made again, and no output is lost in a plain file', async () => {
  const fifos = ['in', 'out'].map((end) => fleet.path(HOST, 'run', `talker.${end}`));
  for (const fifo of fifos) rmSync(fifo);
  assert.equal((await restart('talker')).state, 'succeeded');
  for (const fifo of fifos) assert.ok(statSync(fifo).isFIFO());
  await fleet.until('both lines are logged', () => {
    return fleet.lines('shared-logs', 'talker-stdout.log').length === 2;
  });
});

test('without descriptors a start fails and a stop works, and later all does again', async () => {
  const open = readdirSync(`/proc/${agent.pid}/fd`).length;
  for (const spare of [0, 1, 2, 4]) {
    // The soft limit only; raising it again takes no privilege.
    limitDescriptors(agent, open + spare);
    const [target] = (await restart('talker')).targets;
    assert.equal(target?.error, "too many open files to spawn 'talker'", `with ${spare} to spare`);
  }
  limitDescriptors(agent, 1_024);
  assert.equal((await restart('talker')).state, 'succeeded');
  assert.equal(agent.hasEnded(), false);
});

test('an agent whose own log finds no room supervises as ever', async () => {
  const programs = '[program:web]\ncommand = sleep 1000\nstartsecs = 0\nunknown_key = warns\n';
  const conf = await fleet.writeAgentConf('web-3', { programs });
  const script = 'exec "$0" "$1" -c "$2" 2>/dev/full';
  const program = fleet.path('programs', 'fleet-agent.js');
  const child = spawn('/bin/sh', ['-c', script, process.execPath, program, conf], {
    env: { PATH: process.env['PATH'], [MARK]: fleet.folder },
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await fleet.running('web-3', 'web');
  child.kill('SIGTERM');
  assert.equal(await ended, 0);
});

async function restart(process: string): Promise<Operation> {
  const client = await fleet.client();
  const request = operationRequest({ verb: 'restart', hosts: HOST, processes: [process] });
  const { id } = await client.submitOperation(
    { kind: 'operation', request },
    AbortSignal.timeout(10_000),
  );
  return endOf(client, id);
}

function limitDescriptors({ pid }: Daemon, count: number): void {
  execFileSync('/usr/bin/prlimit', ['--pid', String(pid), `--nofile=${count}:`]);
}
