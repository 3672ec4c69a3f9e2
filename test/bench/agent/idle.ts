/**
 * Processor time while nothing happens, with one program and with 200: of the agent alone and of one
 * with a controller, beside supervisord, which looks after everything once a second. All of them are
 * idle at the same time, and so are the keepers, which are counted apart.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Bench, BenchTools, Finding } from '../bench.ts';
import { startFleet } from '../fleet.ts';
import { childrenOf, processorMs, sum } from '../proc.ts';
import { sleepers } from '../programs.ts';
import { spreadOf } from '../spread.ts';
import { startSupervisor } from '../supervisor.ts';
import { startLoneAgent } from './lone-agent.ts';

const WINDOWS = 5;
/** One heartbeat of a connected agent falls into each. */
const WINDOW_MS = 5_000;
/** So that most of what the start left to do is not counted. */
const SETTLE_MS = 12_000;

export const idle: Bench = {
  name: 'agent-idle',
  summary: `processor time of idle daemons, ${WINDOWS} times ${WINDOW_MS / 1_000} s`,
  run: async (tools) => [...(await withPrograms(tools, 1)), ...(await withPrograms(tools, 200))],
};

async function withPrograms(tools: BenchTools, count: number): Promise<readonly Finding[]> {
  const programs = sleepers(count);
  const name = (what: string) => `${what}-${count}`;
  const alone = (what: string) => ({ name: name(what), processes: count, programs });
  const agent = await startLoneAgent(tools, alone('agent'));
  const fleet = await startFleet(tools, { name: name('fleet'), hosts: 1, programs });
  const supervisor = tools.hasSupervisor ? await startSupervisor(tools, alone('supervisor')) : null;
  await delay(SETTLE_MS);
  const watched = {
    agent: [agent.pid],
    keepers: childrenOf(agent.pid),
    connected: fleet.agentPids,
    supervisor: supervisor === null ? [] : [supervisor.pid],
  };
  const { agent: own, keepers, connected, supervisor: peer } = await watch(watched);
  const finding = (what: string, values: readonly number[]): Finding => ({
    what,
    unit: 'ms/s',
    ours: spreadOf(values),
    peer: supervisor === null ? null : { name: 'supervisord', spread: spreadOf(peer) },
    budget: null,
  });
  return [
    finding(`idle agent, ${count} program${count === 1 ? '' : 's'}`, own),
    finding('… with a controller', connected),
    { ...finding('… all its keepers', keepers), peer: null },
  ];
}

/** @returns for each window the milliseconds of processor time in a second, summed over the pids */
async function watch<Name extends string>(
  watched: Readonly<Record<Name, readonly number[]>>,
): Promise<Readonly<Record<Name, readonly number[]>>> {
  const names = Object.keys(watched) as Name[];
  const used = () => names.map((name) => sum(watched[name].map(processorMs)));
  const rates: number[][] = names.map(() => []);
  for (let window = 0; window < WINDOWS; window += 1) {
    const before = used();
    await delay(WINDOW_MS);
    for (const [index, afterMs] of used().entries()) {
      rates[index]?.push((afterMs - (before[index] ?? 0)) / (WINDOW_MS / 1_000));
    }
  }
  const pairs = names.map((name, index) => [name, rates[index] ?? []] as const);
  return Object.fromEntries(pairs) as Record<Name, number[]>;
}
