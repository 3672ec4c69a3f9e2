/**
 * One host in a world of virtual time: the real driver and core over a journal, programs and a
 * controller on paper. What happens, and when, is drawn from a seed: programs crash, hang and cannot
 * be spawned, sessions break, commits fail, the agent is killed and comes back. The world checks
 * what must hold at every moment; `heal` then demands that everything comes to rest.
 */
import assert from 'node:assert/strict';
import type { ProcessDefinition } from '../../agent/core/definition.ts';
import { readinessOf } from '../../agent/core/dependencies.ts';
import { TARGET_RETENTION_MS } from '../../agent/core/forget-targets.ts';
import type { ProbeResult } from '../../agent/core/observe.ts';
import {
  type Child,
  isWantedUp,
  type ProcessInput,
  type SignalResult,
} from '../../agent/core/process.ts';
import { recoverState } from '../../agent/core/recover.ts';
import {
  type AgentState,
  type ConfigReading,
  type OrderId,
  targetKey,
} from '../../agent/core/state.ts';
import type { TargetRecord } from '../../agent/core/target.ts';
import { type AgentDriver, createAgentDriver } from '../../agent/driver.ts';
import type { Children } from '../../agent/ports.ts';
import type { LocalOrder, OrderNews } from '../../proto/local-orders.ts';
import type { AgentMessage } from '../../proto/messages.ts';
import {
  knownProcessName,
  operationId,
  type ProcessName,
  type Verb,
  WHOLE_HOST,
} from '../../proto/vocabulary.ts';
import { virtualClock } from '../fakes/agent-clock.ts';
import { aWelcome, BOOT_ID } from '../fakes/agent-host.ts';
import { fakeJournal } from '../fakes/agent-journal.ts';
import { fakeLog } from '../fakes/agent-log.ts';
import { aDefinition } from '../fakes/agent-process.ts';
import { ALICE } from '../fakes/local-callers.ts';
import { type Order, type OrderConditions, PaperOrders } from './agent-orders.ts';
import { PaperPrograms } from './agent-programs.ts';

/** The program that comes and goes with the configuration. */
const EXTRA = knownProcessName('extra');

