/**
 * What must hold of a controller's committed state at every moment: of each operation by itself
 * (`operation-invariants.ts`), of all of them together, and of the picture of each host.
 */
import assert from 'node:assert/strict';
import type { Execution } from '../../controller/core/execution.ts';
import type { Host } from '../../controller/core/host.ts';
import type { FleetState } from '../../controller/core/state.ts';
import type { OperationFacts, Target } from '../../proto/operation.ts';
import { isInFlight, isOpen, targetKey } from '../../proto/target.ts';
import {
  type HostId,
  type OperationId,
  type ProcessName,
  WHOLE_HOST,
} from '../../proto/vocabulary.ts';
import { digestOf, type HostWitness } from './host-witness.ts';
import {
  checkBegun,
  checkBooks,
  checkLimits,
  checkPlan,
  checkWaves,
  keyOf,
  type Seen,
  troubleOf,
  wasBegun,
} from './operation-invariants.ts';

export interface InvariantsOptions {
  readonly nowMs: () => number;
  /** Not every moment is looked at, so what is new may have been there for a while. */
  readonly isCursory: boolean;
}

export class FleetInvariants {
  readonly #hosts: HostWitness;
  readonly #options: InvariantsOptions;
  readonly #seen = new Map<OperationId, Seen>();
  /** Which restart started a child. */
  readonly #children = new Map<string, OperationId>();
  readonly #pictures = new Map<HostId, Host>();
  /** Of which something was heard since they were looked at. */
  readonly #heard = new Set<HostId>();
  #live: ReadonlySet<OperationId> = new Set();
  #state: FleetState | null = null;

  constructor(hosts: HostWitness, options: InvariantsOptions) {
    this.#hosts = hosts;
    this.#options = options;
  }

  /**
   * @param state committed
   * @param isIdle nothing is on its way into it
   */
  check(state: FleetState, isIdle: boolean): void {
    const before = this.#state;
    if (before === state) return;
    this.#state = state;
    if (before?.operations !== state.operations) this.#checkOperations(state);
    if (before?.hosts !== state.hosts) this.#checkHosts(state);
    if (isIdle) this.#heard.clear();
  }

  /** Its agent has said something. */
  heard(host: HostId): void {
    this.#heard.add(host);
  }

  /** What the one before had in memory only does not count any more. */
  restarted(): void {
    this.#state = null;
  }

  /** What was said of a target once is still so, and is what its agent says. */
  checkVerdicts(state: FleetState): void {
    for (const [id, { verdicts }] of this.#seen) {
      const execution = state.operations.get(id);
      assert.ok(execution, `${id} was forgotten`);
      for (const target of execution.targets) {
        assert.equal(verdictOf(target), verdicts.get(keyOf(target)), `${id} ${keyOf(target)}`);
        this.#hosts.checkVerdict(execution.facts, target);
      }
    }
  }

