/**
 * The real controller with simulated agents, each with one program; a round is one restart of it on
 * all of them, watched to its end by a real fleetctl.
 */
import type { Authority } from '../../certs-tool/issue.ts';
import type { Identities } from '../swarm/identities.ts';
import { type Swarm, startSwarm } from '../swarm/swarm.ts';
import type { BenchTools } from './bench.ts';
import { tryCommand } from './command.ts';
import type { Contender } from './contender.ts';
import { type Headquarters, startHeadquarters } from './fleet.ts';
import { assertAllRestarted } from './targets.ts';

const PROCESSES = [{ name: 'web', startMs: 0 }];
const RESTART = ['restart', 'web', '--hosts', '@*', '--yes', '-o', 'json'] as const;

export class SimulatedFleet implements Contender {
  readonly #headquarters: Headquarters;
  readonly #swarms: Swarm[] = [];
  readonly #wallMs: number[] = [];
  readonly #operationMs: number[] = [];
  #agents = 0;

  private constructor(headquarters: Headquarters) {
    this.#headquarters = headquarters;
  }

  static async start(tools: BenchTools, authority: Authority): Promise<SimulatedFleet> {
    return new SimulatedFleet(await startHeadquarters(tools, 'controller', { authority }));
  }

  get pid(): number {
    return this.#headquarters.controller.pid;
  }

  /** Of every round so far: the command as somebody waits for it. */
  get wallMs(): readonly number[] {
    return this.#wallMs;
  }

  /** Of every round so far: from the controller's acceptance to its last target. */
  get operationMs(): readonly number[] {
    return this.#operationMs;
  }

  async connect(hosts: readonly string[], identities: Identities): Promise<void> {
    const { authority, port } = this.#headquarters;
    const controller = { host: '127.0.0.1', port };
    const processes = PROCESSES;
    this.#swarms.push(await startSwarm({ controller, authority, hosts, processes, identities }));
    this.#agents += hosts.length;
  }

  /** @throws Error where not every process was restarted */
  async round(): Promise<void> {
    const { wallMs, stdout, stderr } = tryCommand(this.#headquarters.fleetctl(...RESTART));
    if (stdout === '') throw new Error(stderr);
    assertAllRestarted(stdout, this.#agents);
    this.#wallMs.push(wallMs);
    this.#operationMs.push((JSON.parse(stdout) as { durationMs: number }).durationMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#swarms.map((swarm) => swarm[Symbol.asyncDispose]()));
  }
}
