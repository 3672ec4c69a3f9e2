/**
 * `fleetctl --local status` beside `supervisorctl status`: each asks the daemon of its host, with one
 * process, and ends. And `pid`, the least that either asks: what a client takes before and after
 * whatever its daemon does.
 */
import type { Bench, BenchTools, Finding } from '../bench.ts';
import { runCommand } from '../command.ts';
import { sleepers } from '../programs.ts';
import { inTurn, type Spread } from '../spread.ts';
import { startSupervisor } from '../supervisor.ts';
import { startLoneAgent } from './lone-agent.ts';

const ROUNDS = 21;

export const status: Bench = {
  name: 'agent-status',
  summary: `fleetctl --local status and pid, ${ROUNDS} times each`,
  run,
};

async function run(tools: BenchTools): Promise<readonly Finding[]> {
  const options = { processes: 1, programs: sleepers(1) };
  const { fleetctl } = await startLoneAgent(tools, { ...options, name: 'agent' });
  const took = (command: readonly string[]) => () => runCommand(command).wallMs;
  const own = { status: took(fleetctl('status')), pid: took(fleetctl('pid')) };
  if (!tools.hasSupervisor) {
    const spreads = await inTurn(ROUNDS, own);
    return [finding('status', spreads.status, null), finding('pid', spreads.pid, null)];
  }
  const { supervisorctl } = await startSupervisor(tools, { ...options, name: 'supervisor' });
  const { status, pid, peerStatus, peerPid } = await inTurn(ROUNDS, {
    ...own,
    peerStatus: took(supervisorctl('status')),
    peerPid: took(supervisorctl('pid')),
  });
  return [finding('status', status, peerStatus), finding('pid', pid, peerPid)];
}

function finding(verb: string, ours: Spread, peer: Spread | null): Finding {
  return {
    what: `fleetctl --local ${verb}`,
    unit: 'ms',
    ours,
    peer: peer === null ? null : { name: `supervisorctl ${verb}`, spread: peer },
    budget: verb === 'status' ? { kind: 'ratioAtMost', ratio: 1.25 } : null,
  };
}
