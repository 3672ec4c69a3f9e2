/**
 * A real fleet on this machine: certificates, one controller and as many agents as wanted, all of
 * them the bundles under dist/ that people install.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type Authority,
  createAuthority,
  issueLeaf,
  type LeafRequest,
} from '../../certs-tool/issue.ts';
import type { BenchTools } from './bench.ts';
import { type CommandRun, tryCommand } from './command.ts';
import type { Daemon } from './daemons.ts';

export const DIST = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'dist');
export const FLEETCTL = join(DIST, 'fleetctl.js');

/** A controller without agents. */
export interface Headquarters {
  readonly directory: string;
  readonly authority: Authority;
  readonly port: number;
  readonly controller: Daemon;
  /** Once more, with the same state; the one before must have ended. */
  readonly startController: () => Daemon;
  /** A whole command line of fleetctl for this fleet. */
  readonly fleetctl: (...words: readonly string[]) => readonly string[];
}

export interface HeadquartersOptions {
  /** Left out: one of its own. */
  readonly authority?: Authority;
  /** A module that is loaded into the controller before its own code. */
  readonly preload?: string;
}

export interface FleetOptions {
  /** Of its directory. */
  readonly name: string;
  readonly hosts: number;
  /** Host 1, 2, …; `host-1` unless told otherwise. */
  readonly hostName?: (number: number) => string;
  /** What each agent supervises: sections of its configuration. */
  readonly programs: string;
}

export interface Fleet {
  readonly controllerPid: number;
  readonly agentPids: readonly number[];
  readonly fleetctl: Headquarters['fleetctl'];
}

/** Null where there are bundles to measure. */
export function whyNotBuilt(): string | null {
  return existsSync(FLEETCTL) ? null : `${FLEETCTL} is missing: npm run build makes it`;
}

/** Resolves when every agent is connected and every process RUNNING. */
export async function startFleet(tools: BenchTools, options: FleetOptions): Promise<Fleet> {
  const { hosts, hostName = (number) => `host-${number}`, programs } = options;
  const { directory, authority, port, controller, fleetctl } = await startHeadquarters(
    tools,
    options.name,
  );
  const agents: Daemon[] = [];
  for (let number = 1; number <= hosts; number += 1) {
    const name = hostName(number);
    const config = await writeAgent(directory, authority, { name, port, programs });
    agents.push(start(tools, directory, { program: 'fleet-agent', config, name }));
  }
  await controller.readyWhen(() => isWhole(tryCommand(fleetctl('hosts', '-o', 'json')), hosts));
  await controller.readyWhen(() => tryCommand(fleetctl('status')).status === 0);
  return { controllerPid: controller.pid, agentPids: agents.map(({ pid }) => pid), fleetctl };
}

/** Resolves when the controller answers. */
export async function startHeadquarters(
  tools: BenchTools,
  name: string,
  options: HeadquartersOptions = {},
): Promise<Headquarters> {
  const directory = join(tools.directory, name);
  mkdirSync(directory);
  const authority =
    options.authority ?? (await createAuthority({ fleet: 'bench', nowMs: Date.now() }));
  writeFileSync(join(directory, 'ca.crt'), authority.certificatePem);
  const port = await freePort();
  const controllerConfig = await writeController(directory, authority, port);
  const startController = () =>
    start(tools, directory, {
      program: 'fleet-controller',
      config: controllerConfig,
      name: 'controller',
      ...(options.preload === undefined ? {} : { preload: options.preload }),
    });
  const controller = startController();
  const config = await writeClient(directory, authority, port);
  const fleetctl = (...words: readonly string[]) =>
    [process.execPath, FLEETCTL, ...words, '--config', config] as const;
  await controller.readyWhen(() => tryCommand(fleetctl('hosts')).status === 0);
  return { directory, authority, port, controller, startController, fleetctl };
}

function start(
  tools: BenchTools,
  directory: string,
  daemon: { program: string; config: string; name: string; preload?: string },
): Daemon {
  const { program, config, name, preload } = daemon;
  const flags = preload === undefined ? [] : ['--import', preload];
  const command = [process.execPath, ...flags, join(DIST, `${program}.js`), '-c', config];
  return tools.daemons.start(command, join(directory, `${name}.out`));
}

function isWhole({ stdout }: CommandRun, hosts: number): boolean {
  try {
    const { items } = JSON.parse(stdout) as { items: readonly { state: string }[] };
    return items.filter(({ state }) => state === 'connected').length === hosts;
  } catch {
    return false;
  }
}

async function writeController(
  directory: string,
  authority: Authority,
  port: number,
): Promise<string> {
  const nowMs = Date.now();
  const keys = await writeKeys(directory, authority, {
    kind: 'controller',
    name: 'controller',
    san: 'IP:127.0.0.1',
    nowMs,
  });
  return write(
    join(directory, 'controller.conf'),
    `[controller]
listen = 127.0.0.1:${port}
state_dir = ${join(directory, 'controller')}
${keys}
[operator:bench]
roles = admin
`,
  );
}

async function writeAgent(
  directory: string,
  authority: Authority,
  agent: { readonly name: string; readonly port: number; readonly programs: string },
): Promise<string> {
  const { name, port, programs } = agent;
  const keys = await writeKeys(directory, authority, { kind: 'agent', name, nowMs: Date.now() });
  return write(
    join(directory, `${name}.conf`),
    `[agent]
controllers = 127.0.0.1:${port}
state_dir = ${join(directory, name)}
socket = ${join(directory, `${name}.sock`)}
${keys}
${programs}`,
  );
}

async function writeClient(directory: string, authority: Authority, port: number): Promise<string> {
  const keys = await writeKeys(directory, authority, {
    kind: 'operator',
    name: 'bench',
    nowMs: Date.now(),
  });
  const path = join(directory, 'fleetctl.conf');
  return write(path, `[context:bench]\ncontroller = 127.0.0.1:${port}\n${keys}`);
}

/** The three settings that name the certificates. */
async function writeKeys(
  directory: string,
  authority: Authority,
  request: LeafRequest,
): Promise<string> {
  const pair = await issueLeaf(authority, request);
  const base = join(directory, `${request.kind}-${request.name}`);
  write(`${base}.crt`, pair.certificatePem);
  write(`${base}.key`, pair.keyPem);
  return `ca = ${join(directory, 'ca.crt')}\ncert = ${base}.crt\nkey = ${base}.key\n`;
}

function write(path: string, text: string): string {
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

/** Taken by nobody a moment ago; the controller needs it in a file before it starts. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = address !== null && typeof address === 'object' ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
