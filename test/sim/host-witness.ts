/**
 * Looks on at every host of a simulated fleet: that what was ordered is done at most once, that what
 * is told is on record already, and that each event has one number and one content for ever.
 */
import assert from 'node:assert/strict';
import {
  type AgentState,
  type AgentWrite,
  type TargetId,
  targetKey,
} from '../../agent/core/state.ts';
import type { LocalOrder } from '../../proto/local-orders.ts';
import type { AgentMessage, ControllerMessage } from '../../proto/messages.ts';
import type { OperationFacts, Target } from '../../proto/operation.ts';
import {
  type AgentEvent,
  type HostId,
  knownProcessName,
  type ProcessName,
  type ProcessStatus,
  type SequencedEvent,
} from '../../proto/vocabulary.ts';
import { type OrderConditions, PaperOrders } from './agent-orders.ts';
import type { AgentWitness } from './agent-witness.ts';

/** How a process was when an event had just been numbered; null: it was not there. */
interface Moment {
  readonly seq: number;
  readonly digest: string | null;
}

/** Of one host. */
interface Ledger {
  readonly orders: PaperOrders;
  readonly history: Map<ProcessName, Moment[]>;
  /** When the program of each pid was let go. */
  readonly started: Map<number, number>;
  /** Pids of programs that waited to be let go when their agent died. */
  readonly neverRan: Set<number>;
  /** Targets that were asked for in the session that was up. */
  readonly wanted: Set<string>;
  /** Taken back before they were begun, and when. */
  readonly withdrawn: Map<string, number>;
  /** The last event that is on record. */
  recordedSeq: number;
  sessionEpoch: number;
}

export interface HostWitnessOptions {
  readonly note: (text: string) => void;
  readonly nowMs: () => number;
  /** Runs a check where nothing may be thrown. */
  readonly check: (title: string, claim: () => void) => void;
}

/** An outbox may hold so much (agent/core/outbox.ts), and no more. */
const OUTBOX_MAX = 10_000;

/** What is being committed when something is taken back may still be begun. */
const COMMIT_MAX_MS = 1_000;

export class HostWitness implements AgentWitness {
  readonly #options: HostWitnessOptions;
  readonly #ledgers = new Map<HostId, Ledger>();

  constructor(options: HostWitnessOptions) {
    this.#options = options;
  }

  /**
   * How a process was, by its own agent, when this event had just been numbered. Null: it was not
   * there; undefined: nothing was told of it by then.
   */
  digestAt(host: HostId, process: ProcessName, seq: number): string | null | undefined {
    const history = this.#ledgerOf(host).history.get(process);
    return history?.findLast((entry) => entry.seq <= seq)?.digest;
  }

  startedMs(host: HostId, pid: number): number | null {
    return this.#ledgerOf(host).started.get(pid) ?? null;
  }

  neverRan(host: HostId, pid: number): boolean {
    return this.#ledgerOf(host).neverRan.has(pid);
  }

  gatesClosed(host: HostId, pids: readonly number[]): void {
    for (const pid of pids) this.#ledgerOf(host).neverRan.add(pid);
  }

  /** What the controller says of a target is what its agent says; or it never heard the end of it. */
  checkVerdict({ id, verb }: OperationFacts, target: Target): void {
    const { orders } = this.#ledgerOf(target.host);
    const title = `${id} ${target.host} ${target.process}: ${target.state}`;
    const halves = target.stopWave === null ? ([verb] as const) : (['start', 'stop'] as const);
    const known = halves.flatMap((half) => orders.find(half, id, target.process) ?? []);
    const [last] = known;
    switch (target.state) {
      case 'succeeded':
      case 'failed':
      case 'timed-out':
        assert.equal(last?.outcome?.state, target.state, title);
        assert.equal(last?.outcome?.newPid, target.newPid, title);
        return;
      case 'not-attempted':
        if (target.dispatchedAtMs === null && !target.stopped) assert.deepEqual(known, [], title);
        return;
      case 'cancelled':
        if (last !== undefined) assert.ok(last.outcome !== null, title);
        return;
      default:
        return;
    }
  }

