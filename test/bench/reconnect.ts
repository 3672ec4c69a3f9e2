/**
 * A controller that is killed and started again under 10,000 agents: how long until all are back,
 * each with its snapshot, and how late the controller's event loop came round meanwhile. The agents
 * come back spread over the time that the last Welcome told them.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createAuthority } from '../../certs-tool/issue.ts';
import { reconnectSpreadMs } from '../../controller/core/reconnection.ts';
import { issueIdentities } from '../swarm/identities.ts';
import { descriptorProblem, type Swarm, startSwarm } from '../swarm/swarm.ts';
import type { Bench, BenchTools, Budget, Finding } from './bench.ts';
import { tryCommand } from './command.ts';
import type { Daemon } from './daemons.ts';
import { type Headquarters, startHeadquarters } from './fleet.ts';
import { processorMs } from './proc.ts';
import { spreadOf } from './spread.ts';

const AGENTS = 10_000;
const ROUNDS = 3;
const POLL_MS = 250;
/** In which the agents find out that their controller is gone. */
const GONE_MS = 1_000;
const BACK_WAIT_MS = 5 * 60_000;

const PRELOAD = new URL('loop-delay.mjs', import.meta.url).pathname;

export const reconnect: Bench = {
  name: `reconnect-${AGENTS}`,
  summary: `${AGENTS.toLocaleString('en')} simulated agents come back to a controller that was killed, ${ROUNDS} times; takes seven minutes`,
  run,
};

/** In milliseconds. */
interface LoopDelay {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

interface Return extends LoopDelay {
  readonly wallMs: number;
  readonly processorMs: number;
}

async function run(tools: BenchTools): Promise<readonly Finding[]> {
  const problem = descriptorProblem(AGENTS);
  if (problem !== null) throw new Error(problem);
  const authority = await createAuthority({ fleet: 'bench', nowMs: Date.now() });
  const hosts = Array.from({ length: AGENTS }, (_, at) => `web-${`${at + 1}`.padStart(5, '0')}`);
  const identities = await issueIdentities(authority, hosts);
  const report = join(tools.directory, 'loop-delay.json');
  process.env['LOOP_DELAY_FILE'] = report;
  const headquarters = await startHeadquarters(tools, 'controller', {
    authority,
    preload: PRELOAD,
  });
  const controller = { host: '127.0.0.1', port: headquarters.port };
  const processes = [{ name: 'web', startMs: 0 }];
  await using swarm = await startSwarm({ controller, authority, hosts, processes, identities });
  const spreadMs = reconnectSpreadMs(AGENTS);
  tools.note(`they were told to come back within ${spreadMs / 1_000} s`);
  const returns: Return[] = [];
  let { controller: daemon } = headquarters;
  while (returns.length < ROUNDS) {
    await daemon.kill();
    await delay(GONE_MS);
    daemon = headquarters.startController();
    returns.push(await returnOf(swarm, headquarters, daemon, report));
  }
  return findings(returns);
}

async function returnOf(
  swarm: Swarm,
  { fleetctl }: Headquarters,
  daemon: Daemon,
  report: string,
): Promise<Return> {
  const startedMs = performance.now();
  const deadlineMs = startedMs + BACK_WAIT_MS;
  for (let back = 0; back < AGENTS; back = await swarm.connected()) {
    if (performance.now() > deadlineMs) throw new Error(`${back} of ${AGENTS} are back`);
    await delay(POLL_MS);
  }
  const wallMs = performance.now() - startedMs;
  const usedMs = processorMs(daemon.pid);
  const loopDelay = await askLoopDelay(daemon, report);
  // Asked only now: the answer is some megabytes.
  await daemon.readyWhen(() => connectedHosts(fleetctl) === AGENTS);
  return { wallMs, processorMs: usedMs, ...loopDelay };
}

async function askLoopDelay({ pid }: Daemon, report: string): Promise<LoopDelay> {
  rmSync(report, { force: true });
  process.kill(pid, 'SIGUSR2');
  while (!existsSync(report)) await delay(POLL_MS);
  return JSON.parse(readFileSync(report, 'utf8')) as LoopDelay;
}

function connectedHosts(fleetctl: Headquarters['fleetctl']): number {
  const { stdout } = tryCommand(fleetctl('hosts', '-o', 'json'));
  if (stdout === '') return 0;
  const { items } = JSON.parse(stdout) as { items: readonly { state: string }[] };
  return items.filter(({ state }) => state === 'connected').length;
}

function findings(returns: readonly Return[]): readonly Finding[] {
  const row = (
    what: string,
    measure: (one: Return) => number,
    budget: Budget | null = null,
  ): Finding => ({ what, unit: 'ms', ours: spreadOf(returns.map(measure)), peer: null, budget });
  return [
    row(`${AGENTS.toLocaleString('en')} agents back after a kill`, (one) => one.wallMs),
    row('… processor per agent', (one) => one.processorMs / AGENTS, { kind: 'atMost', value: 4 }),
    row('… event loop late, median', (one) => one.p50),
    row('… event loop late, 99th percentile', (one) => one.p99, { kind: 'atMost', value: 250 }),
    row('… event loop late, longest', (one) => one.max),
  ];
}
