/**
 * An agent that comes back to a journal that is damaged or gone: what runs is taken over as it is,
 * what ended is judged by how it ended, the loss is said wherever people look, and the controller
 * does not carry out a second time what the old journal knew of.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { after, before, beforeEach, test } from 'node:test';
import { keptDatabase } from '../../proto/sqlite.ts';
import type { HostStatus } from '../../proto/vocabulary.ts';
import type { Daemon } from './fleet/daemon.ts';
import { createFleet, endOf, type Fleet, operationRequest, pidOf } from './fleet/harness.ts';
import { isAlive, sendSignal, statusField } from './fleet/processes.ts';

const HOST = 'web-1';
const JOURNAL = 'journal.db';
let fleet: Fleet;
let agent: Daemon;
let programs: string;

before(async () => {
  fleet = await createFleet();
  const counted = fleet.script('counted', 'echo $$ >> "$STARTS"\nexec sleep 1000\n');
  const slow = fleet.script(
    'slow',
    `echo $$ >> "$STARTS"
trap 'sleep 1; exit 0' TERM
while :; do sleep 0.1; done
`,
  );
  const until = fleet.script(
    'until',
    'echo $$ >> "$STARTS"\nwhile ! test -e "$END"; do sleep 0.05; done\nexit "$STATUS"\n',
  );
  const section = (name: string, command: string, more: string): string => `
[program:${name}]
command = ${command}
environment = STARTS="${fleet.path(`${name}.starts`)}",END="${fleet.path(`${name}.end`)}",STATUS="0"
startsecs = 0
${more}
`;
  programs = [
    section('counted', counted, ''),
    section('slow', slow, 'autorestart = true'),
    section('job', until, 'autorestart = unexpected'),
    section('asked', counted, 'autostart = false'),
    section('stopped', counted, ''),
  ].join('');
  await fleet.startController();
  agent = await fleet.startAgent(HOST, { programs });
  for (const name of ['counted', 'slow', 'job', 'stopped']) await fleet.running(HOST, name);
});

after(() => fleet?.[Symbol.dispose]());

beforeEach(() => {
  for (const name of readdirSync(fleet.path(HOST))) {
    if (name.includes('.damaged-')) rmSync(fleet.path(HOST, name));
  }
});

const startsOf = (name: string): number => fleet.lines(`${name}.starts`).length;
const setAside = (): readonly string[] =>
  readdirSync(fleet.path(HOST)).filter((name) => /^journal\.db\.damaged-\d{8}T\d{6}Z$/.test(name));

async function host(): Promise<HostStatus | undefined> {
  const client = await fleet.client();
  const { hosts } = await client.listHosts('');
  return hosts.find((one) => one.host === HOST);
}

async function startAgain(): Promise<void> {
  agent = await fleet.startAgent(HOST, { programs });
  await fleet.process(HOST, 'counted', 'is back', ({ hostConnected }) => hostConnected);
}

function damage(): void {
  writeFileSync(fleet.path(HOST, JOURNAL), 'what a broken disk returns\n'.repeat(1_000));
  rmSync(fleet.path(HOST, `${JOURNAL}-wal`), { force: true });
}

test('a damaged journal costs no process, and everybody is told what was lost', async () => {
  for (const [verb, name] of [
    ['start', 'asked'],
    ['stop', 'stopped'],
  ] as const) {
    assert.equal((await fleet.fleetctl(verb, name, '--hosts', HOST)).code, 0);
  }
  const pids = new Map<string, number>();
  for (const name of ['counted', 'slow', 'job', 'asked']) {
    pids.set(name, await fleet.running(HOST, name));
  }
  await agent.end('SIGKILL');
  fleet.write('job.end', '');
  await fleet.until('the job has ended', () => !isAlive(pids.get('job') ?? 0));
  damage();
  await startAgain();

  for (const name of ['counted', 'slow', 'asked']) {
    assert.equal(await fleet.running(HOST, name), pids.get(name), `${name} was started anew`);
  }
  const job = await fleet.process(
    HOST,
    'job',
    'has ended',
    ({ status }) => status.state === 'EXITED',
  );
  assert.deepEqual([job.exitCode, startsOf('job')], [0, 1]);
  // What people had stopped by hand cannot be known.
  await fleet.running(HOST, 'stopped');

  const [moved = ''] = setAside();
  assert.match(readFileSync(fleet.path(HOST, moved), 'utf8'), /^what a broken disk returns/);
  const told = agent.log().find(({ level }) => level === 50)?.msg ?? '';
  assert.match(
    told,
    /file is not a database.*journal\.db\.damaged-.*3 running processes were taken/,
  );
  assert.equal((await host())?.stateProblem, told);

  // The next agent has a journal as any other.
  await agent.end('SIGKILL');
  await startAgain();
  assert.equal((await host())?.stateProblem, null);
  assert.equal(await fleet.running(HOST, 'counted'), pids.get('counted'));
});

test('a restart that was under way is not carried out again: what became of it is not known', async () => {
  const client = await fleet.client();
  const before = startsOf('slow');
  const request = operationRequest({ verb: 'restart', hosts: HOST, processes: ['slow'] });
  await client.submitOperation({ kind: 'operation', request }, AbortSignal.timeout(5_000));
  await fleet.process(HOST, 'slow', 'is stopping', ({ status }) => status.state === 'STOPPING');
  await agent.end('SIGKILL');
  damage();
  await startAgain();
  const operation = await endOf(client, request.id);
  assert.deepEqual(
    operation.targets.map(({ state, error }) => [state, error]),
    [['indeterminate', 'its agent lost its journal, so nobody knows whether it was done']],
  );
  // It had been told to end, so it did, and came up again because it is to run always.
  await fleet.until('it is up again', () => startsOf('slow') === before + 1);
  // The job was done, and its end had been taken up, before the journal was lost once more.
  const job = await fleet.process(HOST, 'job', 'is known', () => true);
  assert.deepEqual([job.state, job.exitCode, startsOf('job')], ['EXITED', 0, 1]);
  await fleet.running(HOST, 'slow');
  const next = operationRequest({ verb: 'restart', hosts: HOST, processes: ['slow'] });
  await client.submitOperation({ kind: 'operation', request: next }, AbortSignal.timeout(5_000));
  assert.equal((await endOf(client, next.id)).state, 'succeeded');
  assert.equal(await fleet.lineCount(before + 2, 'slow.starts'), before + 2);
});

test('a journal that is gone while its processes run is as great a loss', async () => {
  const pid = await fleet.running(HOST, 'counted');
  await agent.end('SIGKILL');
  for (const suffix of ['', '-wal', '-shm']) {
    rmSync(fleet.path(HOST, JOURNAL + suffix), { force: true });
  }
  await startAgain();
  assert.equal(await fleet.running(HOST, 'counted'), pid);
  assert.match((await host())?.stateProblem ?? '', /^the journal was missing/);
  assert.deepEqual(setAside(), []);
});

test('an agent whose journal is torn away under it goes on, and its successor sets it aside', async () => {
  const crashing = await fleet.running(HOST, 'counted');
  const staying = await fleet.running(HOST, 'slow');
  damage();
  truncateSync(fleet.path(HOST, JOURNAL), 9_000);
  sendSignal(crashing, 'SIGKILL');
  await fleet.until('it is restarted all the same', () => startsOf('counted') > 1);
  const { pid } = await fleet.process(
    HOST,
    'counted',
    'runs again',
    ({ status }) => status.state === 'RUNNING' && status.pid !== crashing,
  );
  await agent.end('SIGKILL');
  await startAgain();
  assert.equal(setAside().length, 1);
  assert.equal(await fleet.running(HOST, 'counted'), pid);
  assert.equal(await fleet.running(HOST, 'slow'), staying);
});

test('without a configuration there is nothing to go by: it refuses, and everything runs on', async () => {
  const pid = await fleet.running(HOST, 'counted');
  await agent.end('SIGKILL');
  // It is the text of the configuration that is kept; only the records are nonsense.
  const database = keptDatabase(fleet.path(HOST, JOURNAL), 1_000);
  database.exec("UPDATE processes SET record = '{'");
  database.close();
  const conf = await fleet.writeAgentConf(HOST, { programs: `${programs}\n[program:bad]\n` });
  const refused = fleet.runAgent(['-c', conf], { name: HOST });
  assert.deepEqual(await refused.ended(), { code: 2, signal: null });
  assert.match(refused.stderr(), /journal.*is damaged[\s\S]*mend the configuration/);
  assert.deepEqual(setAside(), []);
  assert.ok(isAlive(pid));
  await startAgain();
  assert.equal(await fleet.running(HOST, 'counted'), pid);
  assert.equal(setAside().length, 1);
});

test('what is no longer configured by then is stopped', async () => {
  const pid = await fleet.running(HOST, 'counted');
  const other = pidOf({ pid: await fleet.running(HOST, 'slow') });
  await agent.end('SIGKILL');
  damage();
  const without = programs.replace(/\[program:counted\][^[]*/, '');
  agent = await fleet.startAgent(HOST, { programs: without });
  await fleet.until('it is stopped', () => !isAlive(pid));
  assert.equal(await fleet.running(HOST, 'slow'), other);
});

