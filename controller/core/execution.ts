/**
 * The bookkeeping behind `operation.ts`: an operation with what must be found at once while it is
 * carried out, and the draft in which one step of it is put together. Targets change in `replace`
 * alone, so that the counts cannot disagree with them.
 */

import type { Instant } from '../../proto/instant.ts';
import type { Operation, OperationFacts, Target } from '../../proto/operation.ts';
import { PersistentMap } from '../../proto/persistent-map.ts';
import { currentWave, isInFlight, isOpen, isUnbegun } from '../../proto/target.ts';
import type { HostId } from '../../proto/vocabulary.ts';
import { booksAsFound, type Lane } from './found-lanes.ts';
import { type LaneKey, type Layout, laneOf, layoutOf, NOWHERE } from './lanes.ts';
import { PersistentList } from './persistent-list.ts';
import { isAwaitedIn } from './target.ts';

/** An operation with what its execution needs to find at once. */
export interface Execution extends Cursor {
  readonly facts: OperationFacts;
  readonly targets: PersistentList<Target>;
  readonly layout: Layout;
  /** Those that have begun. */
  readonly lanes: PersistentMap<LaneKey, Lane>;
  /** Targets that agents have and have not settled. */
  readonly inFlight: number;
  /** Those among them that are overdue. */
  readonly overdue: number;
  /** Targets that are to be begun: pending ones, and those that wait for their host. */
  readonly unbegun: number;
  readonly tally: Tally;
  /** Hosts with targets that are due and wait until another batch is over. */
  readonly heldBack: readonly HostId[];
  /** Of targets in flight that were begun after the others of their wave: with whom, by position. */
  readonly late: ReadonlyMap<number, number>;
  /** The number that such a group was given last. */
  readonly lateGroups: number;
  readonly limits: Limits;
  /** Null: it has not ended, or did so before this controller was started. */
  readonly endedMonotonicMs: number | null;
  /** While it is planned: the target of another operation that keeps it from beginning. */
  readonly blockedBy: Blocker | null;
}

/** How far it has come. */
export interface Cursor {
  /** The stage begun last; -1 before the first. */
  readonly stage: number;
  /** Lanes of that stage that are not through. */
  readonly openLanes: number;
  readonly rest: Rest;
}

/** The wait between two batches: nothing was begun since the last one, it is due, it is on. */
type Rest =
  | { readonly kind: 'unneeded' | 'due' }
  | { readonly kind: 'waiting'; readonly at: number };

/** What went wrong since it was begun, or resumed last. */
export interface Tally {
  /** Targets that failed, timed out, or of which nobody knows. */
  readonly errors: number;
  /** Hosts that were lost. */
  readonly lost: number;
  /** Canaries among all of these. */
  readonly canaries: number;
}

export const CLEAN: Tally = { errors: 0, lost: 0, canaries: 0 };

/** By the monotonic clock of this controller; null: there is none. */
export interface Limits {
  readonly deadlineAtMs: number | null;
  /** Until when targets may wait for their hosts. */
  readonly offlineUntilMs: number | null;
}

export interface Blocker {
  readonly operation: OperationFacts['id'];
  readonly position: number;
  /** Of the own target that is kept from beginning; all before it are free. */
  readonly own: number;
}

export type OperationTimer =
  /** One step of one lane has been waited for long enough. */
  | { readonly kind: 'waveWait'; readonly lane: LaneKey; readonly wave: number }
  /** The same of targets that were begun together, after the others of their wave. */
  | { readonly kind: 'lateWait'; readonly group: number }
  /** `at`: the wave or, with `order: host`, the stage that comes next. */
  | { readonly kind: 'batchWait'; readonly at: number }
  | { readonly kind: 'deadline' | 'lockWait' | 'offline' };

export interface TimerRequest {
  readonly timer: OperationTimer;
  readonly delayMs: number;
}

/** What agents are to be told of targets that they have. */
export interface Withdrawal {
  readonly targets: readonly Target[];
  readonly because: 'cancelled' | 'timed-out';
  readonly giveUp: boolean;
}

export interface OperationStep {
  readonly execution: Execution;
  /** The targets that changed, as they are now. */
  readonly changed: readonly Target[];
  /** Those of which only the looks changed: shown to who watches, not stored. */
  readonly observed: readonly Target[];
  /** Those among the changed that are to be sent to their hosts. */
  readonly dispatch: readonly Target[];
  readonly withdraw: Withdrawal | null;
  readonly timers: readonly TimerRequest[];
}

/** The whole, for those who ask; making it costs as much as it has targets. */
export function operationOf({ facts, targets }: Execution): Operation {
  return { ...facts, targets: [...targets] };
}

/** Takes up an operation: a new one, or one that an earlier controller left. Its limits come later. */
export function executionOf({ targets, ...facts }: Operation, tally: Tally): Execution {
  const layout = facts.endedAtMs === null ? layoutOf(facts, targets) : NOWHERE;
  return {
    facts,
    targets: PersistentList.of(targets),
    layout,
    ...booksAsFound(facts, layout, targets),
    inFlight: targets.filter(isInFlight).length,
    overdue: targets.filter(isOverdue).length,
    unbegun: targets.filter(isUnbegun).length,
    tally,
    heldBack: [],
    late: new Map(),
    lateGroups: 0,
    limits: { deadlineAtMs: null, offlineUntilMs: null },
    endedMonotonicMs: null,
    blockedBy: null,
  };
}

