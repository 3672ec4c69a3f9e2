/**
 * What a controller on paper has ordered of one agent, and what it was told. At least once is what
 * it promises, so orders are repeated; here it is checked that each was carried out at most once.
 */
import assert from 'node:assert/strict';
import type { ProcessRuntime } from '../../agent/core/process.ts';
import { type AgentState, isRetired } from '../../agent/core/state.ts';
import { SUPERSEDED } from '../../agent/core/verdict.ts';
import type { ControllerMessage } from '../../proto/messages.ts';
import {
  type AgentEvent,
  type ProcessName,
  type TargetOutcome,
  type Verb,
  WHOLE_HOST,
} from '../../proto/vocabulary.ts';

type Withdrawal = Pick<
  Extract<ControllerMessage, { readonly kind: 'withdraw' }>,
  'because' | 'giveUp'
>;

export interface OrderConditions {
  readonly startFollows?: boolean;
  readonly isLocal?: boolean;
  readonly minHealthyMs?: number;
  readonly deadlineMs?: number | null;
}

export interface Order {
  readonly verb: Verb;
  /** A full stop is two orders under one: a stop and, later, a start. */
  readonly operation: string;
  readonly process: ProcessName;
  /** The first half of a full stop. */
  readonly startFollows: boolean;
  /** Given on the host, once; it is lost with an agent that dies before it is on record. */
  readonly isLocal: boolean;
  readonly minHealthyMs: number;
  /** Of virtual time; null: none. */
  readonly deadlineMs: number | null;
  withdrawal: Withdrawal | null;
  /** Of the event that told of it first. */
  acceptedSeq: number | null;
  outcome: TargetOutcome | null;
  /** Given so long ago that its agent may forget it once the verdict was heard. */
  isOld: boolean;
}

