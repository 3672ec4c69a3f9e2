/**
 * Servers with thousands of clients, and what they cost: the controller with its agents, and the
 * bare servers beside it, all measured by the same hand. Processor time is that of the server's
 * process alone.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Identities, shares } from '../swarm/identities.ts';
import { processorMs, residentMb } from './proc.ts';
import { type Spread, spreadOf } from './spread.ts';

export interface Contender extends AsyncDisposable {
  /** Of the server. */
  readonly pid: number;
  /** Resolves when all of these are connected, beside those that are already. */
  connect(hosts: readonly string[], identities: Identities): Promise<void>;
  /** Something to every client and back. */
  round(): Promise<void>;
}

export interface ConnectionCost {
  /** Processor time for each client that connects, once for each fifth of them. */
  readonly processorMs: Spread;
  /** For each connected client, in kilobytes; several looks at the same server. */
  readonly memoryKb: Spread;
}

const PARTS = 5;
/** What a connection leaves to do shows within this time. */
const SETTLE_MS = 1_000;
const SAMPLES = 7;
const SAMPLE_INTERVAL_MS = 500;

export async function connectAll(
  contender: Contender,
  hosts: readonly string[],
  identities: Identities,
): Promise<ConnectionCost> {
  const { pid } = contender;
  const residentBeforeMb = residentMb(pid);
  const costs: number[] = [];
  for (const part of shares(hosts, PARTS)) {
    const beforeMs = processorMs(pid);
    await contender.connect(part, identities);
    await delay(SETTLE_MS);
    costs.push((processorMs(pid) - beforeMs) / part.length);
  }
  const sizes: number[] = [];
  while (sizes.length < SAMPLES) {
    await delay(SAMPLE_INTERVAL_MS);
    sizes.push(((residentMb(pid) - residentBeforeMb) * 1_024) / hosts.length);
  }
  return { processorMs: spreadOf(costs), memoryKb: spreadOf(sizes) };
}

/** Microseconds of processor time for each client. */
export async function roundCost(contender: Contender, clients: number): Promise<number> {
  const beforeMs = processorMs(contender.pid);
  await contender.round();
  return ((processorMs(contender.pid) - beforeMs) * 1_000) / clients;
}

/** Microseconds of processor time a second for each client, while nothing happens. */
export async function idleCost({ pid }: Contender, clients: number): Promise<number> {
  const beforeMs = processorMs(pid);
  await delay(IDLE_MS);
  return ((processorMs(pid) - beforeMs) * 1_000) / (IDLE_MS / 1_000) / clients;
}

/** A whole heartbeat of every agent, and a gRPC keepalive. */
const IDLE_MS = 10_000;
