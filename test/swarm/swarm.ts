/**
 * Thousands of simulated agents for benches and tests: real sessions over mutual TLS 1.3 with a
 * certificate for each host, in processes of their own, so that what the controller costs is
 * measured apart. Everything is on loopback.
 */
import { readFileSync } from 'node:fs';
import type { ProcessDefinition } from '../../agent/core/definition.ts';
import type { Authority } from '../../certs-tool/issue.ts';
import type { Labels } from '../../proto/vocabulary.ts';
import { type Behaviour, OBEDIENT } from './behaviour.ts';
import { Job } from './child-process.ts';
import type { Endpoint } from './grpc-stream.ts';
import { type Identities, issueIdentities, shares } from './identities.ts';

export interface SwarmOptions {
  readonly controller: Endpoint;
  readonly authority: Authority;
  readonly hosts: readonly string[];
  readonly labels?: (host: string) => Labels;
  /** The same on every host; RUNNING when the swarm is there. */
  readonly processes: readonly SwarmProcess[];
  readonly behaviour?: Behaviour;
  /** Where they were issued before, for other swarms of the same authority. */
  readonly identities?: Identities;
}

/** What is left out is Supervisor's default; without `group` the name is the group too. */
export type SwarmProcess = { readonly name: string; readonly group?: string } & Partial<
  Pick<ProcessDefinition, 'groupPriority' | 'priority' | 'startMs' | 'stopWaitMs' | 'tierWaitMs'>
>;

export interface Swarm extends AsyncDisposable {
  readonly pids: readonly number[];
  /** From now on. */
  readonly behave: (behaviour: Behaviour) => Promise<void>;
  /** How many agents have a session at the moment. */
  readonly connected: () => Promise<number>;
}

export type SwarmRequest =
  | {
      readonly kind: 'begin';
      readonly controller: Endpoint;
      readonly localAddress: string;
      readonly ca: string;
      readonly key: string;
      readonly hosts: readonly SwarmHost[];
      readonly processes: readonly SwarmProcess[];
      readonly behaviour: Behaviour;
    }
  | { readonly kind: 'behave'; readonly behaviour: Behaviour }
  | { readonly kind: 'count' };

interface SwarmHost {
  readonly host: string;
  readonly labels: Labels;
  readonly certificate: string;
}

/** Some 100 KB of memory each; one process has not enough descriptors for all. */
const AGENTS_PER_JOB_MAX = 5_000;

/** Resolves when every agent has a session and has sent its snapshot. */
export async function startSwarm(options: SwarmOptions): Promise<Swarm> {
  const { controller, authority, hosts, processes } = options;
  const parts = shares(hosts, Math.ceil(hosts.length / AGENTS_PER_JOB_MAX));
  const problem = descriptorProblem(hosts.length);
  if (problem !== null) throw new Error(problem);
  const identities = options.identities ?? (await issueIdentities(authority, hosts));
  const jobs = parts.map(() => new Job<SwarmRequest, number>(AGENTS));
  const ask = (request: SwarmRequest) => Promise.all(jobs.map((job) => job.ask(request)));
  const end = async (): Promise<void> => {
    await Promise.all(jobs.map((job) => job[Symbol.asyncDispose]()));
  };
  const { ca, key, certificates } = identities;
  const begin = (part: readonly string[], index: number): SwarmRequest => ({
    kind: 'begin',
    controller,
    localAddress: loopback(index),
    ca,
    key,
    hosts: part.map((host) => ({
      host,
      labels: options.labels?.(host) ?? {},
      certificate: certificates.get(host) ?? '',
    })),
    processes,
    behaviour: options.behaviour ?? OBEDIENT,
  });
  try {
    await Promise.all(parts.map((part, index) => jobs[index]?.ask(begin(part, index))));
  } catch (error) {
    await end();
    throw error;
  }
  return {
    pids: jobs.map(({ pid }) => pid),
    behave: async (behaviour) => void (await ask({ kind: 'behave', behaviour })),
    connected: async () => (await ask({ kind: 'count' })).reduce((sum, count) => sum + count, 0),
    [Symbol.asyncDispose]: end,
  };
}

/**
 * Null where the controller, which inherits our limit, can have one descriptor for each agent. A
 * limit that is too low would show as agents that never get their session.
 */
export function descriptorProblem(agents: number): string | null {
  if (process.platform !== 'linux') return null;
  const limits = readFileSync('/proc/self/limits', 'latin1');
  const found = /^Max open files +(\d+)/m.exec(limits)?.[1];
  const needed = agents + DESCRIPTORS_BESIDES;
  if (found === undefined || Number(found) >= needed) return null;
  return `${agents} agents need ${needed} open files, the limit is ${found}: ulimit -n ${needed}`;
}

const DESCRIPTORS_BESIDES = 100;

/** The first is what everybody uses; Linux answers on all the others too, with ports of their own. */
function loopback(job: number): string {
  return `127.0.0.${job + 1}`;
}

const AGENTS = new URL('agents.ts', import.meta.url);
