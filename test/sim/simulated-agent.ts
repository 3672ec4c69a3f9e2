/**
 * One host of a simulated fleet: the real driver and core over the real journal, with programs on
 * paper. The agent may die at any moment, also between a commit and its effects or among these; the
 * next one finds what a real one would find.
 */
import { journalOn } from '../../agent/adapters/journal/journal.ts';
import type { ProcessDefinition } from '../../agent/core/definition.ts';
import { recoverState } from '../../agent/core/recover.ts';
import type { AgentState, ConfigReading } from '../../agent/core/state.ts';
import type { Instant } from '../../proto/instant.ts';
import type { LocalOrder } from '../../proto/local-orders.ts';
import type { ControllerMessage } from '../../proto/messages.ts';
import type { HostId } from '../../proto/vocabulary.ts';
import { WALL_START_MS } from '../fakes/agent-process.ts';
import { ALICE } from '../fakes/local-callers.ts';
import { type AgentHabits, type Habitat, type Life, openLife } from './agent-life.ts';
import { PaperPrograms, type Temper } from './agent-programs.ts';
import type { AgentWitness } from './agent-witness.ts';
import type { Chance } from './chance.ts';
import { type LentDatabase, lendJournal, setFull } from './databases.ts';
import type { SimulatedNetwork } from './simulated-network.ts';
import type { VirtualTime } from './virtual-time.ts';

type Command = Extract<ControllerMessage, { readonly kind: 'command' }>;

export interface AgentOptions {
  readonly host: HostId;
  readonly time: VirtualTime;
  readonly network: SimulatedNetwork;
  readonly chance: Chance;
  readonly definitions: readonly ProcessDefinition[];
  readonly temper: Temper;
  readonly habits: AgentHabits;
  readonly witness: AgentWitness;
}

export class SimulatedAgent implements Disposable {
  readonly host: HostId;
  readonly programs: PaperPrograms;
  /** The configuration on disk. */
  reading: ConfigReading;
  /** Nothing goes wrong by itself any more. */
  isSpared = false;
  #isDiskFull = false;
  readonly #options: AgentOptions;
  readonly #database: LentDatabase;
  #life: Life | null = null;
  #frozenUntilMs = 0;
  /** What came while it was frozen. */
  readonly #frozen: (() => void)[] = [];
  #wallAheadMs: number;
  #bootedAtMs: number;
  #boots = 1;
  #lastOrder = 0;
  /** What is on its way to it, or was lost on it. */
  readonly #sent = new Set<Command>();

  constructor(options: AgentOptions) {
    const { host, time, chance, definitions, temper } = options;
    this.#options = options;
    this.host = host;
    this.reading = { kind: 'read', definitions };
    this.#database = lendJournal(`journal of ${host}`);
    this.#bootedAtMs = -chance.below(10_000_000);
    this.#wallAheadMs = chance.below(2_000) - 1_000;
    this.programs = new PaperPrograms({
      clock: { after: (delayMs, callback) => time.after(delayMs, callback) },
      temper,
      draw: (below) => chance.below(below),
      deliver: (process, input) => {
        const life = this.#life;
        if (life === null || (input.kind === 'exited' && !life.watched.has(process))) return;
        this.#guarded(life, () => life.driver.deliver({ kind: 'process', process, input }));
      },
    });
  }

  /** As committed; null while no agent is there. */
  get state(): AgentState | null {
    return this.#life?.driver.state() ?? null;
  }

  get isFrozen(): boolean {
    return this.#frozenUntilMs > this.#options.time.nowMs;
  }

