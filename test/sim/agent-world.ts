/**
 * One host in a world of virtual time: the real driver and core over a journal, programs and a
 * controller on paper. What happens, and when, is drawn from a seed: programs crash, hang and cannot
 * be spawned, sessions break, commits fail, the agent is killed and comes back. The world checks
 * what must hold at every moment; `heal` then demands that everything comes to rest.
 */
import assert from 'node:assert/strict';
import type { ProcessDefinition } from '../../agent/core/definition.ts';
import type { Child, ProcessInput } from '../../agent/core/process.ts';
import { recoverState } from '../../agent/core/recover.ts';
import type { AgentState } from '../../agent/core/state.ts';
import { type AgentDriver, createAgentDriver } from '../../agent/driver.ts';
import type { Children } from '../../agent/ports.ts';
import {
  type AgentMessage,
  operationId,
  type ProcessName,
  type TargetOutcome,
  type Verb,
} from '../../proto/vocabulary.ts';
import { virtualClock } from '../fakes/agent-clock.ts';
import { aWelcome, BOOT_ID } from '../fakes/agent-host.ts';
import { fakeJournal } from '../fakes/agent-journal.ts';
import { fakeLog } from '../fakes/agent-log.ts';
import { PaperPrograms } from './agent-programs.ts';

interface Order {
  readonly verb: Verb;
  readonly operation: string;
  readonly process: ProcessName;
  outcome: TargetOutcome | null;
}

/** One life of the agent: whatever it asks for once it is dead does not happen. */
interface Incarnation {
  readonly driver: AgentDriver;
  isAlive: boolean;
}

export class AgentWorld {
  readonly #clock = virtualClock();
  readonly #journal = fakeJournal(BOOT_ID);
  readonly #definitions: readonly ProcessDefinition[];
  readonly #draw: (below: number) => number;
  readonly #programs: PaperPrograms;
  readonly #orders: Order[] = [];
  readonly #events = new Map<number, string>();
  readonly #claims = new Map<string, string>();
  #incarnation: Incarnation;
  #sessionEpoch = 0;
  #isConnected = false;
  #failure: unknown = null;

  constructor(definitions: readonly ProcessDefinition[], draw: (below: number) => number) {
    this.#definitions = definitions;
    this.#draw = draw;
    const deliver = (process: ProcessName, input: ProcessInput) => this.#deliver(process, input);
    this.#programs = new PaperPrograms({ clock: this.#clock, draw, deliver });
    this.#incarnation = this.#boot();
  }

  get state(): AgentState {
    return this.#incarnation.driver.state();
  }

  /** One thing that may happen, and a while after it. */
  async happen(): Promise<void> {
    const deeds = [
      () => this.#command(this.#pick(['restart', 'restart', 'start', 'stop'])),
      () => this.#command('restart'),
      () => this.#repeatOrders(),
      () => this.#programs.crashOne(),
      () => this.#programs.crashOne(),
      () => this.#connect(),
      () => this.#disconnect(),
      () => this.#killAgent(),
      () => this.#journal.failWith(this.#draw(3) === 0 ? 'disk full' : null),
    ];
    this.#pick(deeds)();
    await this.#pass(this.#pick([0, 0, 5, 50, 700, 3_000, 12_000]));
  }

