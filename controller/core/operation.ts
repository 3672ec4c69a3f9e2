/**
 * One operation as it is carried out, and all that can happen to it. Each lane goes through its
 * waves, and the next begins when the one before is settled, or has been waited for long enough
 * (`advance.ts`); it stops when more goes wrong than it allows (`halt.ts`), or somebody says so
 * (`steering.ts`).
 *
 * A target may be dispatched again and again (its host, or this controller, came back); its agent
 * knows it by its id.
 */

import type { Instant } from '../../proto/instant.ts';
import type { OperationFacts, Target } from '../../proto/operation.ts';
import { isInFlight, isOpen, targetKey } from '../../proto/target.ts';
import type { HostId, ProcessName, ProcessState } from '../../proto/vocabulary.ts';
import {
  advance,
  catchUp,
  isDivided,
  lanesUnderWay,
  waitForLate,
  waitForStep,
  waitForStragglers,
} from './advance.ts';
import {
  CLEAN,
  type Draft,
  draftOf,
  type Execution,
  finished,
  isOverdue,
  type Limits,
  type OperationStep,
  replace,
  still,
  targetIn,
} from './execution.ts';
import { drain, endIfOver, judge, noteStopped } from './halt.ts';
import type { Host } from './host.ts';
import { type LaneKey, laneOf } from './lanes.ts';
import { heard, isAwaitedIn, type TargetNews } from './target.ts';

/** Sends the first waves off, or ends at once where no target can be attempted. */
export function beginOperation(execution: Execution, at: Instant): OperationStep {
  const draft = draftOf({ ...execution, blockedBy: null }, at);
  draft.facts = { ...draft.facts, state: 'running', halt: null };
  return goOn(draft, []);
}

/** After a restart of the controller: the waves under way are waited for afresh. */
export function takeUpOperation(execution: Execution, at: Instant): OperationStep {
  const draft = draftOf(execution, at);
  for (const lane of lanesUnderWay(draft)) waitForStep(draft, lane);
  waitForStragglers(draft);
  for (const host of execution.layout.ofHost.keys()) draft.stragglers.add(host);
  return goOn(draft, lanesUnderWay(draft));
}

/** It may begin things again; if it had paused itself, what went wrong so far is forgiven. */
export function resumeOperation(execution: Execution, at: Instant): OperationStep {
  const draft = draftOf(execution, at);
  const { halt } = draft.facts;
  draft.facts = { ...draft.facts, state: 'running', halt: null };
  // Somebody who paused it has seen nothing of what went wrong meanwhile.
  if (halt?.by === null) forgive(draft);
  for (const host of execution.layout.ofHost.keys()) draft.stragglers.add(host);
  return goOn(draft, lanesUnderWay(draft));
}

/** What an agent said of one target; a repeat, or news of a settled one, changes nothing. */
export function noteTarget(
  execution: Execution,
  host: HostId,
  process: ProcessName,
  news: TargetNews,
  at: Instant,
): OperationStep {
  const position = execution.layout.positions.get(targetKey(host, process));
  if (position === undefined) return still(execution);
  const target = execution.targets.at(position);
  const next = heard(execution.facts, target, news);
  if (next === null) return still(execution);
  const draft = draftOf(execution, at);
  replace(draft, position, next);
  if (isInFlight(next)) return finished(draft);
  noteStopped(draft, position);
  return goOn(draft, [laneOf(execution.facts, target)]);
}

/** The host has been away for too long: what happened to its open targets is not known. */
export function loseHost(
  execution: Execution,
  host: HostId,
  error: string,
  at: Instant,
  isForGood = false,
): OperationStep {
  const mayComeBack = !isForGood && isWithin(execution.limits.offlineUntilMs, at);
  const draft = draftOf(execution, at);
  const lanes = changeOn(draft, host, (target) => {
    if (!isOpen(target) || (target.state === 'waiting' && !isForGood)) return null;
    if (target.state === 'pending' && mayComeBack) return { ...target, state: 'waiting' };
    return { ...target, state: 'unreachable', error };
  });
  const isLost = [...draft.changed.values()].some(({ state }) => state === 'unreachable');
  if (isLost && !wasLost(execution, host))
    draft.tally = { ...draft.tally, lost: draft.tally.lost + 1 };
  return draft.changed.size === 0 ? still(execution) : goOn(draft, lanes);
}

