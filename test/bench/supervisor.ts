/** The peer: Supervisor as Debian packages it, on the same machine in the same run. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchTools } from './bench.ts';
import { tryCommand } from './command.ts';
import type { Package } from './packages.ts';

export interface Supervisor {
  readonly pid: number;
  /** A whole command line of supervisorctl for this instance. */
  readonly supervisorctl: (...words: readonly string[]) => readonly string[];
}

export const SUPERVISOR: Package = {
  name: 'supervisor',
  probe: ['supervisord', '--version'],
  hasService: true,
};

export interface SupervisorOptions {
  /** Of its directory. */
  readonly name: string;
  /** How many processes the programs make. */
  readonly processes: number;
  /** Sections of its configuration. */
  readonly programs: string;
}

/** Resolves when every process is RUNNING. */
export async function startSupervisor(
  tools: BenchTools,
  { name, processes, programs }: SupervisorOptions,
): Promise<Supervisor> {
  const directory = join(tools.directory, name);
  mkdirSync(directory);
  const config = join(directory, 'supervisord.conf');
  writeFileSync(config, configText(directory, programs));
  const command = ['supervisord', '-n', '-c', config];
  const daemon = tools.daemons.start(command, join(directory, 'output'));
  const supervisorctl = (...words: readonly string[]) =>
    ['supervisorctl', '-c', config, ...words] as const;
  await daemon.readyWhen(() => {
    const { stdout } = tryCommand(supervisorctl('status'));
    return (stdout.match(/ RUNNING /g) ?? []).length === processes;
  });
  return { pid: daemon.pid, supervisorctl };
}

/** Nothing but what supervisorctl needs; everything else is left as Supervisor has it. */
function configText(directory: string, programs: string): string {
  const socket = join(directory, 'supervisor.sock');
  return `[supervisord]
directory = ${directory}
logfile = ${join(directory, 'supervisord.log')}
pidfile = ${join(directory, 'supervisord.pid')}
childlogdir = ${directory}
[unix_http_server]
file = ${socket}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl = unix://${socket}
${programs}`;
}
