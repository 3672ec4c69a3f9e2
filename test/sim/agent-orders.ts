/**
 * What a controller on paper has ordered of one agent, and what it was told. At least once is what
 * it promises, so orders are repeated; here it is checked that each was carried out at most once.
 */
import assert from 'node:assert/strict';
import type { ProcessRuntime } from '../../agent/core/process.ts';
import { type AgentState, isRetired } from '../../agent/core/state.ts';
import { SUPERSEDED } from '../../agent/core/verdict.ts';
import type { AgentEvent, ProcessName, TargetOutcome, Verb } from '../../proto/vocabulary.ts';

export interface Order {
  readonly verb: Verb;
  /** A full stop is two orders under one: a stop and, later, a start. */
  readonly operation: string;
  readonly process: ProcessName;
  /** The first half of a full stop. */
  readonly startFollows: boolean;
  /** Given on the host, once; it is lost with an agent that dies before it is on record. */
  readonly isLocal: boolean;
  /** Of the event that told of it first. */
  acceptedSeq: number | null;
  outcome: TargetOutcome | null;
  /** Given so long ago that its agent may forget it once the verdict was heard. */
  isOld: boolean;
}

export class PaperOrders {
  readonly #orders: Order[] = [];
  readonly #events = new Map<number, string>();
  readonly #claims = new Map<string, string>();
  /** Those that were taken out once; after that they are counted afresh. */
  readonly #removed = new Set<ProcessName>();

  get count(): number {
    return this.#orders.length;
  }

  newOperation(): string {
    return `op-${this.#orders.length + 1}`;
  }

  add(
    verb: Verb,
    operation: string,
    process: ProcessName,
    startFollows = false,
    isLocal = false,
  ): Order {
    const order: Order = {
      verb,
      operation,
      process,
      startFollows,
      isLocal,
      acceptedSeq: null,
      outcome: null,
      isOld: false,
    };
    this.#orders.push(order);
    return order;
  }