const recordOf = (name: string): string => fleet.path(HOST, 'run', `${name}.child`);

test('a program whose record is damaged or missing as well is found by its keeper', {
  skip: process.platform !== 'linux' && 'only Linux tells the words of a process',
}, async () => {
  await agent.end('SIGKILL');
  await startAgain();
  const pids = [await fleet.running(HOST, 'counted'), await fleet.running(HOST, 'slow')];
  const starts = [startsOf('counted'), startsOf('slow')];
  await agent.end('SIGKILL');
  damage();
  truncateSync(recordOf('counted'), 20);
  rmSync(recordOf('slow'));
  await startAgain();
  assert.deepEqual([await fleet.running(HOST, 'counted'), await fleet.running(HOST, 'slow')], pids);
  assert.deepEqual([startsOf('counted'), startsOf('slow')], starts);
  const problem = (await host())?.stateProblem ?? '';
  assert.match(
    problem,
    /taken over \(not on record, found by the keeper: (?:counted, slow|slow, co)/,
  );
  // It is looked after as any other.
  sendSignal(pids[0], 'SIGKILL');
  await fleet.until('it is restarted', () => startsOf('counted') === (starts[0] ?? 0) + 1);
  await fleet.process(HOST, 'counted', 'is told to be', ({ status }) => status.pid !== pids[0]);
});

test('where nobody knows whether it runs, it is not started', async () => {
  const pid = await fleet.running(HOST, 'counted');
  const starts = startsOf('counted');
  await agent.end('SIGKILL');
  sendSignal(Number(statusField(pid, 'PPid')), 'SIGKILL');
  damage();
  truncateSync(recordOf('counted'), 20);
  agent = await fleet.startAgent(HOST, { programs });
  const { lastError } = await fleet.process(
    HOST,
    'counted',
    'is not started',
    ({ hostConnected, status }) => hostConnected && status.state === 'FATAL',
  );
  assert.match(lastError ?? '', /look for it with ps/);
  assert.equal(startsOf('counted'), starts);
  assert.match((await host())?.stateProblem ?? '', /whether counted still run is not known/);
  sendSignal(pid, 'SIGKILL');
  assert.equal((await fleet.fleetctl('start', 'counted', '--hosts', HOST)).code, 0);
});

test('processes on record by another table are strangers: the agent refuses, nothing is touched', {
  skip: process.platform !== 'linux' && 'only Linux has two tables',
}, async () => {
  const pid = await fleet.running(HOST, 'counted');
  const starts = startsOf('counted');
  await agent.end('SIGKILL');
  const conf = await fleet.writeAgentConf(HOST, { programs });
  const now = process.env['FLEETVISOR_PROCESS_TABLE'];
  const env = { FLEETVISOR_PROCESS_TABLE: now === 'ps' ? 'proc' : 'ps' };
  const refuse = async (): Promise<void> => {
    const refused = fleet.runAgent(['-c', conf], { name: HOST, env });
    assert.deepEqual(await refused.ended(), { code: 2, signal: null });
    assert.match(
      refused.stderr(),
      /another process table[\s\S]*pid \d+[\s\S]*start the agent with/,
    );
  };
  await refuse();
  // With the records of children gone, the journal tells; with the journal damaged, they do.
  const record = readFileSync(recordOf('counted'));
  for (const name of readdirSync(fleet.path(HOST, 'run'))) {
    if (name.endsWith('.child')) rmSync(fleet.path(HOST, 'run', name));
  }
  await refuse();
  writeFileSync(recordOf('counted'), record);
  damage();
  await refuse();
  assert.deepEqual(setAside(), []);
  assert.ok(isAlive(pid));
  await startAgain();
  assert.equal(await fleet.running(HOST, 'counted'), pid);
  assert.equal(startsOf('counted'), starts);
});

test('where all of state_dir is gone, what runs is found nevertheless, and told to be restarted', {
  skip: process.platform !== 'linux' && 'only Linux tells the words of a process',
}, async () => {
  const pid = await fleet.running(HOST, 'counted');
  const starts = startsOf('counted');
  await agent.end('SIGKILL');
  rmSync(fleet.path(HOST), { recursive: true });
  await startAgain();
  assert.equal(await fleet.running(HOST, 'counted'), pid);
  assert.equal(startsOf('counted'), starts);
  assert.match((await host())?.stateProblem ?? '', /what .*counted.* print is lost until/);
  assert.equal((await fleet.fleetctl('restart', 'counted', '--hosts', HOST)).code, 0);
  assert.equal(await fleet.lineCount(starts + 1, 'counted.starts'), starts + 1);
  assert.ok(!isAlive(pid));
});
