/**
 * What must hold of one operation from one committed state to the next, found out from its plan and
 * its targets alone, by other means than the controller's own.
 */
import assert from 'node:assert/strict';
import type { Execution } from '../../controller/core/execution.ts';
import type { Operation, OperationFacts, Target } from '../../proto/operation.ts';
import { countOf } from '../../proto/strategy.ts';
import { currentWave, isInFlight, isOpen, isUnbegun, targetKey } from '../../proto/target.ts';
import type { HostId } from '../../proto/vocabulary.ts';

/** What was seen of one operation so far. */
export interface Seen {
  readonly firstSeenMs: number;
  execution: Execution;
  /** Of each lane, the wave begun last. */
  readonly begun: Map<string, number>;
  /** Of hosts, the one begun last. */
  batch: number;
  /** Begun after their wave was passed. */
  readonly stragglers: Set<string>;
  /** How each target ended. */
  readonly verdicts: Map<string, string>;
  /** What had gone wrong when it was resumed last. */
  forgiven: Trouble;
}

export interface Trouble {
  readonly errors: number;
  /** Hosts that were lost. */
  readonly lost: number;
}

export const keyOf = ({ host, process }: Target): string => targetKey(host, process);

/** It was with its agent already, in the same half of a full stop. */
export function wasBegun(before: Target | undefined, target: Target): boolean {
  return before !== undefined && isInFlight(before) && before.stopped === target.stopped;
}

export function checkBooks({ facts, targets, ...books }: Execution): void {
  const all = [...targets];
  assert.equal(books.inFlight, all.filter(isInFlight).length, `${facts.id}: in flight`);
  assert.equal(books.unbegun, all.filter(isUnbegun).length, `${facts.id}: not begun`);
  if (facts.endedAtMs === null) return;
  assert.deepEqual(all.filter(isOpen).map(keyOf), [], `${facts.id} has ended without them`);
}

/** @param begun since the state before */
export function checkBegun(
  facts: OperationFacts,
  before: OperationFacts | null,
  begun: readonly Target[],
): void {
  if (begun.length === 0 || before === null) return;
  const stoodStill = before.state !== 'running' && before.state === facts.state;
  const isSame = JSON.stringify(before.halt) === JSON.stringify(facts.halt);
  assert.ok(
    !stoodStill || !isSame,
    `${facts.id} is ${facts.state}, and begins ${begun.map(keyOf)}`,
  );
}

/** What went wrong is no more than it allows, or it begins nothing any more. */
export function checkLimits(seen: Seen, facts: OperationFacts, targets: readonly Target[]): void {
  const { state, strategy, waves } = facts;
  if (state !== 'running' || strategy.onError === 'continue' || !targets.some(isUnbegun)) return;
  const trouble = troubleOf(targets);
  const errors = trouble.errors - seen.forgiven.errors;
  const allowed = countOf(strategy.maxErrors, targets.length);
  assert.ok(errors <= allowed, `${facts.id} goes on: ${errors} errors, ${allowed} allowed`);
  if (seen.forgiven.errors > 0) return;
  const canary = targets.find((target) => isError(target) && waves[currentWave(target)]?.isCanary);
  assert.equal(canary, undefined, `${facts.id} goes on without its canary`);
}

export function troubleOf(targets: readonly Target[]): Trouble {
  const lost = targets.filter(({ state }) => state === 'unreachable').map(({ host }) => host);
  return { errors: targets.filter(isError).length, lost: new Set(lost).size };
}

function isError({ state }: Target): boolean {
  return state === 'failed' || state === 'timed-out' || state === 'indeterminate';
}

