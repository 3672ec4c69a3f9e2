/**
 * Another version of the agent is installed, and `systemctl restart` is what an administrator types:
 * the old one is sent the signal that our unit names, and when it has ended the new one is started.
 * No program notices, whatever the way there and back.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { keptDatabase } from '../../proto/sqlite.ts';
import { PRODUCT_VERSION } from '../../proto/version.ts';
import { type Daemon, startProgram } from './fleet/daemon.ts';
import { createFleet, endOf, type Fleet, operationRequest, pidOf } from './fleet/harness.ts';
import { isAlive, MARK } from './fleet/processes.ts';
import { bundleAgent, unitSetting } from './fleet/versions.ts';

const HOST = 'web-1';
const NEXT_VERSION = '9.8.7';
const NAMES = ['web:web-0', 'web:web-1', 'web:web-2', 'talker', 'slow'] as const;
let fleet: Fleet;
let agent: Daemon;
let conf: string;

const binaryOf = (version: string): string => fleet.path('programs', `fleet-agent-${version}.js`);

before(async () => {
  fleet = await createFleet();
  const talker = fleet.script(
    'talker',
    'i=0\nwhile :; do i=$((i + 1)); echo "line $i"; sleep 0.02; done\n',
  );
  const slow = fleet.script(
    'slow',
    'echo $$ >> "$STARTS"\ntrap "sleep 1; exit 0" TERM\nwhile :; do sleep 0.1; done\n',
  );
  const programs = `
[program:web]
command = sleep 1000
numprocs = 3
process_name = %(program_name)s-%(process_num)d
[program:talker]
command = ${talker}
stdout_logfile = ${fleet.path('talker.log')}
[program:slow]
command = ${slow}
environment = STARTS="${fleet.path('slow.starts')}"
startsecs = 0
`;
  await Promise.all([
    fleet.startController(),
    ...[PRODUCT_VERSION, NEXT_VERSION].map((version) => bundleAgent(version, binaryOf(version))),
  ]);
  conf = await fleet.writeAgentConf(HOST, { programs });
  agent = await start(PRODUCT_VERSION);
  for (const name of NAMES) await fleet.running(HOST, name);
});

after(() => fleet?.[Symbol.dispose]());

async function start(version: string): Promise<Daemon> {
  const daemon = startProgram({
    name: HOST,
    words: [binaryOf(version), '-c', conf],
    directory: fleet.folder,
    env: { PATH: process.env['PATH'] ?? '', HOME: fleet.folder, [MARK]: fleet.folder },
  });
  await fleet.until('it supervises', () => daemon.log().some(({ msg }) => msg === 'supervising'), {
    explain: daemon.stderr,
  });
  return daemon;
}

/** `systemctl restart`, as our unit has it: the signal goes to the main process alone. */
async function systemctlRestart(version: string): Promise<void> {
  assert.equal(unitSetting('KillMode'), 'process');
  const ending = await agent.end(unitSetting('RestartKillSignal') as NodeJS.Signals);
  assert.deepEqual(ending, { code: 0, signal: null }, agent.stderr());
  assert.equal(unitSetting('RestartSec'), '100ms');
  await delay(100);
  agent = await start(version);
}

/** A crash, which `Restart=always` answers; meanwhile another version was installed. */
async function crash(version: string): Promise<void> {
  await agent.end('SIGKILL');
  agent = await start(version);
}

/** proc(5): pid and start time, which no other process of this boot shares. */
async function identities(): Promise<ReadonlyMap<string, string>> {
  const processes = await fleet.processes();
  return new Map(
    NAMES.map((name) => {
      const pid = pidOf(processes.get(`${HOST} ${name}`)?.status ?? { pid: null });
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
      return [name, `${pid} started at ${startTime}`];
    }),
  );
}

async function shownBy(version: string): Promise<string> {
  return fleet.until(`hosts shows ${version}`, async () => {
    const { stdout } = await fleet.fleetctl('hosts', '-o', 'wide');
    return stdout.includes(` ${version} `) && / connected /.test(stdout) && stdout;
  });
}

/**
 * What is in the agent's hands when it is killed is lost: at the most what was printed in 50 ms.
 * Nothing else is, and nothing comes twice. @returns how many lines there are
 */
