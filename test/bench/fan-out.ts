/**
 * One restart on 1,000 and on 10,000 simulated agents, through the real controller: what it costs
 * the controller for each target, for each agent that connects, and in memory. Beside it the least
 * that any server could need: a small message to each client and one back, through bare grpc-js and
 * through bare TLS. A restart is more than that: one command out, six events in, each of them
 * decided, stored durably and acknowledged, and the progress of all to the fleetctl that watches.
 */
import { freemem } from 'node:os';
import { createAuthority } from '../../certs-tool/issue.ts';
import { issueIdentities } from '../swarm/identities.ts';
import { descriptorProblem } from '../swarm/swarm.ts';
import type { Bench, BenchTools, Budget, Finding } from './bench.ts';
import { type ConnectionCost, connectAll, idleCost, roundCost } from './contender.ts';
import { Echo } from './echo.ts';
import { SimulatedFleet } from './simulated-fleet.ts';
import { inTurn, type Spread, spreadOf } from './spread.ts';

export const fanOut: Bench = bench(1_000, 9, 'a minute');
export const largeFanOut: Bench = bench(10_000, 7, 'eight minutes');

/** Three servers with their clients, each with as many connections as there are agents. */
const MEMORY_BYTES_PER_AGENT = 700_000;
const IDLE_SAMPLES = 3;

function bench(agents: number, rounds: number, duration: string): Bench {
  const many = agents.toLocaleString('en');
  return {
    name: `fan-out-${agents}`,
    summary: `restart on ${many} simulated agents, ${rounds} times; takes ${duration}`,
    run: (tools) => run(tools, agents, rounds),
  };
}

async function run(tools: BenchTools, agents: number, rounds: number): Promise<readonly Finding[]> {
  const problem = descriptorProblem(agents) ?? memoryProblem(agents);
  if (problem !== null) throw new Error(problem);
  const authority = await createAuthority({ fleet: 'bench', nowMs: Date.now() });
  const hosts = Array.from({ length: agents }, (_, at) => `web-${`${at + 1}`.padStart(5, '0')}`);
  const identities = await issueIdentities(authority, hosts);
  await using own = await SimulatedFleet.start(tools, authority);
  const ownCost = await connectAll(own, hosts, identities);
  const idle: number[] = [];
  while (idle.length < IDLE_SAMPLES) idle.push(await idleCost(own, agents));
  await using grpc = await Echo.start('grpc', authority);
  const grpcCost = await connectAll(grpc, hosts, identities);
  await using tls = await Echo.start('tls', authority);
  const tlsCost = await connectAll(tls, hosts, identities);
  // Their first round is spent on code that is still being compiled.
  await Promise.all([grpc.round(), tls.round()]);
  const rounded = await inTurn(rounds, {
    own: () => roundCost(own, agents),
    grpc: () => roundCost(grpc, agents),
    tls: () => roundCost(tls, agents),
  });
  tools.note('the peers: one message of 64 bytes to each client and back, no store, no decisions');
  return [
    ...perTarget(agents, rounded),
    ...waiting(own),
    ...perConnection({ own: ownCost, grpc: grpcCost, tls: tlsCost }),
    row('… processor per idle agent and second', 'µs', spreadOf(idle)),
  ];
}

function perTarget(
  agents: number,
  { own, grpc, tls }: Readonly<Record<'own' | 'grpc' | 'tls', Spread>>,
): readonly Finding[] {
  const what = `restart on ${agents.toLocaleString('en')} agents, processor per target`;
  const budget = { kind: 'atMost', value: 150 } as const;
  return [
    row(what, 'µs', own, { name: 'grpc-js round trip', spread: grpc }, budget),
    row(what, 'µs', own, { name: 'TLS round trip', spread: tls }, budget),
  ];
}

function waiting({ wallMs, operationMs }: SimulatedFleet): readonly Finding[] {
  return [
    row('… the whole command', 'ms', spreadOf(wallMs)),
    row('… the operation, at the controller', 'ms', spreadOf(operationMs)),
  ];
}

function perConnection({
  own,
  grpc,
  tls,
}: Readonly<Record<'own' | 'grpc' | 'tls', ConnectionCost>>): readonly Finding[] {
  const processor = (name: string, cost: ConnectionCost): Finding =>
    row(
      '… processor per connecting agent',
      'ms',
      own.processorMs,
      { name, spread: cost.processorMs },
      { kind: 'atMost', value: 4 },
    );
  const memory = (name: string, cost: ConnectionCost): Finding =>
    row(
      '… memory per connected agent',
      'KB',
      own.memoryKb,
      { name, spread: cost.memoryKb },
      { kind: 'atMost', value: 120 },
    );
  return [
    processor('grpc-js', grpc),
    processor('TLS', tls),
    memory('grpc-js', grpc),
    memory('TLS', tls),
  ];
}

function row(
  what: string,
  unit: string,
  ours: Spread,
  peer: Finding['peer'] = null,
  budget: Budget | null = null,
): Finding {
  return { what, unit, ours, peer, budget };
}

/** Where memory runs out, everything is measured but the programs. */
function memoryProblem(agents: number): string | null {
  const needed = agents * MEMORY_BYTES_PER_AGENT;
  if (freemem() >= needed) return null;
  const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(1);
  return `it needs ${gigabytes(needed)} GB of free memory, there are ${gigabytes(freemem())}`;
}
