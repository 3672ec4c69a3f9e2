/**
 * The kill loop: twenty programs, one agent that dies again and again, orders in between. After
 * each death the next agent must show what the kernel and the programs' own books say: every
 * process that is wanted runs, once; every end is known; the counters are right.
 */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { openProcessTable } from '../../../agent/adapters/host/process-table.ts';
import type { LocalOrder } from '../../../proto/local-orders.ts';
import { operationId, type ProcessStatus } from '../../../proto/vocabulary.ts';
import type { Daemon } from '../fleet/daemon.ts';
import { sendSignal } from '../fleet/processes.ts';
import { eventually } from '../fleet/wait.ts';
import { doublesIn, judgeOutput, livesOf, type OutputVerdict } from './books.ts';
import { Ledger } from './ledger.ts';
import { MOMENTS, momentComes } from './moments.ts';
import { type LoopProgram, PROGRAMS } from './programs.ts';
import type { Chance } from './seeded.ts';
import { makeStage, type Stage } from './stage.ts';

export interface LoopOptions {
  readonly iterations: number;
  readonly chance: Chance;
  /** How the agent is made to end. */
  readonly signal: 'SIGKILL' | 'SIGALRM';
  /** Told of each iteration, for whoever watches a long run. */
  readonly tell: (line: string) => void;
}

type Wanted = 'up' | 'down' | 'either';

const SETTLED_WITHIN_MS = 15_000;
/** From its execution until it supervises it takes half as long, where nothing else goes on. */
const STARTING_MS = 800;

export async function runKillLoop(options: LoopOptions): Promise<OutputVerdict> {
  using stage = makeStage();
  const loop = new Loop(stage, options);
  try {
    for (let count = 1; count <= options.iterations; count += 1) await loop.round(count);
    return await loop.finish();
  } catch (error) {
    throw new Error(`seed ${options.chance.seed}: ${error instanceof Error ? error.stack : error}`);
  }
}

/** What there is to compare, at about one moment. */
interface Seen {
  readonly statuses: readonly ProcessStatus[];
  /** Of these an order is on record that is not carried out yet. */
  readonly ordered: ReadonlySet<string>;
  readonly mains: ReadonlyMap<string, readonly number[]>;
}

class Loop {
  readonly #stage: Stage;
  readonly #options: LoopOptions;
  readonly #ledger: Ledger;
  readonly #table = openProcessTable();
  readonly #wanted = new Map<string, Wanted>();
  #agent: Daemon | null = null;
  #orders = 0;
  #outstanding: Promise<unknown>[] = [];

  constructor(stage: Stage, options: LoopOptions) {
    this.#stage = stage;
    this.#options = options;
    this.#ledger = new Ledger(stage.folders);
  }

