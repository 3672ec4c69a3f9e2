/**
 * What is printed while no agent runs, and what a program printed just before it ended then, is in
 * its log when there is an agent again: all of it, and once.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { readChildRecord } from '../../agent/adapters/children/child-record.ts';
import type { Daemon } from './fleet/daemon.ts';
import { createFleet, type Fleet } from './fleet/harness.ts';
import { isAlive, type SeenProcess } from './fleet/processes.ts';

const HOST = 'web-1';
let fleet: Fleet;
let agent: Daemon;
let programs: string;

/** One that is never restarted by itself, so that its state tells what was found. */
const program = (name: string, more = ''): string => `
[program:${name}]
command = ${fleet.path(name)}
startsecs = 0
autorestart = false
stdout_logfile = ${fleet.path(`${name}.log`)}
stderr_logfile = ${fleet.path(`${name}.err.log`)}
${more}`;

before(async () => {
  fleet = await createFleet();
  // Its child outlives it and prints on.
  fleet.script(
    'talker',
    `echo up
(while ! test -e ${fleet.path('later')}; do sleep 0.02; done; echo "from the child of $$") &
while ! test -e ${fleet.path('end')}; do sleep 0.02; done
i=0; while test $i -lt 500; do i=$((i + 1)); echo "last words $i"; done
echo 'the reason' >&2
exit 3
`,
  );
  fleet.script('lasting', 'exec sleep 1000\n');
  programs = program('talker') + program('lasting', 'autostart = false');
  await fleet.startController();
  agent = await fleet.startAgent(HOST, { programs });
  await fleet.running(HOST, 'talker');
});

after(() => fleet?.[Symbol.dispose]());

/** Of the talker whose child prints when it is gone. */
let firstPid = 0;

function holders(): readonly SeenProcess[] {
  return fleet.leftOn(HOST).filter(({ words }) => words.includes('holder of output'));
}

const runFile = (name: string): string => fleet.path(HOST, 'run', name);

test('one holder is there, and the record of each child that was let go', async () => {
  assert.equal(holders().length, 1);
  const pid = await fleet.running(HOST, 'talker');
  assert.equal(readChildRecord(runFile('talker.child'))?.pid, pid);
  assert.equal(existsSync(runFile('lasting.child')), false);
});

test('last words, said while no agent ran, are in the log once, however often the next is killed', async () => {
  const pid = await fleet.running(HOST, 'talker');
  firstPid = pid;
  await agent.end('SIGKILL');
  fleet.write('end', '');
  await fleet.until('it has ended', () => !isAlive(pid));
  await fleet.until('its keeper has told', () => existsSync(runFile('talker.exit')));
  for (const afterMs of [60, 120, 180, 240, 300, 360]) {
    const next = fleet.runAgent(['-c', fleet.path(`${HOST}.conf`)], { name: HOST });
    await delay(afterMs);
    await next.end('SIGKILL');
  }
  fleet.write('later', '');
  await fleet.until('its child has ended', () => !fleet.leftOn(HOST).some(isTalkers));
  agent = await fleet.startAgent(HOST, { programs });
  const expected = ['up', ...Array.from({ length: 500 }, (_, index) => `last words ${index + 1}`)];
  await fleet.until('all of it is there', () => fleet.lines('talker.log').length > 500);
  assert.deepEqual(fleet.lines('talker.log').slice(0, 501), expected);
  assert.deepEqual(fleet.lines('talker.err.log'), ['the reason']);
  const status = await fleet.process(HOST, 'talker', 'is back', (entry) => entry.hostConnected);
  assert.deepEqual([status.state, status.exitCode], ['EXITED', 3]);
  await fleet.until('one holder is left', () => holders().length === 1);
  assert.equal(readChildRecord(runFile('talker.child')), null, 'its end has been taken up');
});

const isTalkers = ({ words }: SeenProcess): boolean =>
  words.some((word) => word.endsWith('/talker'));

test('what a child of it printed after that is there with the next start', async () => {
  assert.equal((await fleet.fleetctl('start', 'talker', '--hosts', HOST)).code, 0);
  const said = `from the child of ${firstPid}`;
  await fleet.until('it is there', () => fleet.lines('talker.log').includes(said));
  assert.equal(fleet.lines('talker.log').filter((line) => line === said).length, 1);
});

test('a hand-over leaves the holder to the next agent, an orderly end leaves nothing', async () => {
  assert.equal((await fleet.fleetctl('start', 'lasting', '--hosts', HOST)).code, 0);
  const pid = await fleet.running(HOST, 'lasting');
  const [before] = holders();
  await agent.end('SIGALRM');
  assert.deepEqual(holders(), [before]);
  agent = await fleet.startAgent(HOST, { programs });
  await fleet.until('the next one has its own', () => {
    const [only, ...others] = holders();
    return others.length === 0 && only?.pid !== before?.pid;
  });
  assert.equal(await fleet.running(HOST, 'lasting'), pid);
  await agent.end('SIGTERM');
  await fleet.until('nothing is left', () => fleet.leftOn(HOST).length === 0);
  assert.equal(existsSync(runFile('holder')), false);
  assert.equal(readChildRecord(runFile('lasting.child')), null);
});
