/**
 * Whoever asks an agent to stop while it still starts is obeyed: it ends in order, with everything
 * that it has started or taken over; or it ends before it has touched anything.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { type Daemon, startProgram } from './fleet/daemon.ts';
import { MARK, processesOf } from './fleet/processes.ts';
import { copyPrograms } from './fleet/programs.ts';
import { eventually } from './fleet/wait.ts';
import { type Host, makeHost } from './local/host.ts';

/** From before Node has loaded anything to long after it supervises. */
const MOMENTS_MS = Array.from({ length: 13 }, (_, index) => index * 50);

const PROGRAMS = `[program:web]
command = sleep 1000
numprocs = 3
process_name = %(process_num)d
startsecs = 0`;
const COUNT = 3;

let folder: string;
let program: string;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'fleetvisor-early-'));
  program = copyPrograms(join(folder, 'programs')).agent;
});

after(() => rmSync(folder, { recursive: true, force: true }));

/** As it is installed: from its sources it takes longer to load than to start. */
const start = (host: Host, more: readonly string[] = []): Daemon =>
  startProgram({
    name: 'fleet-agent',
    words: ['--no-warnings', program, '-c', host.config, ...more],
    env: { PATH: process.env['PATH'] ?? '', [MARK]: host.folder },
    directory: host.folder,
  });

const sleepers = (host: Host): readonly number[] =>
  processesOf(host.folder).flatMap(({ pid, words }) => (words[0] === 'sleep' ? [pid] : []));

/** With processes that an agent before it has left running. */
async function leaveRunning(host: Host): Promise<void> {
  const earlier = start(host);
  await eventually('all of them run', () => sleepers(host).length === COUNT, {
    explain: earlier.stderr,
  });
  await eventually('it supervises', () => earlier.log().some(({ msg }) => msg === 'supervising'));
  await earlier.end('SIGKILL');
}

/** @returns whether it ended in order; else it was killed before it had done anything */
async function endsCleanly(host: Host, agent: Daemon, earlier: readonly number[]) {
  const ending = await agent.end('SIGTERM');
  if (ending.signal === 'SIGTERM') {
    assert.equal(agent.stderr(), '');
    assert.deepEqual(sleepers(host), earlier);
    return false;
  }
  assert.deepEqual(ending, { code: 0, signal: null }, agent.stderr());
  assert.deepEqual(sleepers(host), []);
  return true;
}

test('at any moment of a first start', async () => {
  for (const moment of MOMENTS_MS) {
    using host = makeHost({ rest: PROGRAMS });
    const agent = start(host);
    await setTimeout(moment);
    await endsCleanly(host, agent, []);
  }
});

test('at any moment of a start that takes over what runs', async () => {
  using host = makeHost({ rest: PROGRAMS });
  for (const moment of MOMENTS_MS) {
    if (sleepers(host).length === 0) await leaveRunning(host);
    const earlier = sleepers(host);
    const agent = start(host);
    await setTimeout(moment);
    await endsCleanly(host, agent, earlier);
  }
});

for (const [when, isFirst] of [
  ['as soon as its socket is there', true],
  ['as soon as its socket is there, with what it takes over', false],
] as const) {
  test(when, async () => {
    using host = makeHost({ rest: PROGRAMS });
    if (!isFirst) await leaveRunning(host);
    rmSync(host.socket, { force: true });
    const agent = start(host);
    await eventually('its socket', () => existsSync(host.socket), { askEveryMs: 1 });
    assert.equal(await endsCleanly(host, agent, []), true);
  });
}

test('while it reads its configuration', async () => {
  using host = makeHost({ rest: PROGRAMS });
  const text = readFileSync(host.config);
  const configuration = makePipe(host.config);
  const agent = start(host);
  await isReading(agent, host.config);
  agent.signal('SIGTERM');
  writeSync(configuration, text);
  closeSync(configuration);
  assert.deepEqual(await agent.ended(), { code: 0, signal: null }, agent.stderr());
  assert.deepEqual(sleepers(host), []);
});

test('a check is no start: it ends at once', async () => {
  using host = makeHost({ rest: '' });
  const configuration = makePipe(host.config);
  const check = start(host, ['--check']);
  await isReading(check, host.config);
  assert.deepEqual(await check.end('SIGINT'), { code: null, signal: 'SIGINT' });
  closeSync(configuration);
});

/** @returns the end into which the configuration is written, open before anybody reads */
function makePipe(path: string): number {
  rmSync(path);
  execFileSync('mkfifo', [path]);
  return openSync(path, constants.O_RDWR);
}

function isReading({ pid }: Daemon, path: string): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  return eventually('it reads its configuration', () =>
    readdirSync(folder).some((name) => readlinkSync(join(folder, name)) === path),
  );
}