function wasLost({ layout, targets }: Execution, host: HostId): boolean {
  const positions = layout.ofHost.get(host) ?? [];
  return positions.some((position) => targets.at(position).state === 'unreachable');
}

/** The host's agent forgot what it was told: asked again, it might do it a second time. */
export function loseJournal(
  execution: Execution,
  host: HostId,
  error: string,
  at: Instant,
): OperationStep {
  const draft = draftOf(execution, at);
  const lanes = changeOn(draft, host, (target) =>
    isInFlight(target) ? { ...target, state: 'indeterminate', error } : null,
  );
  return draft.changed.size === 0 ? still(execution) : goOn(draft, lanes);
}

/** The host can be told something: what has waited for it is due as soon as its wave is. */
export function welcomeHost(execution: Execution, host: HostId, at: Instant): OperationStep {
  const draft = draftOf(execution, at);
  const lanes = changeOn(draft, host, (target) =>
    target.state === 'waiting' ? { ...target, state: 'pending' } : null,
  );
  return draft.changed.size === 0 ? still(execution) : goOn(draft, lanes);
}

/** Nobody waits for hosts any longer that have not come back. */
export function endOfflineWait(execution: Execution, at: Instant): OperationStep {
  // Nobody begins to wait any more, either, whatever the timer and the clock differ by.
  const over = { ...execution, limits: { ...execution.limits, offlineUntilMs: null } };
  const draft = draftOf(over, at);
  const error = 'the host was not connected, and did not come back in time';
  for (const host of execution.layout.ofHost.keys()) {
    changeOn(draft, host, (target) =>
      target.state === 'waiting' ? { ...target, state: 'unreachable', error } : null,
    );
  }
  return draft.changed.size === 0 ? still(over) : goOn(draft, lanesUnderWay(draft));
}

/** The wait is over: what is still in flight is overdue, and its lane goes on without it. */
export function endWaveWait(
  execution: Execution,
  lane: LaneKey,
  wave: number,
  at: Instant,
): OperationStep {
  const step = execution.layout.lanes.get(lane)?.[execution.lanes.get(lane)?.step ?? -1];
  if (step?.wave !== wave) return still(execution);
  const draft = draftOf(execution, at);
  for (const position of step.members) {
    const target = execution.targets.at(position);
    const isAwaited = isAwaitedIn(execution.facts, wave, target) && !execution.late.has(position);
    if (isAwaited) replace(draft, position, { ...target, overdue: true });
  }
  return draft.changed.size === 0 ? still(execution) : goOn(draft, [lane]);
}

/** The same of those that were begun together, after the others of their wave. */
export function endLateWait(execution: Execution, group: number, at: Instant): OperationStep {
  const draft = draftOf(execution, at);
  for (const [position, own] of execution.late) {
    const target = execution.targets.at(position);
    const isOver = own === group && isInFlight(target) && !target.overdue;
    if (isOver) replace(draft, position, { ...target, overdue: true });
  }
  return draft.changed.size === 0 ? still(execution) : goOn(draft, lanesUnderWay(draft));
}

/** The next batch may begin. */
export function endRest(execution: Execution, restAt: number, at: Instant): OperationStep {
  const { rest } = execution;
  if (rest.kind !== 'waiting' || rest.at !== restAt) return still(execution);
  const draft = draftOf(execution, at);
  draft.rest = { kind: 'unneeded' };
  return goOn(draft, lanesUnderWay(draft));
}