export class PaperOrders {
  readonly #orders: Order[] = [];
  readonly #byKey = new Map<string, Order>();
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
    conditions: OrderConditions = {},
  ): Order {
    const order: Order = {
      verb,
      operation,
      process,
      startFollows: false,
      isLocal: false,
      minHealthyMs: 0,
      deadlineMs: null,
      ...conditions,
      withdrawal: null,
      acceptedSeq: null,
      outcome: null,
      isOld: false,
    };
    this.#orders.push(order);
    this.#byKey.set(`${operation} ${verb} ${process}`, order);
    return order;
  }

  /** One that the controller may still want to take back; perhaps its agent has never heard of it. */
  toWithdraw(draw: (below: number) => number): Order | undefined {
    const recent = this.#orders.slice(-12).filter((order) => !order.isLocal && !order.isOld);
    return recent[draw(Math.max(1, recent.length))];
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
      case 'targetVerifying':
        return this.#verifying(seq, event);
      case 'eventsMissing':
        throw new Error('no agent tells of this');
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

  /** What an order had begun before its host went down is begun again afterwards. */
  rebooted(): void {
    for (const key of this.#claims.keys()) {
      if (key.startsWith('the start of ') || key.startsWith('the stop of '))
        this.#claims.delete(key);
    }
  }

  /** The order that was accepted last decides, whatever was repeated after it. */
  checkWanted(state: AgentState): void {
    const lastOf = new Map<ProcessName, Order>();
    const left = new Map<ProcessName, readonly ProcessRuntime['wanted'][]>();
    for (const order of this.#orders) {
      // It is as if it had never been given; but a reload ends what waits for a start, and of one that
      // was forgotten by the time that its start was taken back nobody knows that it waits.
      if (this.#isUndone(order)) left.set(order.process, ['up', ...(order.isOld ? PAUSED : [])]);
      if (isUnbegun(order) || this.#isUndone(order)) continue;
      const last = lastOf.get(order.process);
      if ((order.acceptedSeq ?? 0) > (last?.acceptedSeq ?? 0)) lastOf.set(order.process, order);
    }
    for (const { definition, wanted } of state.processes.values()) {
      const last = lastOf.get(definition.process);
      const isLeft = left.get(definition.process)?.includes(wanted) === true;
      const isWanted = isLeft || wantedAfter(last).includes(wanted);
      const isHalfDone = wanted === 'paused' && last?.isOld === false && this.#isStartless(last);
      assert.ok(!isHalfDone, `${definition.process} was left down by ${last?.operation}`);
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
      if (isUnbegun(order)) this.#checkUntouched(order, title);
      const mayEndEarly = order.withdrawal !== null || order.deadlineMs !== null;
      const isEndedEarly = outcome?.state === 'cancelled' || outcome?.state === 'timed-out';
      assert.ok(mayEndEarly || !isEndedEarly, title);
      // Whoever orders the next thing before a program is up does not wait for it.
      const isSuperseded = outcome?.error === SUPERSEDED.error;
      // What it needs is stopped at the same time, by an order of its own.
      const isHindered = outcome?.error?.startsWith('it needs ') === true;
      if (index >= healthyFrom && !isSuperseded && !isHindered)
        assert.equal(outcome?.state, 'succeeded', title);
    }
  }

  /** Undefined: nobody gave it here. */
  find(verb: Verb, operation: string, process: ProcessName): Order | undefined {
    return this.#byKey.get(`${operation} ${verb} ${process}`);
  }

  /** What was taken back before it was begun has done nothing. */
  checkUnbegun(): void {
    for (const order of this.#orders) {
      if (isUnbegun(order)) this.#checkUntouched(order, `${order.verb} of ${order.operation}`);
    }
  }

  /** Nothing was started or stopped for it. */
  #checkUntouched({ operation, verb, process }: Order, title: string): void {
    const key = `${operation} ${verb} ${process}`;
    const deeds = [`the stop of ${key}`, `the start of ${key}`];
    assert.ok(!deeds.some((deed) => this.#claims.has(deed)), title);
  }

  /** The first half of a full stop whose second half was taken back. */
  #isStartless({ operation, process, startFollows, outcome }: Order): boolean {
    if (!startFollows) return false;
    const start = this.#orders.find(
      (one) => one.operation === operation && one.process === process && one.verb === 'start',
    );
    return isGivenUp(outcome) || isGivenUp(start?.outcome ?? null);
  }

  /** Such a one, of a process that was down before. */
  #isUndone(order: Order): boolean {
    return this.#isStartless(order) && order.outcome?.fault === 'not-running';
  }

  /** Told once, between the acceptance and the verdict. */
  #verifying(seq: number, event: Extract<AgentEvent, { readonly kind: 'targetVerifying' }>): void {
    const order = this.#orderOf(event);
    const { operationId, verb, process } = event;
    assert.ok(order.minHealthyMs > 0, `${operationId} is verified, which nobody asked for`);
    this.#claim(`the verification of ${operationId} ${verb} ${process}`, `${seq}`);
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
    process,
  }: Extract<
    AgentEvent,
    { readonly kind: 'targetAccepted' | 'targetVerifying' | 'targetSettled' }
  >): Order {
    const order =
      this.#byKey.get(`${operationId} ${verb} ${process}`) ??
      this.#byKey.get(`${operationId} update ${WHOLE_HOST}`);
    assert.ok(order, `news of the ${verb} of ${operationId}, which nobody ordered`);
    return order;
  }

  #claim(key: string, owner: string): void {
    assert.equal(this.#claims.get(key) ?? owner, owner, `${key} has two owners`);
    this.#claims.set(key, owner);
  }
}

const PAUSED = ['paused'] as const;

function isGivenUp(outcome: TargetOutcome | null): boolean {
  return outcome?.state === 'cancelled' || outcome?.state === 'timed-out';
}

function isUnbegun({ outcome }: Order): boolean {
  return isGivenUp(outcome) && outcome?.error?.endsWith('before this was begun') === true;
}

function wantedAfter(last: Order | undefined): readonly ProcessRuntime['wanted'][] {
  if (last === undefined) return [null];
  if (last.verb !== 'stop') return ['up'];
  // Up once its host was rebooted, or its agent ended in order.
  return last.startFollows ? ['paused', 'up'] : ['down'];
}
