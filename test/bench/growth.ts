/**
 * What a restart costs the controller for each target as the fleet grows tenfold three times: the
 * same on 10 agents as on 10,000, but for what every command costs once. One controller, to which
 * more and more agents connect.
 */
import { createAuthority } from '../../certs-tool/issue.ts';
import { issueIdentities } from '../swarm/identities.ts';
import { descriptorProblem } from '../swarm/swarm.ts';
import type { Bench, BenchTools, Finding } from './bench.ts';
import { roundCost } from './contender.ts';
import { SimulatedFleet } from './simulated-fleet.ts';
import { spreadOf } from './spread.ts';

const SIZES = [10, 100, 1_000, 10_000];
const ROUNDS = 7;
/** Spent on code that is still being compiled. */
const WARM_UP_ROUNDS = 10;

export const growth: Bench = {
  name: 'growth',
  summary: `restart on ${SIZES.join(', ')} simulated agents, ${ROUNDS} times each; takes five minutes`,
  run,
};

async function run(tools: BenchTools): Promise<readonly Finding[]> {
  const largest = Math.max(...SIZES);
  const problem = descriptorProblem(largest);
  if (problem !== null) throw new Error(problem);
  const authority = await createAuthority({ fleet: 'bench', nowMs: Date.now() });
  const hosts = Array.from({ length: largest }, (_, at) => `web-${`${at + 1}`.padStart(5, '0')}`);
  const identities = await issueIdentities(authority, hosts);
  await using fleet = await SimulatedFleet.start(tools, authority);
  const findings: Finding[] = [];
  let connected = 0;
  for (const agents of SIZES) {
    await fleet.connect(hosts.slice(connected, agents), identities);
    const warmUp = connected === 0 ? WARM_UP_ROUNDS : 1;
    connected = agents;
    for (let round = 0; round < warmUp; round += 1) await fleet.round();
    const costs: number[] = [];
    while (costs.length < ROUNDS) costs.push(await roundCost(fleet, agents));
    const many = agents.toLocaleString('en');
    findings.push(
      row(`restart on ${many} agents, processor per target`, 'µs', costs),
      row('… the whole command', 'ms', fleet.wallMs.slice(-ROUNDS)),
    );
  }
  return findings;
}

function row(what: string, unit: string, values: readonly number[]): Finding {
  return { what, unit, ours: spreadOf(values), peer: null, budget: null };
}