/** It took too long: nothing of it is begun any more, and agents give up what they only wait for. */
export function expire(execution: Execution, because: string, at: Instant): OperationStep {
  const draft = draftOf(execution, at);
  const { state, halt } = draft.facts;
  const earlier = state === 'draining' && halt?.endsAs === 'cancelled' ? halt : null;
  const early = earlier ?? { by: null, because, atMs: at.wallMs, endsAs: null };
  drain(draft, { ...early, kill: true, endsAs: early.endsAs ?? 'expired' });
  return goOn(draft, []);
}

/** What the process of an open target is doing meanwhile. */
export function observeProcess(
  execution: Execution,
  host: HostId,
  process: ProcessName,
  processState: ProcessState,
): OperationStep {
  const position = execution.layout.positions.get(targetKey(host, process));
  return observe(execution, position === undefined ? [] : [position], (target) =>
    target.processState === processState ? null : { ...target, processState },
  );
}

/** Whether the host of open targets can be talked to, and what its processes were last seen doing. */
export function observeHost(
  execution: Execution,
  { host, processes }: Pick<Host, 'host' | 'processes'>,
  hostConnected: boolean,
): OperationStep {
  return observe(execution, execution.layout.ofHost.get(host) ?? [], (target) => {
    const processState = processes.get(target.process)?.state ?? target.processState;
    const isKnown = target.hostConnected === hostConnected && target.processState === processState;
    return isKnown ? null : { ...target, hostConnected, processState };
  });
}

/** What a host that is back has still to be told. */
export function inFlightOn({ layout, targets }: Execution, host: HostId): readonly Target[] {
  return (layout.ofHost.get(host) ?? []).map((position) => targets.at(position)).filter(isInFlight);
}

/** How long it may take, counted from now on, whatever the wall clock does meanwhile. */
export function limitsOf({ strategy, startedAtMs }: OperationFacts, at: Instant): Limits {
  const ageMs = Math.max(0, at.wallMs - startedAtMs);
  const untilOf = (limitMs: number): number => at.monotonicMs + Math.max(0, limitMs - ageMs);
  const { deadlineMs, offline } = strategy;
  return {
    deadlineAtMs: deadlineMs === null ? null : untilOf(deadlineMs),
    offlineUntilMs: offline.kind === 'queue' ? untilOf(offline.ttlMs) : null,
  };
}

function isWithin(untilMs: number | null, { monotonicMs }: Instant): boolean {
  return untilMs !== null && monotonicMs < untilMs;
}

/** Judges what changed, begins what may begin in these lanes, and ends what is over. */
export function goOn(draft: Draft, lanes: Iterable<LaneKey>): OperationStep {
  judge(draft);
  catchUp(draft);
  advance(draft, isDivided(draft.facts) ? lanesUnderWay(draft) : lanes);
  endIfOver(draft);
  return finished(draft);
}

/** Whoever is late is waited for anew, so that it counts again if it fails. */
function forgive(draft: Draft): void {
  draft.tally = CLEAN;
  const late = [...draft.before.targets].flatMap((target, position) =>
    isOverdue(target) ? [position] : [],
  );
  for (const position of late) {
    replace(draft, position, { ...targetIn(draft, position), overdue: false });
  }
  waitForLate(draft, late);
}

/** @returns the lanes of what changed */
function changeOn(
  draft: Draft,
  host: HostId,
  change: (target: Target) => Target | null,
): ReadonlySet<LaneKey> {
  const lanes = new Set<LaneKey>();
  for (const position of draft.before.layout.ofHost.get(host) ?? []) {
    const next = change(targetIn(draft, position));
    if (next === null) continue;
    replace(draft, position, next);
    lanes.add(laneOf(draft.facts, next));
  }
  return lanes;
}

function observe(
  execution: Execution,
  positions: readonly number[],
  look: (target: Target) => Target | null,
): OperationStep {
  const observed = new Map<number, Target>();
  for (const position of positions) {
    const target = execution.targets.at(position);
    const next = isOpen(target) ? look(target) : null;
    if (next !== null) observed.set(position, next);
  }
  if (observed.size === 0) return still(execution);
  const next = { ...execution, targets: execution.targets.withAll(observed) };
  return { ...still(next), observed: [...observed.values()] };
}
