/**
 * An agent that dies and comes back: its processes go on without it, the next agent takes them
 * over, and what ended meanwhile is judged once, by its true exit status.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Daemon } from './fleet/daemon.ts';
import {
  createFleet,
  endOf,
  type Fleet,
  operationRequest,
  type ProcessListDocument,
  pidOf,
} from './fleet/harness.ts';
import { isAlive, sendSignal } from './fleet/processes.ts';

const HOST = 'web-1';
let fleet: Fleet;
let agent: Daemon;
let programs: string;

before(async () => {
  fleet = await createFleet();
  const until = fleet.script(
    'until',
    'echo start >> "$STARTS"\nwhile ! test -e "$END"; do sleep 0.05; done\nexit "$STATUS"\n',
  );
  const counted = fleet.script('counted', 'echo start >> "$STARTS"\nexec sleep 1000\n');
  const talker = fleet.script(
    'talker',
    'i=0\nwhile :; do i=$((i + 1)); echo "line $i"; sleep 0.1; done\n',
  );
  const ending = (name: string, status: number, more: string): string => `
[program:${name}]
command = ${until}
environment = STARTS="${fleet.path(`${name}.starts`)}",END="${fleet.path(`${name}.end`)}",STATUS="${status}"
${more}
`;
  programs = `
[program:web]
command = sleep 1000
numprocs = 3
process_name = %(program_name)s-%(process_num)d
startsecs = 0
[program:stopped]
command = sleep 1000
startsecs = 0
[program:asked]
command = sleep 1000
startsecs = 0
autostart = false
[program:counted]
command = ${counted}
environment = STARTS="${fleet.path('counted.starts')}"
startsecs = 0
[program:reader]
command = cat
startsecs = 0
[program:talker]
command = ${talker}
startsecs = 0
stdout_logfile = ${fleet.path('talker.log')}
${ending('seven', 7, 'startsecs = 0\nautorestart = false')}
${ending('again', 7, 'startsecs = 0\nautorestart = unexpected')}
${ending('expected', 7, 'startsecs = 0\nautorestart = unexpected\nexitcodes = 0,7')}
`;
  await fleet.startController();
  agent = await fleet.startAgent(HOST, { programs });
  for (const name of ['web:web-0', 'stopped', 'counted', 'talker', 'seven', 'again', 'expected']) {
    await fleet.running(HOST, name);
  }
  await fleet.running(HOST, 'reader');
});

after(() => fleet?.[Symbol.dispose]());

const isConnected = ({ hostConnected }: { readonly hostConnected: boolean }): boolean =>
  hostConnected;
const isLost = (entry: { readonly hostConnected: boolean }): boolean => !entry.hostConnected;

async function killAgent(): Promise<void> {
  await agent.end('SIGKILL');
  await fleet.process(HOST, 'talker', 'is lost', isLost);
}

async function startAgentAgain(): Promise<void> {
  agent = await fleet.startAgent(HOST, { programs });
  await fleet.process(HOST, 'talker', 'is back', isConnected);
}

test('processes outlive their agent, the next one adopts them, and what people asked for stays', async () => {
  for (const [verb, name] of [
    ['stop', 'stopped'],
    ['start', 'asked'],
  ] as const) {
    assert.equal((await fleet.fleetctl(verb, name, '--hosts', HOST)).code, 0);
  }
  const before = await fleet.processes();
  await killAgent();
  for (const name of ['seven', 'again', 'expected']) fleet.script(`${name}.end`, '');
  const old = before.get(`${HOST} again`)?.status;
  const ended = ['seven', 'again', 'expected'].map((name) =>
    pidOf(before.get(`${HOST} ${name}`)?.status ?? { pid: null }),
  );
  await fleet.until('they have ended', () => ended.every((pid) => !isAlive(pid)));
  await startAgentAgain();

  const list = (await fleet.fleetctl('status', '-o', 'json')).json<ProcessListDocument>();
  const now = new Map(list.items.map((item) => [item.process, item]));
  for (const name of ['web:web-0', 'web:web-1', 'web:web-2', 'talker', 'reader', 'asked']) {
    const same = before.get(`${HOST} ${name}`)?.status;
    assert.equal(now.get(name)?.pid, same?.pid, `${name} was started anew`);
    assert.equal(now.get(name)?.restarts, 0, name);
    assert.equal(now.get(name)?.state, 'RUNNING', name);
    assert.ok(isAlive(pidOf(same ?? { pid: null })), name);
  }
  assert.equal(now.get('stopped')?.state, 'STOPPED', 'a manual stop was forgotten');
  assert.deepEqual(
    [now.get('seven')?.state, now.get('seven')?.exitCode, now.get('seven')?.lastError],
    ['EXITED', 7, 'exited unexpectedly (exit status 7)'],
  );
  assert.equal(fleet.lines('seven.starts').length, 1);
  assert.deepEqual(
    [now.get('expected')?.state, now.get('expected')?.exitCode, now.get('expected')?.lastError],
    ['EXITED', 7, null],
  );
  const again = await fleet.process(
    HOST,
    'again',
    'was restarted',
    ({ status }) => status.restarts > 0,
  );
  assert.equal(again.exitCode, 7);
  assert.notEqual(again.pid, old?.pid);
  assert.equal(runningSleeps().length, 5);
});

test('what a process printed while there was no agent is in its log, and nothing is torn', async () => {
  const seen = fleet.lines('talker.log').length;
  await killAgent();
  await startAgentAgain();
  await fleet.until('it goes on', () => fleet.lines('talker.log').length > seen + 10);
  const numbers = fleet.lines('talker.log').map((line) => Number(/^line (\d+)$/.exec(line)?.[1]));
  assert.deepEqual(
    numbers,
    numbers.map((_, index) => index + 1),
  );
});

test('an adopted process that crashes is restarted, and its signal is known', async () => {
  const old = await fleet.running(HOST, 'web:web-1');
  sendSignal(old, 'SIGSEGV');
  const fresh = await fleet.process(
    HOST,
    'web:web-1',
    'was restarted',
    ({ status }) => status.state === 'RUNNING' && status.pid !== old,
  );
  assert.equal(fresh.exitSignal, 'SEGV');
  assert.equal(fresh.restarts, 1);
});

test('however often the agent is killed during a restart, it is restarted once and no child is unknown', async () => {
  const rounds = 12;
  const client = await fleet.client();
  const names = ['web:web-0', 'web:web-1', 'web:web-2', 'asked', 'counted'];
  const startsBefore = fleet.lines('counted.starts').length;
  for (let round = 0; round < rounds; round += 1) {
    const request = operationRequest({ verb: 'restart', hosts: HOST, processes: names });
    await client.submitOperation({ kind: 'operation', request }, AbortSignal.timeout(5_000));
    // Another moment of the restart each time: signal, exit, fork, gate, record, release.
    await delay(round * 3);
    await agent.end('SIGKILL');
    agent = await fleet.startAgent(HOST, { programs });
    const operation = await endOf(client, request.id);
    await fleet.process(HOST, 'talker', 'is back', isConnected);
    assert.equal(operation.state, 'succeeded', JSON.stringify(operation.targets, null, 1));
  }
  const startsNow = startsBefore + rounds;
  assert.equal(await fleet.lineCount(startsNow, 'counted.starts'), startsNow);
  const known = await Promise.all(names.map((name) => fleet.running(HOST, name)));
  assert.equal(new Set(known).size, names.length);
  await fleet.until('nothing is alive but what status shows', () => {
    const alive = runningSleeps();
    assert.deepEqual(alive.toSorted(), known.toSorted());
    return true;
  });
});

test('a command that a killed agent never read is sent again to the next one', async () => {
  const client = await fleet.client();
  const startsBefore = fleet.lines('counted.starts').length;
  agent.signal('SIGSTOP');
  const request = operationRequest({ verb: 'restart', hosts: HOST, processes: ['counted'] });
  const submitted = await client.submitOperation(
    { kind: 'operation', request },
    AbortSignal.timeout(5_000),
  );
  assert.equal(submitted.targets[0]?.state, 'dispatched');
  await agent.end('SIGKILL');
  agent = await fleet.startAgent(HOST, { programs });
  const operation = await endOf(client, request.id);
  assert.equal(operation.state, 'succeeded', JSON.stringify(operation.targets));
  assert.equal(await fleet.lineCount(startsBefore + 1, 'counted.starts'), startsBefore + 1);
});

/** The programs themselves; a keeper has the same words at its end, and many before. */
function runningSleeps(): readonly number[] {
  return fleet
    .leftOn(HOST)
    .filter(({ words }) => words.length === 2 && /sleep 1000$/.test(words.join(' ')))
    .map(({ pid }) => pid);
}
