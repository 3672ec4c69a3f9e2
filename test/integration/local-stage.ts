/**
 * One configuration under supervisord and under the agent, each in a folder of its own, and one
 * command line at a time given to both: to supervisorctl, and to `fleetctl --local`.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dialLocal } from '../../cli/local/dial.ts';
import { runFleetctl } from '../../cli/run.ts';
import { systemClock } from '../../cli/terminal/system-clock.ts';
import { fakeWorld } from '../fakes/cli-environment.ts';
import { eventually } from './fleet/wait.ts';

export interface Said {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Side {
  readonly folder: string;
  readonly run: (words: readonly string[]) => Promise<Said>;
  /** @param change of the configuration's text */
  readonly edit: (change: (text: string) => string) => void;
  readonly stop: () => Promise<void>;
}

const CONFIG = 'both.conf';

export const hasSupervisor = spawnSync('supervisord', ['--version']).status === 0;

/** @param programs sections of the configuration; `{dir}` is the folder of the side */
export async function startSupervisor(programs: string): Promise<Side> {
  const folder = layOut(programs);
  const config = join(folder, CONFIG);
  const daemon = spawn('supervisord', ['-n', '-c', config], { cwd: folder, stdio: 'ignore' });
  const environment = { ...process.env, LC_ALL: 'C.UTF-8' };
  const run = async (words: readonly string[]): Promise<Said> => {
    const args = ['-c', config, ...words];
    const options = { encoding: 'utf8', env: environment, timeout: 30_000 } as const;
    const { status, stdout, stderr } = spawnSync('supervisorctl', args, options);
    return { exitCode: status, stdout, stderr };
  };
  return whenReady({ folder, run, edit: editor(config), stop: () => stop(daemon, folder) }, daemon);
}

export async function startAgent(programs: string): Promise<Side> {
  const folder = layOut(programs);
  const config = join(folder, CONFIG);
  const agent = ['--no-warnings', '--import', 'tsx', 'agent/main.ts', '-n', '-c', config];
  const output = join(folder, 'agent.log');
  const daemon = spawn(
    '/bin/sh',
    ['-c', `exec "$0" "$@" > ${output} 2>&1`, process.execPath, ...agent],
    {
      stdio: 'ignore',
    },
  );
  const run = (words: readonly string[]): Promise<Said> =>
    fleetctlLocal(join(folder, 'supervisor.sock'), words);
  const side = { folder, run, edit: editor(config), stop: () => stop(daemon, folder) };
  try {
    return await whenReady(side, daemon);
  } catch (error) {
    throw new Error(`${error}\n${readFileSync(output, 'utf8')}`);
  }
}

/** In this process, because starting fleetctl from its sources takes a second. */
export async function fleetctlLocal(socket: string, words: readonly string[]): Promise<Said> {
  const { environment, stdout, stderr } = fakeWorld(() => {
    throw new Error('the controller was dialled');
  });
  const exitCode = await runFleetctl(['--local', ...words], {
    ...environment,
    clock: systemClock,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    dialLocal: (typed) => dialLocal(typed ?? socket, null),
  });
  return { exitCode, stdout: stdout(), stderr: stderr() };
}

/** Both sides' sockets have one name, so that their messages differ in the folder only. */
function layOut(programs: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'fleet-local-'));
  mkdirSync(join(folder, 'auto'));
  writeFileSync(join(folder, CONFIG), `${HEAD}${programs}`.replaceAll('{dir}', folder));
  return folder;
}

const HEAD = `[supervisord]
logfile = {dir}/supervisord.log
pidfile = {dir}/supervisord.pid
childlogdir = {dir}/auto
[unix_http_server]
file = {dir}/supervisor.sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl = unix://{dir}/supervisor.sock
[agent]
state_dir = {dir}/state
socket = {dir}/supervisor.sock
`;

function editor(config: string): Side['edit'] {
  return (change) => writeFileSync(config, change(readFileSync(config, 'utf8')));
}

async function whenReady(side: Side, daemon: ChildProcess): Promise<Side> {
  await eventually(
    'an answer to `version`',
    async () => daemon.exitCode !== null || (await side.run(['version'])).exitCode === 0,
  );
  if (daemon.exitCode !== null) throw new Error(`${daemon.spawnargs.join(' ')} has ended`);
  return side;
}

async function stop(daemon: ChildProcess, folder: string): Promise<void> {
  if (daemon.exitCode === null && daemon.signalCode === null) {
    const ended = once(daemon, 'exit');
    daemon.kill('SIGTERM');
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
}
