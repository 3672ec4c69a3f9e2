/**
 * Three hosts with two processes each, whose programs write down every start themselves, under a
 * controller; and an operation over all of them, in waves.
 */
import type { ControlClient } from '../../../cli/ports.ts';
import type { Operation, OperationRequest } from '../../../proto/operation.ts';
import { DEFAULT_STRATEGY, type Strategy } from '../../../proto/strategy.ts';
import type { Daemon } from '../fleet/daemon.ts';
import { createFleet, type Fleet, operationRequest } from '../fleet/harness.ts';

export const HOSTS = ['web-1', 'web-2', 'web-3'] as const;
const PROCESSES = ['early', 'late'] as const;
export const TARGETS = HOSTS.flatMap((host) => PROCESSES.map((process) => ({ host, process })));
export type Place = (typeof TARGETS)[number];
export const CONTROLLER = 'controller';
export type Victim = typeof CONTROLLER | (typeof HOSTS)[number];

/** By the programs' own account: a pid for each start of `HOST PROCESS`, oldest first. */
export type Starts = ReadonlyMap<string, readonly number[]>;

/** Every process leads to one of these, and each is alive as long as its process is. */
export const ENDLESS = ['sleep', '100000'] as const;

/** Longer than an agent that was away at the wrong moments takes to be back. */
export const WITHIN_MS = 40_000;

export class Stage implements Disposable {
  readonly fleet: Fleet;
  readonly #program: string;
  readonly #minHealthyMs: number;
  readonly #daemons = new Map<Victim, Daemon>();

  private constructor(fleet: Fleet, minHealthyMs: number) {
    this.fleet = fleet;
    this.#minHealthyMs = minHealthyMs;
    this.#program = fleet.script('noted', `echo $$ >> "$STARTS"\nexec ${ENDLESS.join(' ')}\n`);
  }

  /**
   * Resolves when everything runs; nothing of it is left where that does not come.
   * @param minHealthyMs of its operations
   */
  static async open(minHealthyMs: number): Promise<Stage> {
    const stage = new Stage(await createFleet(), minHealthyMs);
    try {
      await Promise.all(([CONTROLLER, ...HOSTS] as const).map((victim) => stage.start(victim)));
      await stage.untilAllRun();
      return stage;
    } catch (error) {
      stage[Symbol.dispose]();
      throw error;
    }
  }

  async start(victim: Victim): Promise<void> {
    const daemon =
      victim === CONTROLLER
        ? await this.fleet.startController()
        : await this.fleet.startAgent(victim, { programs: this.#programsOf(victim) });
    this.#daemons.set(victim, daemon);
  }

  daemon(victim: Victim): Daemon {
    const daemon = this.#daemons.get(victim);
    if (daemon === undefined) throw new Error(`${victim} was never started`);
    return daemon;
  }

  /** Four waves: the canary of each tier, and then the others. */
  newRequest(): OperationRequest {
    const minHealthyMs = this.#minHealthyMs;
    const strategy: Strategy = { ...DEFAULT_STRATEGY, canary: 1, onError: 'fail', minHealthyMs };
    return operationRequest({ verb: 'restart', hosts: '@*', processes: ['all'], strategy });
  }

  /** Submits it, again and again with the same id where nobody answers, and waits for its end. */
  async carryOut(request: OperationRequest): Promise<Operation> {
    const { id } = await this.#ask('the operation is submitted', (client) =>
      client.submitOperation({ kind: 'operation', request }, AbortSignal.timeout(WITHIN_MS)),
    );
    return this.#ask(`operation ${id} has ended`, async (client) => {
      const operation = await client.getOperation(id);
      return operation.endedAtMs !== null && operation;
    });
  }

  /** As the controller has it, and by what the programs have noted themselves. */
  async untilAllRun(): Promise<void> {
    await this.#ask('every process runs on every host', async (client) => {
      const { processes } = await client.listProcesses({ hosts: '', processes: [] });
      const starts = this.starts();
      const running = processes.filter(
        ({ host, hostConnected, status: { process, state, pid } }) =>
          hostConnected && state === 'RUNNING' && starts.get(`${host} ${process}`)?.at(-1) === pid,
      );
      return running.length === TARGETS.length;
    });
  }

  starts(): Starts {
    return new Map(
      TARGETS.map(({ host, process }) => [
        `${host} ${process}`,
        this.fleet.lines(startsFile(host, process)).map(Number),
      ]),
    );
  }

  #programsOf(host: string): string {
    return PROCESSES.map(
      (name, priority) => `
[program:${name}]
command = ${this.#program}
environment = STARTS="${this.fleet.path(startsFile(host, name))}"
startsecs = 0
priority = ${priority}
`,
    ).join('');
  }

  [Symbol.dispose](): void {
    this.fleet[Symbol.dispose]();
  }

  /** A connection that broke waits before it tries again; a new one does not. */
  #ask<Answer>(
    what: string,
    question: (client: ControlClient) => Promise<Answer>,
  ): Promise<Exclude<Answer, undefined | null | false>> {
    return this.fleet.until(
      what,
      async () => {
        using client = await this.fleet.dial({ kind: 'operator', name: 'alice' });
        return await question(client);
      },
      { withinMs: WITHIN_MS },
    );
  }
}

const startsFile = (host: string, process: string): string => `${host}.${process}.starts`;
