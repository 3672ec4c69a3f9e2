/**
 * How long somebody waits for fleetctl itself. `--help` stands beside a node that does nothing at
 * all, `status` beside supervisorctl: each asks its own daemon, with one process, and ends.
 */
import type { Bench, BenchTools, Finding } from './bench.ts';
import { runCommand } from './command.ts';
import { FLEETCTL, startFleet } from './fleet.ts';
import { sleepers } from './programs.ts';
import { inTurn } from './spread.ts';
import { startSupervisor } from './supervisor.ts';

const ROUNDS = 21;

const PROGRAMS = sleepers(1);

export const startUp: Bench = {
  name: 'start-up',
  summary: `fleetctl --help and fleetctl status, ${ROUNDS} times each`,
  run,
};

async function run(tools: BenchTools): Promise<readonly Finding[]> {
  const help = await inTurn(ROUNDS, {
    own: () => runCommand([process.execPath, FLEETCTL, '--help']).wallMs,
    floor: () => runCommand([process.execPath, '-e', '']).wallMs,
  });
  const helpFinding: Finding = {
    what: 'fleetctl --help',
    unit: 'ms',
    ours: help.own,
    peer: { name: "node -e ''", spread: help.floor },
    budget: { kind: 'ratioAtMost', ratio: 1.5 },
  };
  const fleet = await startFleet(tools, { name: 'fleet', hosts: 1, programs: PROGRAMS });
  const own = () => runCommand(fleet.fleetctl('status')).wallMs;
  const status = { what: 'fleetctl status', unit: 'ms' } as const;
  const budget = { kind: 'ratioAtMost', ratio: 1.25 } as const;
  if (!tools.hasSupervisor) {
    const spreads = await inTurn(ROUNDS, { own });
    return [helpFinding, { ...status, ours: spreads.own, peer: null, budget }];
  }
  const { supervisorctl } = await startSupervisor(tools, {
    name: 'supervisor',
    processes: 1,
    programs: PROGRAMS,
  });
  const spreads = await inTurn(ROUNDS, {
    own,
    peer: () => runCommand(supervisorctl('status')).wallMs,
  });
  const peer = { name: 'supervisorctl status', spread: spreads.peer };
  return [helpFinding, { ...status, ours: spreads.own, peer, budget }];
}