  /** The end of all faults: everything must come to rest, and every order to its verdict. */
  async heal(): Promise<void> {
    this.#programs.isHealthy = true;
    this.#journal.failWith(null);
    await this.#pass(200_000);
    this.#disconnect();
    this.#connect();
    this.#repeatOrders();
    await this.#pass(200_000);
    const begun = this.#orders.length;
    for (const verb of ['restart', 'restart', 'stop', 'restart'] as const) {
      for (const { process } of this.#definitions) this.#command(verb, process);
    }
    await this.#pass(100_000);
    for (const [index, { operation, verb, process, outcome }] of this.#orders.entries()) {
      const title = `${verb} of ${process}, ${operation}: ${JSON.stringify(outcome)}`;
      assert.notEqual(outcome, null, title);
      if (index >= begun) assert.equal(outcome?.state, 'succeeded', title);
    }
    assert.equal(this.state.queues.size, 0);
    assert.equal(this.state.isJournalSound, true);
    for (const { definition, state, child, wanted } of this.state.processes.values()) {
      const pid = this.#programs.runningPid(definition.process);
      const title = `${definition.process} is ${state}`;
      assert.ok(['RUNNING', 'STOPPED', 'EXITED', 'FATAL'].includes(state), title);
      assert.equal(pid, child?.pid ?? null, `${title}, and its child is another`);
      assert.equal(state === 'RUNNING', pid !== null, title);
      if (wanted === 'down') assert.notEqual(state, 'RUNNING', 'it was to be down');
    }
    const byName = (a: { definition: ProcessDefinition }, b: { definition: ProcessDefinition }) =>
      a.definition.process < b.definition.process ? -1 : 1;
    const held = this.#journal.contents().processes.toSorted(byName);
    assert.deepEqual(held, [...this.state.processes.values()].toSorted(byName));
  }

  async #pass(durationMs: number): Promise<void> {
    await this.#clock.pass(durationMs);
    if (this.#failure !== null) throw this.#failure;
  }

  /** What the driver's effects lead to is checked deep below its promises; it is told up here. */
  #checked(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#failure ??= error;
    }
  }

  #boot(): Incarnation {
    const { state, retired } = recoverState(
      this.#definitions,
      this.#journal.contents(),
      BOOT_ID,
      this.#clock.now().wallMs,
    );
    const isAlive = (): boolean => incarnation.isAlive;
    const whileAlive = (callback: () => void) => () => {
      if (isAlive()) callback();
    };
    const driver = createAgentDriver(
      {
        clock: {
          now: this.#clock.now,
          after: (delayMs, callback) => this.#clock.after(delayMs, whileAlive(callback)),
          soon: (callback) => this.#clock.soon(whileAlive(callback)),
        },
        children: this.#children(isAlive),
        journal: {
          commit: async (writes) => {
            if (isAlive()) await this.#journal.commit(writes);
            // Between the commit and the effects is where a death hurts most.
            if (!this.#programs.isHealthy && this.#draw(40) === 0)
              this.#clock.soon(() => this.#killAgent());
          },
        },
        link: { send: (message) => isAlive() && this.#checked(() => this.#heard(message)) },
        log: fakeLog(),
        onShutdownComplete: () => undefined,
      },
      state,
    );
    const incarnation: Incarnation = { driver, isAlive: true };
    driver.deliver({ kind: 'boot', sightings: this.#programs.sightings(state), retired });
    return incarnation;
  }

  /** A journal that fails is spared: what is spawned meanwhile is on no record. */
  #killAgent(): void {
    if (!this.#incarnation.isAlive || !this.state.isJournalSound) return;
    this.#journal.failWith(null);
    this.#incarnation.isAlive = false;
    this.#isConnected = false;
    this.#programs.closeGates();
    this.#incarnation = this.#boot();
  }

  #children(isAlive: () => boolean): Children {
    const programs = this.#programs;
    const when = (callback: () => void): void => {
      if (isAlive()) this.#checked(callback);
    };
    return {
      spawn: (definition) => when(() => programs.spawn(definition)),
      release: (process) => when(() => programs.release(process)),
      abandon: (process) => when(() => programs.abandon(process)),
      adopt: ({ process }, child) => when(() => programs.adopt(process, child)),
      signal: (child, signal) => {
        when(() => this.#stopped(child, programs.signal(child, signal)));
        return { kind: 'delivered' };
      },
    };
  }

  /** A restart of the agent may signal the same child again for an order, but never the next one. */
  #stopped({ pid }: Child, process: ProcessName | null): void {
    if (process === null) return;
    const [order] = this.state.queues.get(process) ?? [];
    if (order !== undefined) this.#claim(`the stop of ${order}`, `pid ${pid}`);
  }

  #deliver(process: ProcessName, input: ProcessInput): void {
    if (this.#incarnation.isAlive) {
      this.#incarnation.driver.deliver({ kind: 'process', process, input });
    }
  }

  #connect(): void {
    if (this.#isConnected) return;
    this.#isConnected = true;
    this.#sessionEpoch += 1;
    const acknowledged = Math.max(0, ...this.#events.keys());
    const message = aWelcome(this.#sessionEpoch, acknowledged);
    this.#incarnation.driver.deliver({ kind: 'received', message });
    this.#repeatOrders();
  }

  #disconnect(): void {
    if (!this.#isConnected) return;
    this.#isConnected = false;
    this.#incarnation.driver.deliver({ kind: 'disconnected' });
  }

  #command(verb: Verb, process = this.#pick(this.#definitions).process): void {
    const operation = `op-${this.#orders.length + 1}`;
    const order: Order = { verb, operation, process, outcome: null };
    this.#orders.push(order);
    this.#tell(order);
  }

  /** At least once is what a controller promises. */
  #repeatOrders(): void {
    for (const order of this.#orders) {
      if (order.outcome === null || this.#draw(20) === 0) this.#tell(order);
    }
  }

  #tell({ verb, operation, process }: Order): void {
    if (!this.#isConnected) return;
    const command = { operationId: operationId(operation), verb, signal: null } as const;
    const sessionEpoch = this.#sessionEpoch;
    const message = { kind: 'command', sessionEpoch, processes: [process], ...command } as const;
    this.#incarnation.driver.deliver({ kind: 'received', message });
  }

  #heard(message: AgentMessage): void {
    if (!this.#isConnected || message.kind !== 'event') return;
    const { seq, event } = message;
    const text = JSON.stringify(event);
    assert.equal(this.#events.get(seq) ?? text, text, `two events with number ${seq}`);
    this.#events.set(seq, text);
    if (event.kind === 'targetAccepted') this.#accepted(event);
    if (event.kind === 'targetSettled') {
      const order = this.#orders.find(({ operation }) => operation === event.operationId);
      assert.ok(order, `a verdict on ${event.operationId}, which nobody ordered`);
      assert.deepEqual(order.outcome ?? event.outcome, event.outcome, 'two verdicts');
      order.outcome = event.outcome;
      if (order.verb === 'restart' && event.outcome.state === 'succeeded') {
        this.#claim(`${event.process} pid ${event.outcome.newPid}`, event.operationId);
      }
    }
    if (this.#draw(3) > 0) return;
    const ack = { kind: 'acknowledgement', sessionEpoch: this.#sessionEpoch, seq } as const;
    this.#incarnation.driver.deliver({ kind: 'received', message: ack });
  }

  /** A generation belongs to one restart, a restart has one generation, and a child of its own. */
  #accepted(event: { operationId: string; process: ProcessName; generation: number }): void {
    const order = this.#orders.find(({ operation }) => operation === event.operationId);
    if (order?.verb !== 'restart') return;
    this.#claim(`${event.process} generation ${event.generation}`, event.operationId);
    this.#claim(event.operationId, `${event.process} generation ${event.generation}`);
  }

  #claim(key: string, owner: string): void {
    assert.equal(this.#claims.get(key) ?? owner, owner, `${key} has two owners`);
    this.#claims.set(key, owner);
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[this.#draw(items.length)] as Item;
  }
}