function talked(crashes: number): number {
  const numbers = fleet.lines('talker.log').map((line) => Number(/^line (\d+)$/.exec(line)?.[1]));
  assert.ok(numbers.every(Number.isInteger), 'a line is torn');
  assert.deepEqual(
    numbers,
    [...new Set(numbers)].sort((a, b) => a - b),
  );
  const missing = (numbers.at(-1) ?? 0) - numbers.length;
  assert.ok(missing <= crashes * LINES_IN_HAND_MAX, `${missing} lines are missing`);
  return numbers.length;
}

const LINES_IN_HAND_MAX = 5;

/** In this order; `crashes`: so far. */
const WAYS = [
  { what: 'an upgrade by systemctl restart', to: NEXT_VERSION, go: systemctlRestart, crashes: 0 },
  {
    what: 'a downgrade by systemctl restart',
    to: PRODUCT_VERSION,
    go: systemctlRestart,
    crashes: 0,
  },
  { what: 'an upgrade by a crash', to: NEXT_VERSION, go: crash, crashes: 1 },
  { what: 'a downgrade by a crash', to: PRODUCT_VERSION, go: crash, crashes: 2 },
];

for (const { what, to, go, crashes } of WAYS) {
  test(`${what}: every pid and start time is the same, and so is the output`, async () => {
    const before = await identities();
    const lines = talked(crashes);
    await go(to);
    const table = await shownBy(to);
    const [header = '', row = ''] = table.split('\n');
    const shown = row.slice(header.indexOf('ADOPTED')).trim().split(/\s+/)[0];
    assert.equal(shown, String(NAMES.length), table);
    assert.deepEqual(await identities(), before);
    for (const name of NAMES) {
      const { restarts, state } = await fleet.process(HOST, name, 'is there', () => true);
      assert.deepEqual([name, restarts, state], [name, 0, 'RUNNING']);
    }
    await fleet.until('it talks on', () => fleet.lines('talker.log').length > lines + 20);
    talked(crashes);
  });
}

test('a restart that was under way is finished by the next version, and done once', async () => {
  const client = await fleet.client();
  const request = operationRequest({ verb: 'restart', hosts: HOST, processes: ['slow'] });
  await client.submitOperation({ kind: 'operation', request }, AbortSignal.timeout(5_000));
  await fleet.process(HOST, 'slow', 'is stopping', ({ status }) => status.state === 'STOPPING');
  await systemctlRestart(NEXT_VERSION);
  const operation = await endOf(client, request.id);
  assert.equal(operation.state, 'succeeded', JSON.stringify(operation.targets));
  assert.equal(await fleet.lineCount(2, 'slow.starts'), 2);
});

test('a version that cannot read the journal of the newer one refuses, and everything runs on', async () => {
  const before = await identities();
  const ending = await agent.end(unitSetting('RestartKillSignal') as NodeJS.Signals);
  assert.equal(ending.code, 0);
  const setSchema = (step: number): void => {
    const database = keptDatabase(fleet.path(HOST, 'journal.db'), 1_000);
    const version = Number(database.prepare('PRAGMA user_version').pluck().get());
    database.exec(`PRAGMA user_version = ${version + step}`);
    database.close();
  };
  setSchema(1);
  const refused = startProgram({
    name: HOST,
    words: [binaryOf(PRODUCT_VERSION), '-c', conf],
    directory: fleet.folder,
    env: { PATH: process.env['PATH'] ?? '', HOME: fleet.folder, [MARK]: fleet.folder },
  });
  assert.deepEqual(await refused.ended(), {
    code: Number(unitSetting('RestartPreventExitStatus')),
    signal: null,
  });
  assert.match(
    refused.stderr(),
    /written by a newer version[\s\S]*install the newer version again/,
  );
  for (const identity of before.values()) assert.ok(isAlive(Number.parseInt(identity, 10)));
  setSchema(-1);
  agent = await start(NEXT_VERSION);
  await fleet.process(HOST, 'talker', 'is back', ({ hostConnected }) => hostConnected);
  assert.deepEqual(await identities(), before);
});
