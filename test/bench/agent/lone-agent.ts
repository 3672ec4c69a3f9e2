/**
 * Our agent as supervisord's equal: no controller, and commanded through its own socket by
 * `fleetctl --local`, on the same host.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchTools } from '../bench.ts';
import { DIST, FLEETCTL } from '../fleet.ts';
import { runningPids } from '../listing.ts';
import type { AloneOptions } from '../supervisor.ts';

export interface LoneAgent {
  readonly pid: number;
  /** Where it listens, for `LocalControl`. */
  readonly socket: string;
  /** A whole command line of `fleetctl --local` for this agent. */
  readonly fleetctl: (...words: readonly string[]) => readonly string[];
}

/** Resolves when every process is RUNNING. */
export async function startLoneAgent(
  tools: BenchTools,
  { name, processes, programs }: AloneOptions,
): Promise<LoneAgent> {
  const directory = join(tools.directory, name);
  mkdirSync(directory);
  const socket = join(directory, 'agent.sock');
  const config = join(directory, 'agent.conf');
  const section = `[agent]\nstate_dir = ${join(directory, 'state')}\nsocket = ${socket}\n`;
  writeFileSync(config, `${section}${programs}`, { mode: 0o600 });
  const command = [process.execPath, join(DIST, 'fleet-agent.js'), '-c', config];
  const daemon = tools.daemons.start(command, join(directory, 'output'));
  const fleetctl = (...words: readonly string[]) =>
    [process.execPath, FLEETCTL, '--local', '--socket', socket, ...words] as const;
  await daemon.readyWhen(() => runningPids(fleetctl('status')).size === processes);
  return { pid: daemon.pid, socket, fleetctl };
}