/** No wave begins before those that it follows are through, or were waited for long enough. */
export function checkWaves(
  seen: Seen,
  facts: OperationFacts,
  targets: readonly Target[],
  begun: readonly Target[],
): void {
  const first = new Map<string, Target>();
  for (const target of begun) {
    const lane = laneOf(facts, target.host);
    const wave = currentWave(target);
    const last = seen.begun.get(lane) ?? -1;
    const isPassed = wave < last || batchOf(facts, wave) < seen.batch;
    if (isPassed) seen.stragglers.add(keyOf(target));
    else if (wave > last && !seen.stragglers.has(keyOf(target)))
      first.set(`${lane} ${wave}`, target);
  }
  for (const target of first.values()) {
    for (const other of targets) checkThrough(seen, facts, target, other);
  }
  for (const target of first.values()) {
    const lane = laneOf(facts, target.host);
    const wave = currentWave(target);
    seen.begun.set(lane, Math.max(seen.begun.get(lane) ?? -1, wave));
    seen.batch = Math.max(seen.batch, batchOf(facts, wave));
  }
}

/** Of a wave that has begun: whether this other target may still be where it is. */
function checkThrough(seen: Seen, facts: OperationFacts, target: Target, other: Target): void {
  if (!isOpen(other) || other.overdue) return;
  if (seen.stragglers.has(keyOf(other))) return;
  const wave = currentWave(target);
  const otherWave = currentWave(other);
  const isEarlier = mustPrecede(
    facts,
    { wave: otherWave, host: other.host },
    { wave, host: target.host },
  );
  const isUnawaited = facts.waves[otherWave]?.waitMs === 0 && isInFlight(other);
  assert.ok(
    !isEarlier || isUnawaited,
    `${facts.id}: wave ${wave} begins with ${keyOf(target)}, and in wave ${otherWave} ${keyOf(other)} is ${other.state}`,
  );
}

interface Place {
  readonly wave: number;
  readonly host: HostId;
}

function mustPrecede(facts: OperationFacts, first: Place, second: Place): boolean {
  if (facts.order === 'tier') return first.wave < second.wave;
  const [one, other] = [batchOf(facts, first.wave), batchOf(facts, second.wave)];
  if (one !== other) return one < other;
  return first.host === second.host && first.wave < second.wave;
}

/** Of hosts; a tier has waves alone. */
function batchOf({ order, waves }: OperationFacts, wave: number): number {
  return order === 'tier' ? 0 : (waves[wave]?.batch ?? 0);
}

function laneOf({ order }: OperationFacts, host: HostId): string {
  return order === 'tier' ? '' : host;
}

/** No batch is larger than somebody asked for: of targets, or with `order: host` of hosts. */
export function checkPlan({ facts, targets }: Execution): void {
  const { strategy, order, verb, waves } = facts;
  const units = (members: readonly Target[]): number =>
    new Set(members.map((target) => (order === 'host' ? target.host : keyOf(target)))).size;
  const attempted = [...targets].filter(
    ({ state }) => state !== 'unreachable' && state !== 'skipped',
  );
  const planned = attempted.filter(({ state }) => state !== 'waiting');
  // Neither signals nor hosts have tiers.
  const isUndivided = verb === 'update' || verb === 'signal' || order === 'host';
  const total = isUndivided ? units(planned) : null;
  for (const { index, batch, isCanary, groupPriority, priority } of waves) {
    const inTier = planned.filter(({ wave }) => {
      const other = waves[wave];
      return other?.groupPriority === groupPriority && other.priority === priority;
    });
    const size = units(planned.filter(({ wave }) => wave === index));
    const limit = limitOf(strategy, { batch, isCanary, total: total ?? units(inTier) });
    assert.ok(size <= limit, `${facts.id}: wave ${index} has ${size}, ${limit} are allowed`);
  }
}

function limitOf(
  { batch: sizes, canary }: Operation['strategy'],
  { batch, isCanary, total }: { batch: number; isCanary: boolean; total: number },
): number {
  if (isCanary) return canary;
  const position = batch - (canary > 0 ? 1 : 0);
  const amount = sizes[Math.min(position, sizes.length - 1)];
  return amount === undefined ? total : Math.max(1, countOf(amount, total));
}