  checkUnbegun(): void {
    for (const { orders } of this.#ledgers.values()) orders.checkUnbegun();
  }

  note(text: string): void {
    this.#options.note(text);
  }

  received(host: HostId, message: ControllerMessage, state: AgentState): void {
    const ledger = this.#ledgerOf(host);
    if (message.kind === 'welcome') ledger.sessionEpoch = message.sessionEpoch;
    if (message.kind !== 'command' && message.kind !== 'withdraw') return;
    const { operationId, verb, processes } = message;
    const isStale = message.sessionEpoch !== ledger.sessionEpoch;
    for (const process of processes) {
      const id = { operationId, verb, process };
      const key = targetKey(id);
      this.#learn(host, id, message.kind === 'command' ? message : {});
      if (isStale) continue;
      ledger.wanted.add(key);
      const phase = state.targets.get(key)?.phase ?? 'queued';
      if (message.kind === 'command' || phase !== 'queued') continue;
      // What a full stop has stopped is started again all the same.
      const isSecondHalf = ledger.orders.find('stop', operationId, process) !== undefined;
      if (!isSecondHalf && !ledger.withdrawn.has(key)) {
        ledger.withdrawn.set(key, this.#options.nowMs());
      }
    }
  }

  ordered(host: HostId, order: LocalOrder): void {
    if (order.kind !== 'control') return;
    const { operationId, verb } = order;
    for (const name of order.names) {
      const id = { operationId, verb, process: knownProcessName(name) };
      this.#ledgerOf(host).wanted.add(targetKey(id));
      this.#learn(host, id, { isLocal: true });
    }
  }

  committed(host: HostId, writes: readonly AgentWrite[]): void {
    const ledger = this.#ledgerOf(host);
    for (const write of writes) {
      if (write.kind === 'event') {
        ledger.recordedSeq = Math.max(ledger.recordedSeq, write.event.seq);
      }
    }
  }

  sent(host: HostId, message: AgentMessage, state: AgentState): void {
    const ledger = this.#ledgerOf(host);
    if (message.kind === 'snapshot') {
      for (const status of message.processes) picture(ledger, status, message.seq);
    }
    if (message.kind === 'event') this.#told(host, state, message);
    if (message.kind === 'events') {
      for (const event of message.events) this.#told(host, state, event);
    }
  }

  #told(host: HostId, state: AgentState, { seq, event }: SequencedEvent): void {
    const ledger = this.#ledgerOf(host);
    this.#options.check(`${host} tells of event ${seq}`, () => {
      ledger.orders.heard(seq, event);
      if (state.isJournalSound) assert.ok(seq <= ledger.recordedSeq, 'it is not on record');
      const { changes, local, kept } = state.outbox;
      assert.ok(changes.size + local.size + kept.size <= OUTBOX_MAX, 'the outbox is too long');
      checkWanted(ledger, event);
    });
    if (event.kind === 'processChanged') {
      happened(ledger, event.process.process, { seq, digest: digestOf(event.process) });
    }
    if (event.kind === 'processRemoved') happened(ledger, event.process, { seq, digest: null });
  }

  started(host: HostId, state: AgentState, process: ProcessName, pid: number): void {
    const ledger = this.#ledgerOf(host);
    ledger.started.set(pid, this.#options.nowMs());
    this.#options.check(`${host} starts ${process}`, () => {
      ledger.orders.started(state, process, pid);
      this.#checkWithdrawn(ledger, state, process, 'starting');
    });
  }

  stopped(host: HostId, state: AgentState, process: ProcessName, pid: number): void {
    const ledger = this.#ledgerOf(host);
    this.#options.check(`${host} stops ${process}`, () => {
      ledger.orders.stopped(state, process, pid);
      this.#checkWithdrawn(ledger, state, process, 'stopping');
    });
  }

  rebooted(host: HostId): void {
    this.#ledgerOf(host).orders.rebooted();
  }

  /** Whatever is being done, nobody has taken it back. */
  #checkWithdrawn(ledger: Ledger, state: AgentState, process: ProcessName, phase: string): void {
    const [head] = state.queues.get(process) ?? [];
    if (head === undefined || state.targets.get(head)?.phase !== phase) return;
    const withdrawnMs = ledger.withdrawn.get(head);
    if (withdrawnMs === undefined) return;
    const sinceMs = this.#options.nowMs() - withdrawnMs;
    if (sinceMs <= COMMIT_MAX_MS) ledger.withdrawn.delete(head);
    else assert.fail(`${head} was taken back ${sinceMs} ms ago`);
  }

  #learn(host: HostId, target: TargetId, conditions: OrderConditions): void {
    const { orders } = this.#ledgerOf(host);
    const { verb, operationId, process } = target;
    if (orders.find(verb, operationId, process) !== undefined) return;
    const { startFollows = false, isLocal = false, minHealthyMs = 0 } = conditions;
    orders.add(verb, operationId, process, { startFollows, isLocal, minHealthyMs });
  }

  #ledgerOf(host: HostId): Ledger {
    const known = this.#ledgers.get(host);
    if (known !== undefined) return known;
    const fresh: Ledger = {
      orders: new PaperOrders(),
      history: new Map(),
      started: new Map(),
      neverRan: new Set(),
      wanted: new Set(),
      withdrawn: new Map(),
      recordedSeq: 0,
      sessionEpoch: 0,
    };
    this.#ledgers.set(host, fresh);
    return fresh;
  }
}

/** Nothing is taken on that was asked for in a session that is over only. */
function checkWanted({ wanted }: Ledger, event: AgentEvent): void {
  if (event.kind !== 'targetAccepted') return;
  const { operationId, process } = event;
  const isUpdate = [...wanted].some((key) => key.startsWith(`${operationId} update `));
  assert.ok(isUpdate || wanted.has(targetKey(event)), `nobody asked ${operationId} of ${process}`);
}

/** What every change of a process changes. */
export function digestOf({ state, pid, changedAtMs, exitCode, exitSignal }: ProcessStatus): string {
  return `${state} ${pid} ${changedAtMs} ${exitCode} ${exitSignal}`;
}

/** Of one moment the picture counts: no event tells what an agent makes of what it finds. */
function picture(ledger: Ledger, status: ProcessStatus, seq: number): void {
  const history = historyOf(ledger, status.process);
  const digest = digestOf(status);
  if (history.at(-1)?.seq === seq) history.pop();
  history.push({ seq, digest });
}

/** What is sent again is known. */
function happened(ledger: Ledger, process: ProcessName, entry: Moment): void {
  const history = historyOf(ledger, process);
  if (entry.seq > (history.at(-1)?.seq ?? 0)) history.push(entry);
}

function historyOf({ history }: Ledger, process: ProcessName): Moment[] {
  const known = history.get(process) ?? [];
  history.set(process, known);
  return known;
}