/** In which everything comes to rest: longer than any wait, and than two health checks. */
const CALM_MS = 3 * 3_600_000;

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
  readonly #orders = new PaperOrders();
  /** The configuration on disk. */
  #reading: ConfigReading;
  #lastLocalOrder = 0;
  /** Orders given to the agent that is alive whose end nobody has been told. */
  readonly #untold = new Set<OrderId>();
  #incarnation: Incarnation;
  #sessionEpoch = 0;
  #isConnected = false;
  #failure: unknown = null;
  readonly #looks = new Map<ProcessName, number>();

  constructor(definitions: readonly ProcessDefinition[], draw: (below: number) => number) {
    this.#definitions = definitions;
    this.#reading = { kind: 'read', definitions };
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
      () => this.#fullStop(),
      () => this.#repeatOrders(),
      () => this.#withdraw(),
      () => this.#withdraw(),
      () => this.#programs.crashOne(),
      () => this.#programs.crashOne(),
      () => this.#connect(),
      () => this.#disconnect(),
      () => this.#killAgent(),
      () => this.#handOver(),
      () => this.#edit(),
      () => this.#edit(),
      () => this.#update(),
      () => this.#update(),
      () => this.#orderLocally(),
      () => this.#orderLocally(),
      () => this.#orderLocally(),
      () => this.#journal.failWith(this.#draw(3) === 0 ? 'disk full' : null),
    ];
    if (this.#draw(20) === 0) return this.#rest();
    this.#pick(deeds)();
    await this.#pass(this.#pick([0, 0, 5, 50, 700, 3_000, 12_000]));
  }

  /** Each that runs and has a health check is looked at once an interval, no more and no less. */
  async #checkLooks(): Promise<void> {
    this.#looks.clear();
    const before = new Map(this.state.processes);
    await this.#pass(CALM_MS);
    for (const [name, { definition, state, child }] of this.state.processes) {
      const { healthCheck } = definition;
      if (state !== 'RUNNING' || child?.pid !== before.get(name)?.child?.pid) continue;
      const expected = healthCheck === null ? 0 : CALM_MS / healthCheck.intervalMs;
      const looks = this.#looks.get(name) ?? 0;
      assert.ok(Math.abs(looks - expected) <= 1, `${name}: ${looks} looks, not ${expected}`);
    }
  }

  /** The end of all faults: everything must come to rest, and every order to its verdict. */
  async heal(): Promise<void> {
    this.#programs.isHealthy = true;
    this.#journal.failWith(null);
    this.#reading = { kind: 'read', definitions: this.#definitions };
    // Something to be written: a hand-over may wait for that, and the controller dials afterwards.
    this.#incarnation.driver.deliver({ kind: 'noted', requestedBy: 'alice', command: 'clear' });
    await this.#pass(CALM_MS);
    this.#disconnect();
    this.#connect();
    this.#repeatOrders();
    await this.#pass(CALM_MS);
    this.#update();
    await this.#pass(CALM_MS);
    this.#checkConfiguration();
    await this.#checkLooks();
    this.#orders.checkWanted(this.state);
    const begun = this.#orders.count;
    for (const verb of ['restart', 'restart', 'stop', 'restart'] as const) {
      for (const { process } of this.#definitions) this.#command(verb, process);
    }
    for (const { process } of this.#definitions) this.#fullStop(process);
    await this.#pass(CALM_MS);
    this.#orders.checkWanted(this.state);
    this.#orders.checkVerdicts(begun);
    assert.equal(this.state.queues.size, 0);
    assert.equal(this.state.watched.size, 0);
    assert.equal(this.state.isJournalSound, true);
    for (const { definition, state, child, wanted } of this.state.processes.values()) {
      const pid = this.#programs.runningPid(definition.process);
      const title = `${definition.process} is ${state}`;
      assert.ok(['RUNNING', 'STOPPED', 'EXITED', 'FATAL'].includes(state), title);
      assert.equal(pid, child?.pid ?? null, `${title}, and its child is another`);
      assert.equal(state === 'RUNNING', pid !== null, title);
      if (wanted === 'down' || wanted === 'paused')
        assert.notEqual(state, 'RUNNING', 'it was to be down');
    }
    const byName = (a: { definition: ProcessDefinition }, b: { definition: ProcessDefinition }) =>
      a.definition.process < b.definition.process ? -1 : 1;
    const held = this.#journal.contents().processes.toSorted(byName);
    assert.deepEqual(held, [...this.state.processes.values()].toSorted(byName));
    const { targets, remembered } = this.state;
    const recorded = new Map<string, TargetRecord>();
    for (const target of this.#journal.contents().targets) recorded.set(targetKey(target), target);
    assert.deepEqual(new Map(targets), recorded);
    assert.equal(remembered.size, targets.size);
  }

  /** Everything is as the file on disk says, and so is every child that runs. */
  #checkConfiguration(): void {
    const byName = (a: ProcessDefinition, b: ProcessDefinition) => (a.process < b.process ? -1 : 1);
    const active = [...this.state.processes.values()];
    assert.deepEqual(
      active.map(({ definition }) => definition).toSorted(byName),
      this.#definitions.toSorted(byName),
    );
    for (const process of active) {
      const { definition, child, state } = process;
      // An ordered start fails where a dependency is down, and is not made up for later.
      const isHindered = definition.dependsOn.length > 0;
      const isDown = state === 'STOPPED' && isWantedUp(process, definition) && !isHindered;
      assert.ok(!isDown, `${definition.process} is to be up, and nobody starts it`);
      // What could not be started again is not stopped, so it runs on as it is.
      if (child === null || isHindered) continue;
      const { command } = this.#programs.definitionOf(definition.process) ?? definition;
      assert.equal(command, definition.command, `${definition.process} runs something else`);
    }
    assert.deepEqual([...this.state.rollouts], []);
    assert.deepEqual([...this.#untold], [], 'orders whose end nobody was told');
    this.#programs.checkHeld(this.state);
  }

  /** Long enough for targets to be forgotten. */
  async #rest(): Promise<void> {
    await this.#pass(TARGET_RETENTION_MS + 1);
    this.#orders.age();
  }

  async #pass(durationMs: number): Promise<void> {
    await this.#clock.pass(durationMs);
    if (this.#failure !== null) throw this.#failure;
    this.#checkHeldStarts();
  }

  /** What is held is down, is said to wait, and does; nothing else is said to. */
  #checkHeldStarts(): void {
    const { state } = this;
    for (const [name, process] of state.processes) {
      const isHeld = state.heldStarts.get(name) !== undefined;
      assert.equal(process.waitsFor !== null, isHeld, `${name} waits for ${process.waitsFor}`);
      if (!isHeld) continue;
      assert.ok(['STOPPED', 'EXITED', 'FATAL'].includes(process.state), `${name} ${process.state}`);
      const { kind } = readinessOf(state, process.definition);
      assert.equal(kind, state.heldStarts.get(name)?.prospect, `${name} is held`);
    }
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
    const state = recoverState(
      this.#reading,
      this.#journal.contents(),
      BOOT_ID,
      this.#clock.now().wallMs,
    );
    if (state.processes.get(EXTRA) === undefined) this.#orders.noteRemoved(EXTRA);
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
        link: {
          send: (message) => isAlive() && this.#checked(() => this.#heard(message)),
          endSession: () => undefined,
        },
        config: { read: () => this.#reading, keepRules: () => undefined },
        orders: { tell: (order, news) => this.#checked(() => this.#told(order, news)) },
        probes: {
          probe: (definition, _child, done) => {
            if (!isAlive()) return;
            this.#looks.set(definition.process, (this.#looks.get(definition.process) ?? 0) + 1);
            done(this.#probed());
          },
        },
        log: fakeLog(),
        onShutdownComplete: () => undefined,
        onHandOver: () => this.#clock.soon(() => this.#replaceAgent()),
      },
      state,
    );
    const incarnation: Incarnation = { driver, isAlive: true };
    driver.deliver({ kind: 'boot', sightings: this.#programs.sightings(state) });
    return incarnation;
  }

  /** A journal that fails is spared: what is spawned meanwhile is on no record. */
  #killAgent(): void {
    if (!this.#incarnation.isAlive || !this.state.isJournalSound) return;
    this.#replaceAgent();
  }

  /** A journal that fails is spared, as above. */
  #handOver(): void {
    if (this.state.isJournalSound) this.#incarnation.driver.deliver({ kind: 'handOver' });
  }

  #replaceAgent(): void {
    if (!this.#incarnation.isAlive) return;
    this.#journal.failWith(null);
    this.#incarnation.isAlive = false;
    this.#untold.clear();
    this.#isConnected = false;
    this.#programs.closeGates();
    this.#incarnation = this.#boot();
  }

  #children(isAlive: () => boolean): Children {
    const programs = this.#programs;
    const when = (callback: () => void): void => {
      if (isAlive()) this.#checked(callback);
    };
    const send = (child: Child, signal: string): SignalResult => {
      when(() => {
        const process = programs.signal(child, signal);
        if (process !== null) this.#orders.stopped(this.state, process, child.pid);
      });
      return { kind: 'delivered' };
    };
    return {
      examine: () => null,
      locate: () => null,
      redefine: () => undefined,
      forget: () => undefined,
      spawn: (definition) => when(() => programs.spawn(definition)),
      release: (process) => {
        when(() => {
          programs.release(process);
          const pid = programs.runningPid(process);
          if (pid !== null) this.#orders.started(this.state, process, pid);
        });
      },
      abandon: (process) => when(() => programs.abandon(process)),
      adopt: ({ process }, child) => when(() => programs.adopt(process, child)),
      stop: (_process, child, signal) => send(child, signal),
      signal: (child, signal) => send(child, signal),
    };
  }

  #probed(): ProbeResult {
    const isPassing = this.#programs.isHealthy || this.#draw(3) > 0;
    return isPassing ? { isPassing } : { isPassing, error: 'refused' };
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
    const message = aWelcome(this.#sessionEpoch, this.#orders.lastSeq());
    this.#incarnation.driver.deliver({ kind: 'received', message });
    const heartbeat = { kind: 'heartbeat', atMs: this.#clock.nowMs(), probe: 0 } as const;
    this.#incarnation.driver.deliver({ kind: 'received', message: heartbeat });
    this.#repeatOrders();
  }

  #disconnect(): void {
    if (!this.#isConnected) return;
    this.#isConnected = false;
    this.#incarnation.driver.deliver({ kind: 'disconnected' });
  }

  #anyProcess(): ProcessName {
    const { process } = this.#pick(this.#definitions);
    return this.#draw(4) === 0 ? EXTRA : process;
  }

  #command(verb: Verb, process = this.#anyProcess()): void {
    this.#tell(this.#orders.add(verb, this.#orders.newOperation(), process, this.#conditions()));
  }

  /** In the end nothing is to end early. */
  #conditions(): OrderConditions {
    const minHealthyMs = this.#pick([0, 0, 0, 400, 5_000, 60_000]);
    if (this.#programs.isHealthy) return {};
    const allowedMs = this.#pick([null, null, null, 0, 30, 300, 2_000, 20_000]);
    const deadlineMs = allowedMs === null ? null : this.#clock.nowMs() + allowedMs;
    return { minHealthyMs, deadlineMs };
  }

  /** Somebody cancels an operation, or its deadline comes; its command may still be on its way. */
  #withdraw(): void {
    const order = this.#orders.toWithdraw(this.#draw);
    if (order === undefined) return;
    order.withdrawal ??= {
      because: this.#pick(['cancelled', 'timed-out']),
      giveUp: this.#draw(2) === 0,
    };
    this.#tell(order);
  }

  /** The start comes with its stop, while that is under way, or after it. */
  #fullStop(process = this.#pick(this.#definitions).process): void {
    const operation = this.#orders.newOperation();
    const conditions = this.#conditions();
    this.#tell(this.#orders.add('stop', operation, process, { ...conditions, startFollows: true }));
    const start = () => this.#tell(this.#orders.add('start', operation, process, conditions));
    if (this.#draw(3) === 0) start();
    else this.#clock.after(this.#draw(3_000), start);
  }

  /** Somebody edits the file: rightly or wrongly, one program more or less, another command. */
  #edit(): void {
    const edited = this.#definitions.map((definition, index) => this.#edited(definition, index));
    const definitions = this.#draw(2) === 0 ? edited : [...edited, this.#extra()];
    const rejected = { kind: 'rejected', problem: 'a slip' } as const;
    this.#reading = this.#draw(5) === 0 ? rejected : { kind: 'read', definitions };
  }

  /** Another command, another health check or none, other processes that it needs. */
  #edited(definition: ProcessDefinition, index: number): ProcessDefinition {
    const command = this.#draw(3) === 0 ? { command: `${this.#draw(3)}` } : {};
    if (this.#definitions.every(({ dependsOn }) => dependsOn.length === 0))
      return { ...definition, ...command };
    const check = this.#draw(3) === 0 ? { healthCheck: this.#healthCheck() } : {};
    const earlier = this.#definitions.slice(0, index).filter(() => this.#draw(2) === 0);
    const dependsOn = earlier.map(({ process }) => ({
      process,
      condition: this.#pick(['started', 'healthy', 'completed'] as const),
    }));
    return { ...definition, ...command, ...check, ...(this.#draw(2) === 0 && { dependsOn }) };
  }

  #healthCheck(): ProcessDefinition['healthCheck'] {
    if (this.#draw(3) === 0) return null;
    const probe = { kind: 'tcp', host: '127.0.0.1', port: this.#draw(3) } as const;
    const intervalMs = this.#pick([400_000, 1_200_000, 3_600_000]);
    return { probe, intervalMs, timeoutMs: 1_000, retries: 1 + this.#draw(3) };
  }

  #extra(): ProcessDefinition {
    const { process } = this.#pick(this.#definitions);
    const isPlain = this.#definitions.every(({ dependsOn }) => dependsOn.length === 0);
    return aDefinition(EXTRA, {
      groupPriority: this.#draw(9),
      command: `${this.#draw(2)}`,
      dependsOn: isPlain || this.#draw(2) === 0 ? [] : [{ process, condition: 'started' }],
    });
  }

  #update(): void {
    this.#tell(this.#orders.add('update', this.#orders.newOperation(), WHOLE_HOST));
  }

  #orderLocally(): void {
    if (!this.#incarnation.isAlive) return;
    this.#lastLocalOrder += 1;
    const order = this.#lastLocalOrder;
    this.#untold.add(order);
    const given = { kind: 'order', order, by: ALICE, command: '' } as const;
    const request = this.#localOrder();
    this.#incarnation.driver.deliver({ ...given, request });
  }

  #localOrder(): LocalOrder {
    const operation = this.#orders.newOperation();
    const id = operationId(operation);
    if (this.#draw(4) === 0) return { kind: 'reload' };
    if (this.#draw(6) === 0) {
      const kind = this.#pick(['add', 'remove'] as const);
      return { kind, operationId: id, groups: [EXTRA] };
    }
    if (this.#draw(3) === 0) {
      this.#orders.add('update', operation, WHOLE_HOST, { isLocal: true });
      return { kind: 'update', operationId: id, groups: [] };
    }
    const verb = this.#pick(['start', 'stop', 'restart'] as const);
    const process = this.#anyProcess();
    this.#orders.add(verb, operation, process, { isLocal: true });
    return { kind: 'control', operationId: id, verb, signal: null, names: [process] };
  }

  #told(order: OrderId, news: OrderNews): void {
    if (news.kind !== 'done' && news.kind !== 'refused') return;
    assert.ok(this.#untold.delete(order), `order ${order} ends twice`);
  }

  #repeatOrders(): void {
    for (const order of this.#orders.toRepeat(this.#draw)) this.#tell(order);
  }

  /** What was withdrawn once is only ever withdrawn again; a command may come after that, late. */
  #tell(order: Order): void {
    if (!this.#isConnected) return;
    const { verb, operation, process, withdrawal } = order;
    const sessionEpoch = this.#sessionEpoch;
    const about = { sessionEpoch, operationId: operationId(operation), verb, processes: [process] };
    if (withdrawal !== null) {
      const message = { kind: 'withdraw', ...about, ...withdrawal } as const;
      this.#incarnation.driver.deliver({ kind: 'received', message });
      if (this.#draw(3) > 0) return;
    }
    const { startFollows, minHealthyMs, deadlineMs } = order;
    const sentAtMs = this.#clock.nowMs();
    const expiresInMs = deadlineMs === null ? null : Math.max(0, deadlineMs - sentAtMs);
    const command = { signal: null, startFollows, groups: [], minHealthyMs, expiresInMs } as const;
    const message = { kind: 'command', ...about, ...command, sentAtMs } as const;
    this.#incarnation.driver.deliver({ kind: 'received', message });
  }

  #heard(message: AgentMessage): void {
    if (!this.#isConnected || message.kind !== 'event') return;
    const { seq, event } = message;
    this.#orders.heard(seq, event);
    if (this.#draw(3) > 0) return;
    const ack = { kind: 'acknowledgement', sessionEpoch: this.#sessionEpoch, seq } as const;
    this.#incarnation.driver.deliver({ kind: 'received', message: ack });
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[this.#draw(items.length)] as Item;
  }
}