  start(): void {
    if (this.#life !== null) return;
    const { host, witness } = this.#options;
    const { bootId } = this.programs;
    const journal = journalOn(this.#database.database, bootId);
    const state = recoverState(this.reading, journal.contents, bootId, this.#now().wallMs);
    const sightings = this.programs.sightings(state);
    const adopted = [...sightings.values()].filter(({ kind }) => kind === 'alive').length;
    witness.note(`${host} agent starts, ${adopted} adopted`);
    const life = openLife(this.#habitat(), { journal, state, adopted });
    this.#life = life;
    life.driver.deliver({ kind: 'boot', sightings });
    life.link.open();
  }

  crash(downMs: number): void {
    const life = this.#life;
    if (life !== null && this.#isMortal(life)) this.#end(life, downMs);
  }

  /** Power fails: every program is gone with its agent. */
  powerOff(downMs: number): void {
    const life = this.#life;
    if (life === null || !this.#isMortal(life)) return;
    const { witness, time } = this.#options;
    witness.note(`${this.host} power fails`);
    this.#boots += 1;
    this.programs.powerOff(`boot-${this.#boots}`);
    this.#bootedAtMs = time.nowMs;
    this.#end(life, downMs);
    witness.rebooted(this.host);
  }

  handOver(): void {
    this.#life?.driver.deliver({ kind: 'handOver' });
  }

  shutDown(): void {
    this.#life?.driver.deliver({ kind: 'shutdown' });
  }

  order(request: LocalOrder): void {
    const life = this.#life;
    if (life === null || this.isFrozen) return;
    this.#lastOrder += 1;
    this.#options.witness.ordered(this.host, request);
    const given = { order: this.#lastOrder, by: ALICE, command: request.kind };
    life.driver.deliver({ kind: 'order', request, ...given });
  }

  /** The controller has sent something on its way. */
  noteSent(message: ControllerMessage): void {
    if (message.kind === 'command') this.#sent.add(message);
  }

  /** What was lost with sessions that are over arrives after all. */
  receiveStale(): void {
    const life = this.#life;
    if (life === null || this.isFrozen) return;
    const { sessionEpoch } = life.driver.state();
    for (const command of [...this.#sent]) {
      if (command.sessionEpoch !== sessionEpoch) this.#receive(life, command);
    }
  }

  /** Stopped by a signal, or starved of processor time: everything waits, and then comes at once. */
  freeze(durationMs: number): void {
    const { time } = this.#options;
    if (this.#life === null) return;
    this.#frozenUntilMs = Math.max(this.#frozenUntilMs, time.nowMs + durationMs);
    time.after(durationMs, () => {
      if (!this.isFrozen) this.#thaw();
    });
  }

  setWallClock(byMs: number): void {
    this.#wallAheadMs += byMs;
  }

  fillDisk(isFull: boolean): void {
    this.#isDiskFull = isFull;
    setFull(this.#database, isFull);
  }

  [Symbol.dispose](): void {
    if (this.#life !== null) this.#life.isAlive = false;
    this.#database[Symbol.dispose]();
  }

  #habitat(): Habitat {
    const { host, time, network, chance, habits, witness } = this.#options;
    return {
      ...{ host, time, network, chance, habits, witness },
      programs: this.programs,
      now: () => this.#now(),
      readConfig: () => this.reading,
      guarded: (life, callback) => this.#guarded(life, callback),
      isMortal: (life) => this.#isMortal(life),
      isSpared: () => this.isSpared,
      receive: (life, message) => this.#receive(life, message),
      die: (life, downMs) => this.#end(life, downMs),
    };
  }

  /** A journal that fails is spared: what is spawned meanwhile is on no record. */
  #isMortal({ driver }: Life): boolean {
    return !this.isSpared && !this.#isDiskFull && driver.state().isJournalSound;
  }

  #now(): Instant {
    const { nowMs } = this.#options.time;
    return {
      monotonicMs: nowMs - this.#bootedAtMs,
      wallMs: Math.floor(WALL_START_MS + nowMs + this.#wallAheadMs),
    };
  }

  #receive({ driver }: Life, message: ControllerMessage): void {
    this.#options.witness.received(this.host, message, driver.state());
    for (const command of this.#sent) {
      if (message.kind === 'command' && isSame(command, message)) this.#sent.delete(command);
    }
    driver.deliver({ kind: 'received', message });
  }

  #end(life: Life, downMs: number): void {
    const { network, time, witness } = this.#options;
    witness.note(`${this.host} agent ends`);
    life.isAlive = false;
    this.#life = null;
    this.#frozenUntilMs = 0;
    this.#frozen.length = 0;
    witness.gatesClosed(this.host, this.programs.closeGates());
    network.agentDied(this.host);
    time.after(downMs, () => this.start());
  }

  /** Only while this agent lives; and in order, however long it is frozen. */
  #guarded(life: Life, callback: () => void): void {
    if (!life.isAlive) return;
    if (this.isFrozen || this.#frozen.length > 0) {
      this.#frozen.push(() => life.isAlive && callback());
    } else callback();
  }

  #thaw(): void {
    for (let next = this.#frozen[0]; next !== undefined; next = this.#frozen[0]) {
      next();
      this.#frozen.shift();
    }
  }
}

/** As it was sent, and as it has arrived. */
function isSame(one: Command, other: Command): boolean {
  return (
    one.sessionEpoch === other.sessionEpoch &&
    one.operationId === other.operationId &&
    one.verb === other.verb &&
    one.processes.join() === other.processes.join()
  );
}
