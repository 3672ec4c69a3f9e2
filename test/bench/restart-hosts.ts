/**
 * `fleetctl restart` on 20 real agents, as somebody at a terminal waits for it. Beside it the least
 * that a command of fleetctl takes (`fleetctl status`), and what one does without fleetctl: 20
 * times `supervisorctl restart`, one after the other, without the ssh that would come on top.
 */
import type { Bench, BenchTools, Finding } from './bench.ts';
import { runCommand } from './command.ts';
import { type Fleet, startFleet } from './fleet.ts';
import { processorMs, sum } from './proc.ts';
import { sleepers } from './programs.ts';
import { inTurn, type Spread, spreadOf } from './spread.ts';
import { type Supervisor, startSupervisor } from './supervisor.ts';
import { assertAllRestarted } from './targets.ts';

const HOSTS = 20;
const ROUNDS = 7;

const PROGRAMS = sleepers(1);

export const restartHosts: Bench = {
  name: 'restart-hosts',
  summary: `fleetctl restart on ${HOSTS} agents, ${ROUNDS} times`,
  run,
};

async function run(tools: BenchTools): Promise<readonly Finding[]> {
  const fleet = await startFleet(tools, { name: 'fleet', hosts: HOSTS, programs: PROGRAMS });
  const used: Used[] = [];
  const own = () => restart(fleet, used);
  const floor = () => runCommand(fleet.fleetctl('status')).wallMs;
  if (!tools.hasSupervisor) {
    const spreads = await inTurn(ROUNDS, { own, floor });
    return [besideStatus(spreads), ...perTarget(spreads, used)];
  }
  const supervisors: Supervisor[] = [];
  for (let host = 1; host <= HOSTS; host += 1) {
    const name = `supervisor-${host}`;
    supervisors.push(await startSupervisor(tools, { name, processes: 1, programs: PROGRAMS }));
  }
  tools.note(`${HOSTS} supervisord on this machine, one supervisorctl after the other, no ssh`);
  const peer = () =>
    sum(supervisors.map(({ supervisorctl }) => runCommand(supervisorctl('restart', 'web')).wallMs));
  const spreads = await inTurn(ROUNDS, { own, floor, peer });
  const besideSupervisor: Finding = {
    ...besideStatus(spreads),
    peer: { name: `${HOSTS} × supervisorctl`, spread: spreads.peer },
  };
  return [besideSupervisor, besideStatus(spreads), ...perTarget(spreads, used)];
}

/** Processor time of one restart, for each target. */
interface Used {
  readonly controllerMs: number;
  readonly agentMs: number;
}

function restart({ fleetctl, controllerPid, agentPids }: Fleet, used: Used[]): number {
  const before = { controller: processorMs(controllerPid), agents: agentPids.map(processorMs) };
  const { wallMs, stdout } = runCommand(fleetctl('restart', 'web', '--hosts', '@*', '-o', 'json'));
  used.push({
    controllerMs: (processorMs(controllerPid) - before.controller) / HOSTS,
    agentMs: (sum(agentPids.map(processorMs)) - sum(before.agents)) / HOSTS,
  });
  assertAllRestarted(stdout, HOSTS);
  return wallMs;
}

interface OwnSpreads {
  readonly own: Spread;
  readonly floor: Spread;
}

function besideStatus({ own, floor }: OwnSpreads): Finding {
  return {
    what: `fleetctl restart on ${HOSTS} hosts`,
    unit: 'ms',
    ours: own,
    peer: { name: 'fleetctl status', spread: floor },
    budget: null,
  };
}

function perTarget({ own, floor }: OwnSpreads, used: readonly Used[]): readonly Finding[] {
  const above = (wallMs: number) => (wallMs - floor.median) / HOSTS;
  const wall: Spread = {
    median: above(own.median),
    min: above(own.min),
    max: above(own.max),
    runs: own.runs,
  };
  const finding = (what: string, ours: Spread): Finding => ({
    what: `… ${what}`,
    unit: 'ms',
    ours,
    peer: null,
    budget: null,
  });
  return [
    finding('per target, above status', wall),
    finding('per target, processor of controller', spreadOf(used.map((use) => use.controllerMs))),
    finding('per target, processor of its agent', spreadOf(used.map((use) => use.agentMs))),
  ];
}
