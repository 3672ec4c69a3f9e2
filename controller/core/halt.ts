/**
 * When an operation stops beginning things, and how it ends. It is judged after every change: what
 * went wrong is held against what it allows, and where nothing is left to wait for it is over.
 *
 *   planned ──► running ──► succeeded | failed          everything was attempted
 *      │          ▲  │ │
 *      │          │  ▼ │                                 (paused too, when nothing is left to begin)
 *      │         paused│
 *      └───────────┴───┴──► draining ──► aborted | cancelled | expired | succeeded
 */
import type { EarlyEnd, Halt, OperationState, Target } from '../../proto/operation.ts';
import { countOf } from '../../proto/strategy.ts';
import { isGood, isInFlight, isOpen, isUnbegun } from '../../proto/target.ts';
import { isDivided } from './advance.ts';
import { type Draft, isOverdue, replace, targetIn } from './execution.ts';

/** Whoever is on the way goes on; what has not begun does not, for now or for good. */
export function judge(draft: Draft): void {
  const { state, strategy } = draft.facts;
  if (state !== 'running' || draft.unbegun === 0) return;
  const because = excessOf(draft);
  if (because === null) return;
  const halt = { by: null, because, atMs: draft.at.wallMs, kill: false } as const;
  switch (strategy.onError) {
    case 'continue':
      return;
    case 'pause':
      return pause(draft, { ...halt, endsAs: null });
    case 'fail':
      return drain(draft, { ...halt, endsAs: 'aborted' });
  }
}

/** What is more than the strategy allows, in words; null where nothing is. */
function excessOf(draft: Draft): string | null {
  const { before, facts, tally } = draft;
  if (tally.canaries > 0) return `a canary did not succeed: ${troubledCanary(draft)}`;
  const { maxErrors, maxUnreachable } = facts.strategy;
  const errorsMax = countOf(maxErrors, before.targets.size);
  if (tally.errors > errorsMax) {
    const failed = isDivided(facts) ? 'failed or took too long' : 'failed';
    return `${counted(tally.errors, 'target')} ${failed}, and ${allowed(errorsMax)}`;
  }
  const lostMax = countOf(maxUnreachable, before.layout.ofHost.size);
  if (tally.lost > lostMax) {
    return `${counted(tally.lost, 'host')} became unreachable, and ${allowed(lostMax)}`;
  }
  return null;
}

function troubledCanary(draft: Draft): string {
  const inTrouble = allTargets(draft).find(
    (target) =>
      draft.facts.waves[target.wave]?.isCanary === true &&
      (isOverdue(target) || !(isOpen(target) || isGood(target))),
  );
  return inTrouble === undefined ? 'one of them' : `${inTrouble.process} on ${inTrouble.host}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function allowed(count: number): string {
  return count === 0 ? 'none may' : `no more than ${count} may`;
}

export function pause(draft: Draft, halt: Halt): void {
  draft.facts = { ...draft.facts, state: 'paused', halt };
}

/**
 * For good. What agents have of it goes on, or is taken back, as the halt says. So is the start that
 * the second half of a full stop would have been: its agent then brings up again what it has stopped.
 */
export function drain(draft: Draft, halt: Halt & { readonly endsAs: EarlyEnd }): void {
  draft.facts = { ...draft.facts, state: 'draining', halt };
  const because = withdrawnBecause(halt);
  if (because === null) return;
  for (const [position, target] of allTargets(draft).entries())
    takeBackStart(draft, position, target);
  const targets = allTargets(draft).filter(isInFlight);
  if (targets.length > 0) draft.withdraw = { targets, because, giveUp: halt.kill };
}

/** @param target where it was stopped, and its host is there to bring it up again */
function takeBackStart(draft: Draft, position: number, target: Target): boolean {
  if (!target.stopped || target.state !== 'pending') return false;
  replace(draft, position, { ...target, state: 'dispatched', dispatchedAtMs: draft.at.wallMs });
  return true;
}

/** Of a stop that ended while the operation does: the start after it is taken back, too. */
export function noteStopped(draft: Draft, position: number): void {
  const { state, halt } = draft.facts;
  const because = state === 'draining' && halt !== null ? withdrawnBecause(halt) : null;
  if (because === null || !takeBackStart(draft, position, targetIn(draft, position))) return;
  const targets = [targetIn(draft, position)];
  draft.withdraw = { targets, because, giveUp: halt?.kill === true };
}

/** Null: agents finish what they have. */
export function withdrawnBecause({ endsAs }: Halt): 'cancelled' | 'timed-out' | null {
  switch (endsAs) {
    case null:
    case 'aborted':
      return null;
    case 'cancelled':
      return 'cancelled';
    case 'expired':
      return 'timed-out';
  }
}

/** Ends it where nothing is left to wait for, and nothing to begin. */
export function endIfOver(draft: Draft): void {
  const { state } = draft.facts;
  if (draft.inFlight > 0 || state === 'planned') return;
  if (draft.unbegun === 0 || state === 'draining') end(draft);
}

function end(draft: Draft): void {
  const endsAs = draft.facts.halt?.endsAs ?? null;
  let isAllGood = true;
  for (let position = 0; position < draft.before.targets.size; position += 1) {
    const target = targetIn(draft, position);
    if (isUnbegun(target)) replace(draft, position, neverBegun(target, endsAs));
    if (!isGood(targetIn(draft, position))) isAllGood = false;
  }
  const state: OperationState = isAllGood ? 'succeeded' : (endsAs ?? 'failed');
  draft.facts = { ...draft.facts, state, endedAtMs: draft.at.wallMs };
}

function neverBegun(target: Target, endsAs: EarlyEnd | null): Target {
  const state = endsAs === 'cancelled' ? 'cancelled' : 'not-attempted';
  const error = target.stopped
    ? 'it was stopped and not started again, because the operation stopped early'
    : null;
  return { ...target, state, error };
}

function allTargets(draft: Draft): readonly Target[] {
  return Array.from({ length: draft.before.targets.size }, (_, position) =>
    targetIn(draft, position),
  );
}
