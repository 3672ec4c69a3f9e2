/**
 * What programs start, and how much memory they take, under a whole agent: `stop_descendants` and
 * what is left without it, also where another agent began it all, and `memory_max`.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Daemon } from './fleet/daemon.ts';
import { createFleet, type Fleet } from './fleet/harness.ts';
import { isAlive, sendSignal } from './fleet/processes.ts';

const HOST = 'web-1';
const MIB = 1024 * 1024;
const LIMIT_MIB = 150;

let fleet: Fleet;
let agent: Daemon;
let programs: string;

before(async () => {
  fleet = await createFleet();
  // One in a session of its own, and an orphan; each has written its pid when it is what it is.
  const family = fleet.script(
    'family',
    `trap 'exit 0' TERM
daemon='trap "$1" TERM; echo $$ >> "$0"; while :; do sleep 0.1; done'
setsid sh -c "$daemon" "$PIDS" "$ON_TERM" &
( sh -c "$daemon" "$PIDS" "$ON_TERM" & )
while :; do sleep 0.05; done
`,
  );
  const withFamily = (name: string, more: string, onTerm = 'exit'): string => `
[program:${name}]
command = ${family}
environment = PIDS="${fleet.path(`${name}.pids`)}",ON_TERM="${onTerm}"
startsecs = 0
${more}
`;
  const greedy = `
const fs = require('fs');
const isFirst = !fs.existsSync(process.env.GREEDY);
fs.writeFileSync(process.env.GREEDY, '');
const hoard = isFirst ? Buffer.alloc(${2 * LIMIT_MIB * MIB}, 1) : null;
setInterval(() => hoard, 1000);
`;
  programs = `
${withFamily('leaving', '')}
${withFamily('ending', 'stop_descendants = true')}
${withFamily('stubborn', 'stop_descendants = true\nstopwaitsecs = 1', ':')}
${withFamily('inherited', 'stop_descendants = true')}
[program:greedy]
command = ${process.execPath} ${fleet.write('greedy.js', greedy)}
environment = GREEDY="${fleet.path('greedy.was-here')}"
memory_max = ${LIMIT_MIB}MB
startsecs = 0
`;
  await fleet.startController();
  agent = await fleet.startAgent(HOST, { programs });
});

after(() => fleet?.[Symbol.dispose]());

async function familyOf(name: string): Promise<readonly number[]> {
  await fleet.running(HOST, name);
  const pids = await fleet.until(`${name} has its family`, () => {
    const lines = fleet.lines(`${name}.pids`);
    return lines.length === 2 && lines.map(Number);
  });
  assert.ok(pids.every(isAlive));
  return pids;
}

/** @returns how long it took, in ms, and how many were left behind */
async function stop(name: string) {
  const beganAtMs = performance.now();
  const result = await fleet.fleetctl('stop', name, '--hosts', HOST);
  const tookMs = performance.now() - beganAtMs;
  assert.equal(result.code, 0, result.stderr);
  const status = (await fleet.processes()).get(`${HOST} ${name}`)?.status;
  assert.equal(status?.state, 'STOPPED');
  return { tookMs, leftBehind: status.leftBehind };
}

test('what a program leaves behind is counted in its status until its next start', async () => {
  const pids = await familyOf('leaving');
  // Each may be in the middle of a sleep(1), which is one more, and of the fork before it.
  const { leftBehind } = await stop('leaving');
  assert.ok(leftBehind >= 2 && leftBehind <= 6, `${leftBehind}`);
  assert.ok(pids.every(isAlive));
  for (const pid of pids) sendSignal(pid, 'SIGKILL');
});

test('with stop_descendants nothing is left when the stop is done', async () => {
  const pids = await familyOf('ending');
  assert.equal((await stop('ending')).leftBehind, 0);
  assert.deepEqual(pids.filter(isAlive), []);
});

test('descendants that ignore the stop signal are killed after stopwaitsecs', async () => {
  const pids = await familyOf('stubborn');
  const { tookMs, leftBehind } = await stop('stubborn');
  assert.equal(leftBehind, 0);
  assert.deepEqual(pids.filter(isAlive), []);
  // On a busy machine it may take longer, but not as long as the default.
  assert.ok(tookMs >= 1_000 && tookMs < 9_000, `it took ${tookMs} ms`);
});

test('a program that goes above its memory_max is restarted, and says why', async () => {
  const restarted = await fleet.process(
    HOST,
    'greedy',
    'was restarted',
    ({ status }) => status.state === 'RUNNING' && status.restarts === 1,
  );
  assert.equal(restarted.memoryMaxBytes, LIMIT_MIB * MIB);
  const measured = await fleet.process(
    HOST,
    'greedy',
    'is measured',
    ({ status }) => status.residentBytes !== null,
  );
  const mebibytes = (measured.residentBytes ?? 0) / MIB;
  assert.ok(mebibytes > 10 && mebibytes < LIMIT_MIB, `${mebibytes}`);
  assert.match(agent.stderr(), /restart greedy \(\d+\.\d MB resident, memory_max is 150\.0 MB\)/);
});

test('the next agent stops descendants of what the last one started', async () => {
  const pids = await familyOf('inherited');
  sendSignal(agent.pid, 'SIGKILL');
  await agent.ended();
  agent = await fleet.startAgent(HOST, { programs });
  await fleet.running(HOST, 'inherited');
  assert.equal((await stop('inherited')).leftBehind, 0);
  assert.deepEqual(pids.filter(isAlive), []);
});