  #checkOperations(state: FleetState): void {
    const claims = new Map<string, OperationId>();
    for (const id of new Set([...this.#live, ...state.live])) {
      const execution = state.operations.get(id);
      assert.ok(execution, `${id} was forgotten`);
      const seen = this.#seen.get(id);
      if (seen?.execution !== execution) this.#checkOperation(execution, seen);
      if (execution.facts.endedAtMs === null) claimOpen(claims, execution);
    }
    checkWholeHosts(claims);
    this.#live = state.live;
  }

  #checkOperation(execution: Execution, known: Seen | undefined): void {
    const { facts, targets } = execution;
    const before = known?.execution ?? null;
    const seen = known ?? firstSight(execution, this.#options.nowMs());
    if (known === undefined && !this.#options.isCursory) checkPlan(execution);
    this.#seen.set(facts.id, seen);
    const all = [...targets];
    if (before?.facts.state === 'paused' && facts.state !== 'paused') {
      seen.forgiven = troubleOf([...before.targets]);
    }
    const begun: Target[] = [];
    for (const [position, target] of all.entries()) {
      const was = before?.targets.at(position);
      if (was === target) continue;
      // Ending early, it starts again at once what it has stopped.
      const isBroughtBack = facts.state === 'draining' && target.stopped;
      const hasBegun = isInFlight(target) && !wasBegun(was, target);
      if (hasBegun && !isBroughtBack) begun.push(target);
      // Nobody waits for it, and when it comes back it goes its own way.
      if (target.state === 'waiting') seen.stragglers.add(keyOf(target));
      if (!isOpen(target)) this.#noteVerdict(seen, facts, target);
    }
    checkBegun(facts, before?.facts ?? null, begun);
    checkWaves(seen, facts, all, begun);
    checkLimits(seen, facts, all);
    checkBooks(execution);
    seen.execution = execution;
  }

  #noteVerdict(seen: Seen, facts: OperationFacts, target: Target): void {
    const { id, verb } = facts;
    const key = keyOf(target);
    const verdict = verdictOf(target);
    assert.equal(seen.verdicts.get(key) ?? verdict, verdict, `${id} ${key} has two verdicts`);
    seen.verdicts.set(key, verdict);
    // The second half of a full stop may find that somebody else has started it.
    if (verb !== 'restart' || target.state !== 'succeeded' || target.stopWave !== null) return;
    this.#checkChild(seen, facts, target);
  }

  /** It was started for this, and has lasted. */
  #checkChild(
    seen: Seen,
    { id, strategy }: OperationFacts,
    { host, newPid, oldPid }: Target,
  ): void {
    const child = `${host} pid ${newPid}`;
    // It may have ended while no agent was there.
    if (newPid === null) return;
    assert.notEqual(newPid, oldPid, `${id} did not restart ${child}`);
    assert.equal(this.#children.get(child) ?? id, id, `${child} is the child of two restarts`);
    this.#children.set(child, id);
    assert.ok(!this.#hosts.neverRan(host, newPid), `${id}: ${child} was never let go`);
    const startedMs = this.#hosts.startedMs(host, newPid) ?? Number.NEGATIVE_INFINITY;
    const isNew = startedMs >= seen.firstSeenMs || this.#options.isCursory;
    assert.ok(isNew && startedMs >= 0, `${id} did not start ${child}`);
    const lastedMs = this.#options.nowMs() - startedMs;
    assert.ok(lastedMs >= strategy.minHealthyMs, `${child} lasted for ${lastedMs} ms`);
  }

  #checkHosts(state: FleetState): void {
    for (const id of this.#heard) {
      const host = state.hosts.get(id);
      if (host === undefined) continue;
      const known = this.#pictures.get(id);
      const isSame = known?.processes === host.processes && known.storedSeq === host.storedSeq;
      if (isSame && known.session === host.session) continue;
      this.#pictures.set(id, host);
      this.#checkPicture(host);
    }
  }

  /** The picture is what the agent had told up to the number that the controller has come to. */
  #checkPicture({ host, storedSeq, session, processes }: Host): void {
    if (session === null || session.arriving !== null) return;
    const seq = Math.max(storedSeq, session.snapshotSeq);
    for (const status of processes.values()) {
      const digest = this.#hosts.digestAt(host, status.process, seq);
      if (digest === undefined) continue;
      assert.equal(digestOf(status), digest, `${host} ${status.process} at event ${seq}`);
    }
  }
}

function firstSight(execution: Execution, nowMs: number): Seen {
  return {
    firstSeenMs: nowMs,
    execution,
    begun: new Map(),
    batch: 0,
    stragglers: new Set(),
    verdicts: new Map(),
    forgiven: { errors: 0, lost: 0 },
  };
}

/** Two operations never fight over one process: what one has still to do, no other touches. */
function claimOpen(claims: Map<string, OperationId>, { facts, targets }: Execution): void {
  if (facts.state === 'planned') return;
  for (const target of targets) {
    if (!isOpen(target)) continue;
    const key = keyOf(target);
    const holder = claims.get(key);
    assert.equal(holder, undefined, `${key} is held by ${holder} and ${facts.id}`);
    claims.set(key, facts.id);
  }
}

/** An update is about all that runs on its host. */
function checkWholeHosts(claims: ReadonlyMap<string, OperationId>): void {
  for (const [key, id] of claims) {
    const [host, process] = key.split(' ') as [HostId, ProcessName];
    if (process === WHOLE_HOST) continue;
    const update = claims.get(targetKey(host, WHOLE_HOST));
    assert.ok(update === undefined, `${key} is held by ${id}, and its host by ${update}`);
  }
}

function verdictOf({ state, oldPid, newPid, error, note, durationMs }: Target): string {
  return JSON.stringify([state, oldPid, newPid, error, note, durationMs]);
}
