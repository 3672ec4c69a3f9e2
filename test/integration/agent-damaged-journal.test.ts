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
import { isAlive } from './fleet/processes.ts';

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
  const hosts = await client.listHosts('');
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
  await client.submitOperation(request, AbortSignal.timeout(5_000));
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
  await fleet.running(HOST, 'slow');
  const next = operationRequest({ verb: 'restart', hosts: HOST, processes: ['slow'] });
  await client.submitOperation(next, AbortSignal.timeout(5_000));
  assert.equal((await endOf(client, next.id)).state, 'succeeded');
  assert.equal(startsOf('slow'), before + 2);
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
  process.kill(crashing, 'SIGKILL');
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