  /** Those without a verdict, however old, and some that have one. */
  toRepeat(draw: (below: number) => number): readonly Order[] {
    return this.#orders.filter(
      ({ outcome, isOld, isLocal }) => !isLocal && (outcome === null || (!isOld && draw(20) === 0)),
    );
  }

  age(): void {
    for (const order of this.#orders) order.isOld = true;
  }

  lastSeq(): number {
    return Math.max(0, ...this.#events.keys());
  }

  heard(seq: number, event: AgentEvent): void {
    const text = JSON.stringify(event);
    assert.equal(this.#events.get(seq) ?? text, text, `two events with number ${seq}`);
    this.#events.set(seq, text);
    switch (event.kind) {
      case 'processChanged':
        return;
      case 'targetAccepted':
        return this.#accepted(seq, event);
      case 'targetSettled':
        return this.#settled(event);
      case 'processRemoved':
        return this.noteRemoved(event.process);
      case 'localOrder':
      case 'configJudged':
        return;
    }
  }

  noteRemoved(process: ProcessName): void {
    this.#removed.add(process);
  }

  /** A restart of the agent may signal the same child again for an order, but never the next one. */
  stopped(state: AgentState, process: ProcessName, pid: number): void {
    const [order] = state.queues.get(process) ?? [];
    // A reload stops everything, whatever is under way; and what is not configured any more goes.
    if (order === undefined || state.isShuttingDown || isRetired(state, process)) return;
    const target = state.targets.get(order);
    // One that an earlier agent was reloading is still being stopped, and the start waits for it.
    const isAwaited = target?.verb === 'start' && target.phase === 'stopping';
    assert.ok(target?.verb !== 'start' || isAwaited, `${order} stops pid ${pid}`);
    this.#claim(`the stop of ${order}`, `pid ${pid}`);
  }

  /** An order starts one child: the one that it waits for, or that was its answer. */
  started(state: AgentState, process: ProcessName, pid: number): void {
    const [first] = state.queues.get(process) ?? [];
    for (const [key, target] of state.targets) {
      if (target.process !== process) continue;
      const isWaiting = key === first && target.phase === 'starting';
      const isAnswered = target.outcome?.state === 'succeeded' && target.outcome.newPid === pid;
      if (isWaiting || isAnswered) this.#claim(`the start of ${key}`, `pid ${pid}`);
    }
  }

  /** The order that was accepted last decides, whatever was repeated after it. */
  checkWanted(state: AgentState): void {
    const lastOf = new Map<ProcessName, Order>();
    for (const order of this.#orders) {
      const last = lastOf.get(order.process);
      if ((order.acceptedSeq ?? 0) > (last?.acceptedSeq ?? 0)) lastOf.set(order.process, order);
    }
    for (const { definition, wanted } of state.processes.values()) {
      const last = lastOf.get(definition.process);
      const isWanted = wantedAfter(last).includes(wanted);
      assert.ok(isWanted, `${definition.process} is ${wanted} after ${last?.operation}`);
    }
  }

  /** Each has its verdict; from `healthyFrom` on there is nothing that could make one fail. */
  checkVerdicts(healthyFrom: number): void {
    for (const [index, order] of this.#orders.entries()) {
      const { operation, verb, process, outcome, isLocal, acceptedSeq } = order;
      // An update on the host is no target; and what was never on record has no verdict.
      if (isLocal && acceptedSeq === null) continue;
      const title = `${verb} of ${process}, ${operation}: ${JSON.stringify(outcome)}`;
      assert.notEqual(outcome, null, title);
      // Whoever orders the next thing before a program is up does not wait for it.
      const isSuperseded = outcome?.error === SUPERSEDED.error;
      // What it needs is stopped at the same time, by an order of its own.
      const isHindered = outcome?.error?.startsWith('it needs ') === true;
      if (index >= healthyFrom && !isSuperseded && !isHindered)
        assert.equal(outcome?.state, 'succeeded', title);
    }
  }

  /** A generation belongs to one restart, and a restart has one generation. */
  #accepted(seq: number, event: Extract<AgentEvent, { readonly kind: 'targetAccepted' }>): void {
    const { operationId, verb, process, generation, oldPid } = event;
    const order = this.#orderOf(event);
    if (order.verb === verb) order.acceptedSeq ??= seq;
    this.#claim(`the acceptance of ${operationId} ${verb} ${process}`, `pid ${oldPid}`);
    if (verb !== 'restart' || this.#removed.has(process)) return;
    this.#claim(`${process} generation ${generation}`, operationId);
    this.#claim(`${operationId} ${process}`, `${process} generation ${generation}`);
  }

  /** It is the same each time, and a restart has a child of its own. */
  #settled(event: Extract<AgentEvent, { readonly kind: 'targetSettled' }>): void {
    const { operationId, verb, process, outcome } = event;
    const order = this.#orderOf(event);
    if (order.verb !== verb) return;
    assert.deepEqual(order.outcome ?? outcome, outcome, 'two verdicts');
    order.outcome = outcome;
    if (verb !== 'restart' || outcome.state !== 'succeeded') return;
    this.#claim(`${process} pid ${outcome.newPid}`, operationId);
  }

  #orderOf({
    operationId,
    verb,
  }: Extract<AgentEvent, { readonly kind: 'targetAccepted' | 'targetSettled' }>): Order {
    const order = this.#orders.find(
      (one) => one.operation === operationId && (one.verb === verb || one.verb === 'update'),
    );
    assert.ok(order, `news of the ${verb} of ${operationId}, which nobody ordered`);
    return order;
  }

  #claim(key: string, owner: string): void {
    assert.equal(this.#claims.get(key) ?? owner, owner, `${key} has two owners`);
    this.#claims.set(key, owner);
  }
}

function wantedAfter(last: Order | undefined): readonly ProcessRuntime['wanted'][] {
  if (last === undefined) return [null];
  if (last.verb !== 'stop') return ['up'];
  // Up once its host was rebooted, or its agent ended in order.
  return last.startFollows ? ['paused', 'up'] : ['down'];
}
