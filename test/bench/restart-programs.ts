/**
 * A restart of 200 programs on one host, beside Supervisor's `restart all`: with `startsecs = 0`,
 * which is the work alone, and with the default of one second, which is what people wait for.
 */
import type { Bench, BenchTools, Finding } from './bench.ts';
import { runCommand } from './command.ts';
import { type Fleet, startFleet } from './fleet.ts';
import { sleepers } from './programs.ts';
import { inTurn } from './spread.ts';
import { startSupervisor } from './supervisor.ts';
import { assertAllRestarted } from './targets.ts';

const PROGRAMS = 200;
const ROUNDS = 7;

export const restartPrograms: Bench = {
  name: 'restart-programs',
  summary: `restart of ${PROGRAMS} programs on one host, ${ROUNDS} times`,
  run: async (tools) => [await restartWith(tools, 0), await restartWith(tools, 1)],
};

async function restartWith(tools: BenchTools, startSeconds: number): Promise<Finding> {
  const programs = sleepers(PROGRAMS, startSeconds);
  const what = `restart of ${PROGRAMS} programs, startsecs=${startSeconds}`;
  const budget = { kind: 'ratioAtMost', ratio: 0.5 } as const;
  const name = `fleet-${startSeconds}`;
  const fleet = await startFleet(tools, { name, hosts: 1, programs });
  const own = () => restartAll(fleet);
  if (!tools.hasSupervisor) {
    const spreads = await inTurn(ROUNDS, { own });
    return { what, unit: 'ms', ours: spreads.own, peer: null, budget };
  }
  const { supervisorctl } = await startSupervisor(tools, {
    name: `supervisor-${startSeconds}`,
    processes: PROGRAMS,
    programs,
  });
  const peer = () => runCommand(supervisorctl('restart', 'all')).wallMs;
  const spreads = await inTurn(ROUNDS, { own, peer });
  const supervisor = { name: 'supervisorctl', spread: spreads.peer };
  return { what, unit: 'ms', ours: spreads.own, peer: supervisor, budget };
}

function restartAll({ fleetctl }: Fleet): number {
  const command = fleetctl('restart', 'all', '--hosts', '@*', '--yes', '-o', 'json');
  const { wallMs, stdout } = runCommand(command);
  assertAllRestarted(stdout, PROGRAMS);
  return wallMs;
}