/** Ended operations are kept for a day: without what only their way here needed. */
const AT_REST: Pick<Execution, 'layout' | 'lanes'> = {
  layout: NOWHERE,
  lanes: PersistentMap.of<LaneKey, Lane>([]),
};

/** Mutable only while one step is made. */
export interface Draft {
  readonly before: Execution;
  readonly at: Instant;
  facts: OperationFacts;
  stage: number;
  openLanes: number;
  rest: Rest;
  inFlight: number;
  overdue: number;
  unbegun: number;
  tally: Tally;
  /** Those that moved. */
  readonly lanes: Map<LaneKey, Lane>;
  /** By position; what is not in it is as it was. */
  readonly changed: Map<number, Target>;
  readonly dispatched: Set<number>;
  /** Hosts with targets that may have become due although their wave has begun already. */
  readonly stragglers: Set<HostId>;
  heldBack: readonly HostId[];
  late: ReadonlyMap<number, number>;
  lateGroups: number;
  withdraw: Withdrawal | null;
  readonly timers: TimerRequest[];
}

export function draftOf(execution: Execution, at: Instant): Draft {
  const { facts, stage, openLanes, rest, inFlight, overdue, unbegun, tally } = execution;
  const books = { facts, stage, openLanes, rest, inFlight, overdue, unbegun, tally };
  return {
    before: execution,
    at,
    ...books,
    lanes: new Map(),
    changed: new Map(),
    dispatched: new Set(),
    stragglers: new Set(execution.heldBack),
    heldBack: execution.heldBack,
    late: execution.late,
    lateGroups: execution.lateGroups,
    withdraw: null,
    timers: [],
  };
}

export function finished(draft: Draft): OperationStep {
  const { before, facts, stage, openLanes, rest, inFlight, overdue, unbegun, tally } = draft;
  const targets = draft.changed.size === 0 ? before.targets : before.targets.withAll(draft.changed);
  let { lanes } = before;
  for (const [key, lane] of draft.lanes) lanes = lanes.with(key, lane);
  const { heldBack, late, lateGroups } = draft;
  const aside = { heldBack, late, lateGroups };
  const books = { stage, openLanes, rest, inFlight, overdue, unbegun, tally, ...aside };
  const execution: Execution = { ...before, facts, targets, lanes, ...books };
  return {
    execution:
      facts.endedAtMs === null
        ? execution
        : { ...execution, ...AT_REST, endedMonotonicMs: draft.at.monotonicMs },
    changed: [...draft.changed.values()],
    observed: [],
    dispatch: [...draft.dispatched].map((position) => targets.at(position)),
    withdraw: draft.withdraw,
    timers: draft.timers,
  };
}

/** Nothing happened. */
export function still(execution: Execution): OperationStep {
  const nothing = { changed: [], observed: [], dispatch: [], withdraw: null, timers: [] };
  return { execution, ...nothing };
}

/** The one place where a target changes. */
export function replace(draft: Draft, position: number, next: Target): void {
  const before = targetIn(draft, position);
  draft.changed.set(position, next);
  draft.inFlight += Number(isInFlight(next)) - Number(isInFlight(before));
  draft.overdue += Number(isOverdue(next)) - Number(isOverdue(before));
  draft.unbegun += Number(isUnbegun(next)) - Number(isUnbegun(before));
  noteTrouble(draft, before, next);
  countInLane(draft, before, next);
  if (isInFlight(next)) return;
  draft.stragglers.add(next.host);
  if (!draft.late.has(position)) return;
  const late = new Map(draft.late);
  late.delete(position);
  draft.late = late;
}

function countInLane(draft: Draft, before: Target, next: Target): void {
  const { facts } = draft;
  const key = laneOf(facts, next);
  const lane = laneIn(draft, key);
  const wave = lane === null ? undefined : draft.before.layout.lanes.get(key)?.[lane.step]?.wave;
  if (lane === null || wave === undefined) return;
  const more = Number(isAwaitedIn(facts, wave, next)) - Number(isAwaitedIn(facts, wave, before));
  if (more !== 0) draft.lanes.set(key, { ...lane, waitingFor: lane.waitingFor + more });
}

function noteTrouble(draft: Draft, before: Target, next: Target): void {
  const wave = draft.facts.waves[currentWave(before)];
  // Who takes too long in one batch must not be followed by the next: that may be as slow.
  const isDivided = wave !== undefined && (wave.batches > 1 || wave.isCanary);
  const isLate = (target: Target): boolean => isDivided && target.overdue;
  const hasFailed = isOpen(before) && isError(next) && !isLate(before);
  const isTooLate = isOpen(next) && isLate(next) && !isLate(before);
  const isLost = isOpen(before) && next.state === 'unreachable' && before.state !== 'waiting';
  if (!(hasFailed || isTooLate || isLost)) return;
  const { errors, lost, canaries } = draft.tally;
  draft.tally = {
    errors: errors + (isLost ? 0 : 1),
    lost,
    canaries: canaries + (wave?.isCanary ? 1 : 0),
  };
}

/** Begun, and not waited for any longer. */
export function isOverdue(target: Target): boolean {
  return isInFlight(target) && target.overdue;
}

function isError({ state }: Target): boolean {
  return state === 'failed' || state === 'timed-out' || state === 'indeterminate';
}

/** Null: it has not begun. */
export function laneIn(draft: Draft, lane: LaneKey): Lane | null {
  return draft.lanes.get(lane) ?? draft.before.lanes.get(lane) ?? null;
}

export function targetIn(draft: Draft, position: number): Target {
  return draft.changed.get(position) ?? draft.before.targets.at(position);
}