  async round(count: number): Promise<void> {
    const { chance, tell, signal } = this.#options;
    if (chance.below(4) === 0) await this.#dieStarting();
    const agent = await this.#start();
    await this.#settle();
    const moment = chance.oneOf(MOMENTS);
    if (moment === 'order' || chance.below(3) === 0) this.#giveOrders(1 + chance.below(3));
    await momentComes(moment, this.#stage, chance);
    await this.#end(agent);
    tell(`${count}: ${signal} at ${moment}`);
    // A while without any agent: things happen then, too.
    if (chance.below(4) === 0) await momentComes('any', this.#stage, chance);
    if (chance.below(5) === 0) this.#killWithKeeper();
  }

  /** Once more all is judged; then everything is stopped in order, and the output counted. */
  async finish(): Promise<OutputVerdict> {
    const agent = await this.#start();
    await this.#settle();
    assert.deepEqual(await agent.end('SIGTERM'), { code: 0, signal: null });
    assert.deepEqual([...this.#stage.mains()], [], 'something outlived the end of everything');
    assert.deepEqual(doublesIn(this.#stage.folders), []);
    return judgeOutput(this.#stage.folders);
  }

  async #start(): Promise<Daemon> {
    this.#agent = await this.#stage.start();
    return this.#agent;
  }

  /** One that comes no further than half-way into its start. */
  async #dieStarting(): Promise<void> {
    const { chance, signal, tell } = this.#options;
    const agent = this.#stage.launch();
    const afterMs = chance.below(STARTING_MS);
    await delay(afterMs);
    await agent.end(signal);
    tell(`   ${signal} ${afterMs} ms after it was launched`);
  }

  /** While there is no agent, a process loses its keeper and its life. */
  #killWithKeeper(): void {
    const { chance, tell } = this.#options;
    const { process } = chance.oneOf(PROGRAMS.filter(({ fate }) => fate !== 'once'));
    const child = this.#stage.child(process);
    // Its pid may be anybody's by now.
    if (child === null || !this.#table.isAlive(child)) return;
    this.#ledger.noteUnseen(child.pid);
    const keeper = { pid: child.keeperPid, startToken: child.keeperStartToken };
    for (const one of [keeper, child]) {
      if (this.#table.isAlive(one)) sendSignal(one.pid, 'SIGKILL');
    }
    tell(`   ${process} and its keeper are killed`);
  }

  async #end(agent: Daemon): Promise<void> {
    const { signal } = this.#options;
    const ending = await agent.end(signal);
    const expected = signal === 'SIGKILL' ? { code: null, signal } : { code: 0, signal: null };
    assert.deepEqual(ending, expected, agent.stderr());
    await Promise.all(this.#outstanding);
    this.#outstanding = [];
  }

  /** One that the agent did not see through may or may not have been accepted. */
  #giveOrders(count: number): void {
    const { chance } = this.#options;
    for (let given = 0; given < count; given += 1) {
      const { process } = chance.oneOf(PROGRAMS.filter(({ isOrdered }) => isOrdered));
      const verb = chance.oneOf(['restart', 'stop', 'start'] as const);
      this.#orders += 1;
      const id = operationId(`018f0000-0000-7000-8000-${String(this.#orders).padStart(12, '0')}`);
      const order = { kind: 'control', operationId: id, verb, signal: null, names: [process] };
      this.#wanted.set(process, 'either');
      this.#outstanding.push(this.#stage.order(order as LocalOrder).catch(() => undefined));
    }
  }

  async #settle(): Promise<void> {
    let differences: readonly string[] = [];
    await eventually(
      'what the agent shows is so',
      async () => {
        // Before the statuses: what is carried out by then has left its mark on them.
        const ordered = this.#stage.openTargets();
        const statuses = await this.#stage.status();
        differences = this.#differences(statuses, ordered);
        return differences.length === 0;
      },
      {
        withinMs: SETTLED_WITHIN_MS,
        askEveryMs: 60,
        explain: () => `${differences.join('\n')}\n${this.#agent?.stderr().slice(-6_000)}`,
      },
    );
  }

  #differences(
    statuses: readonly ProcessStatus[],
    ordered: ReadonlySet<string>,
  ): readonly string[] {
    const mains = this.#stage.mains();
    this.#ledger.note(this.#stage.newChanges());
    return [
      ...doublesIn(this.#stage.folders),
      ...PROGRAMS.flatMap((program) => this.#differencesOf(program, { statuses, ordered, mains })),
      ...this.#ledger.disagreements(statuses),
    ];
  }

  #differencesOf(program: LoopProgram, { statuses, ordered, mains }: Seen): readonly string[] {
    const { process, fate } = program;
    const status = statuses.find((one) => one.process === process);
    if (status === undefined) return [`${process} is not shown`];
    const { state, pid } = status;
    const alive = mains.get(program.program) ?? [];
    const isStarted = state === 'RUNNING' || state === 'STARTING';
    const isUp = isStarted && alive.length === 1 && alive[0] === pid;
    const isDown = (state === 'STOPPED' || state === 'EXITED') && alive.length === 0;
    const seen = `${process} is ${state} with pid ${pid}; alive: ${alive.join(', ')}`;
    switch (fate) {
      case 'returns':
        return isUp ? [] : [seen];
      case 'once': {
        const lives = livesOf(this.#stage.folders, program);
        return lives.length === 1 && (isUp || (isDown && state === 'EXITED')) ? [] : [seen];
      }
      case 'stays': {
        const wanted = this.#wanted.get(process) ?? 'up';
        const isRight = { up: isUp, down: isDown, either: isUp || isDown }[wanted];
        if (ordered.has(process)) return [`${seen}; an order of it is under way`];
        if (isRight && wanted === 'either') this.#wanted.set(process, isUp ? 'up' : 'down');
        return isRight ? [] : [`${seen}; wanted ${wanted}`];
      }
    }
  }
}
