/**
 * `fleetctl restart` on 50 real agents beside what one does without fleetctl: clush, with Debian's
 * defaults, which opens 50 ssh connections and runs `supervisorctl restart` behind each. All of it
 * is on this machine, with `startsecs=0` on both sides; on both sides 50 new pids are looked for.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench, BenchTools, Finding } from './bench.ts';
import { runCommand } from './command.ts';
import { type Fleet, startFleet } from './fleet.ts';
import { type Package, whyMissing } from './packages.ts';
import { childrenOf } from './proc.ts';
import { sleepers } from './programs.ts';
import { inTurn, spreadOf } from './spread.ts';
import { type Sshd, startSshd } from './sshd.ts';
import { type Supervisor, startSupervisor } from './supervisor.ts';
import { restartedPids } from './targets.ts';

const HOSTS = 50;
const ROUNDS = 5;
const NODES = Array.from({ length: HOSTS }, (_, at) => `node${`${at + 1}`.padStart(2, '0')}`);
const NODE_RANGE = `node[01-${HOSTS}]`;
const PROGRAMS = sleepers(1);

const PACKAGES: readonly Package[] = [
  { name: 'clustershell', probe: ['clush', '--version'] },
  { name: 'openssh-client', probe: ['ssh', '-V'] },
  { name: 'openssh-server', probe: ['test', '-x', '/usr/sbin/sshd'], hasService: true },
];

export const clush: Bench = {
  name: 'clush',
  summary: `fleetctl restart on ${HOSTS} agents, and clush, ${ROUNDS} times; takes two minutes`,
  run,
};

async function run(tools: BenchTools): Promise<readonly Finding[]> {
  const missing = whyMissing(PACKAGES, tools.note);
  if (missing !== null) tools.note(`going on without clush: ${missing}`);
  const fleet = await startFleet(tools, {
    name: 'fleet',
    hosts: HOSTS,
    hostName: (number) => NODES[number - 1] ?? '',
    programs: PROGRAMS,
  });
  const times: OwnTimes = { operationMs: [], truthMs: [] };
  const own = () => restart(fleet, times);
  const floor = () => runCommand(fleet.fleetctl('status')).wallMs;
  if (missing !== null || !tools.hasSupervisor) {
    const spreads = await inTurn(ROUNDS, { own, floor });
    return [besideStatus(spreads), ...within(times)];
  }
  const sshd = await startSshd(tools, NODES);
  const supervisors = await Promise.all(
    NODES.map((name) => startSupervisor(tools, { name, processes: 1, programs: PROGRAMS })),
  );
  tools.note('agents, supervisord, sshd and all clients share the cores of this machine');
  const shell = new Clush(tools.directory, supervisors);
  const spreads = await inTurn(ROUNDS, {
    own,
    floor,
    clush: () => shell.restart(sshd.config),
    keeping: () => shell.restart(sshd.keepingConfig),
    ssh: () => shell.nothing(sshd),
  });
  const budget = { kind: 'timesFaster', times: 30 } as const;
  const beside = (name: string, spread: typeof spreads.clush): Finding => ({
    what: WHAT,
    unit: 'ms',
    ours: spreads.own,
    peer: { name, spread },
    budget: null,
  });
  return [
    { ...beside('clush, ssh, supervisorctl', spreads.clush), budget },
    beside('the same, connections kept', spreads.keeping),
    beside('clush, ssh, true', spreads.ssh),
    besideStatus(spreads),
    ...within(times),
  ];
}

const WHAT = `fleetctl restart on ${HOSTS} hosts`;

interface OwnTimes {
  readonly operationMs: number[];
  readonly truthMs: number[];
}

function restart({ fleetctl }: Fleet, { operationMs, truthMs }: OwnTimes): number {
  const { wallMs, stdout } = runCommand(
    fleetctl('restart', 'web', '--hosts', NODE_RANGE, '--yes', '-o', 'json'),
  );
  // Exit status 0 says that every process of the fleet is RUNNING.
  const status = runCommand(fleetctl('status'));
  for (const { oldPid, newPid } of restartedPids(stdout, HOSTS)) {
    if (isThere(oldPid) || !isThere(newPid)) throw new Error(`${newPid} is not there`);
  }
  operationMs.push((JSON.parse(stdout) as { durationMs: number }).durationMs);
  truthMs.push(wallMs + status.wallMs);
  return wallMs;
}

function isThere(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}

/** clush with the configuration that Debian ships. */
class Clush {
  readonly #settings: string;
  readonly #directory: string;
  readonly #supervisors: readonly Supervisor[];

  constructor(directory: string, supervisors: readonly Supervisor[]) {
    this.#directory = directory;
    this.#supervisors = supervisors;
    this.#settings = join(directory, 'clustershell');
    mkdirSync(this.#settings);
    const text = '[Main]\nfanout: 64\nconnect_timeout: 15\ncommand_timeout: 0\nfd_max: 8192\n';
    writeFileSync(join(this.#settings, 'clush.conf'), text);
  }

  restart(sshConfig: string): number {
    const config = join(this.#directory, '$BENCH_NODE', 'supervisord.conf');
    const before = this.#pids();
    const wallMs = this.#run(sshConfig, ['supervisorctl', '-c', config, 'restart', 'web']);
    const after = this.#pids();
    const same = after.filter((pid, index) => pid === undefined || pid === before[index]);
    if (same.length > 0) throw new Error(`clush has not restarted ${same.length} processes`);
    return wallMs;
  }

  /** What ssh alone takes. */
  nothing({ config }: Sshd): number {
    return this.#run(config, ['true']);
  }

  #run(sshConfig: string, command: readonly string[]): number {
    const environment = ['env', `CLUSTERSHELL_CFGDIR=${this.#settings}`];
    const clush = ['clush', '--nostdin', '-w', NODE_RANGE, '-o', `-F ${sshConfig}`];
    return runCommand([...environment, ...clush, ...command]).wallMs;
  }

  #pids(): readonly (number | undefined)[] {
    return this.#supervisors.map(({ pid }) => childrenOf(pid)[0]);
  }
}

function besideStatus(spreads: Readonly<Record<'own' | 'floor', Finding['ours']>>): Finding {
  const peer = { name: 'fleetctl status', spread: spreads.floor };
  return { what: WHAT, unit: 'ms', ours: spreads.own, peer, budget: null };
}

function within({ operationMs, truthMs }: OwnTimes): readonly Finding[] {
  const row = (what: string, values: readonly number[]): Finding => {
    return { what, unit: 'ms', ours: spreadOf(values), peer: null, budget: null };
  };
  return [
    row('… the operation, at the controller', operationMs),
    row('… and a status that says all run', truthMs),
  ];
}
