/**
 * Resident memory of the agent with one program and with 200, connected to its controller; beside
 * it supervisord's. The keepers, small shells that make processes outlive the agent, are counted
 * apart and by their proportional share, for all of them are the same few pages.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Bench, BenchTools, Budget, Finding } from '../bench.ts';
import { startFleet } from '../fleet.ts';
import { childrenOf, proportionalMb, residentMb } from '../proc.ts';
import { sleepers } from '../programs.ts';
import { inTurn, type Spread, spreadOf } from '../spread.ts';
import { startSupervisor } from '../supervisor.ts';

const SAMPLES = 7;
const SAMPLE_INTERVAL_MS = 500;
/** What start-up needed only once is garbage by then. */
const SETTLE_MS = 3_000;

export const memory: Bench = {
  name: 'agent-memory',
  summary: 'resident memory of the agent with 1 and with 200 programs',
  run: async (tools) => [
    ...(await withPrograms(tools, 1, { kind: 'atMost', value: 72 })),
    ...(await withPrograms(tools, 200, { kind: 'atMost', value: 84 })),
  ],
};

async function withPrograms(
  tools: BenchTools,
  count: number,
  budget: Budget,
): Promise<readonly Finding[]> {
  const programs = sleepers(count);
  const fleet = await startFleet(tools, { name: `fleet-${count}`, hosts: 1, programs });
  const [agentPid = 0] = fleet.agentPids;
  const own = async () => {
    await delay(SAMPLE_INTERVAL_MS);
    return residentMb(agentPid);
  };
  const finding = (ours: Spread, peer: Finding['peer']): Finding => ({
    what: `agent, ${count} program${count === 1 ? '' : 's'}`,
    unit: 'MB',
    ours,
    peer,
    budget,
  });
  const findings: Finding[] = [];
  if (tools.hasSupervisor) {
    const supervisor = await startSupervisor(tools, {
      name: `supervisor-${count}`,
      processes: count,
      programs,
    });
    await delay(SETTLE_MS);
    const spreads = await inTurn(SAMPLES, { own, peer: () => residentMb(supervisor.pid) });
    findings.push(finding(spreads.own, { name: 'supervisord', spread: spreads.peer }));
  } else {
    await delay(SETTLE_MS);
    findings.push(finding((await inTurn(SAMPLES, { own })).own, null));
  }
  const keepers = childrenOf(agentPid).map(proportionalMb);
  findings.push({
    what: `… each of ${count} keeper${count === 1 ? '' : 's'}`,
    unit: 'MB',
    ours: spreadOf(keepers),
    peer: null,
    budget: null,
  });
  return findings;
}
