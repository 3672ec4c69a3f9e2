/** The peer: Supervisor as Debian packages it, on the same machine in the same run. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchTools } from './bench.ts';
import { runningPids } from './listing.ts';
import type { Package } from './packages.ts';

export interface Supervisor {
  readonly pid: number;
  /** Where it listens, for XML-RPC. */
  readonly socket: string;
  /** A whole command line of supervisorctl for this instance. */
  readonly supervisorctl: (...words: readonly string[]) => readonly string[];
}

export const SUPERVISOR: Package = {
  name: 'supervisor',
  probe: ['supervisord', '--version'],
  hasService: true,
};

/** Of a daemon that is alone on its host: of supervisord, and of our agent beside it. */
export interface AloneOptions {
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
  { name, processes, programs }: AloneOptions,
): Promise<Supervisor> {
  const directory = join(tools.directory, name);
  mkdirSync(directory);
  const config = join(directory, 'supervisord.conf');
  const socket = join(directory, 'supervisor.sock');
  writeFileSync(config, configText(directory, socket, programs));
  const command = ['supervisord', '-n', '-c', config];
  const daemon = tools.daemons.start(command, join(directory, 'output'));
  const supervisorctl = (...words: readonly string[]) =>
    ['supervisorctl', '-c', config, ...words] as const;
  await daemon.readyWhen(() => {
    return runningPids(supervisorctl('status')).size === processes;
  });
  return { pid: daemon.pid, socket, supervisorctl };
}

/** Nothing but what supervisorctl needs; everything else is left as Supervisor has it. */
function configText(directory: string, socket: string, programs: string): string {
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
