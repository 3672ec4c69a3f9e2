/**
 * One operation as it is carried out: wave by wave, each finished everywhere before the next.
 *
 *   planned ──► running ──┬──► succeeded   every target succeeded
 *                         └──► failed      some did not; waves behind a failure are not attempted
 *
 * A target may be dispatched again and again (its host, or this controller, came back); its agent
 * knows it by its id. Once it is settled here nothing moves it any more.
 */
import {
  type HostId,
  OPEN_TARGET_STATES,
  type Operation,
  type ProcessName,
  type Target,
  type TargetOutcome,
} from '../../proto/vocabulary.ts';

/** An operation with what its execution needs to find at once. */
export interface Execution {
  readonly operation: Operation;
  /** Index in `operation.targets` by `positionKey`. */
  readonly positions: ReadonlyMap<string, number>;
  /** The wave being carried out; -1 before the first. */
  readonly wave: number;
  readonly openInWave: number;
  /**
   * A target failed or its host was lost: no further wave begins (`--max-errors 0`,
   * `--max-unreachable 0`). Hosts that were away when the plan was made do not count.
   */
  readonly mustStop: boolean;
}

export interface OperationStep {
  readonly execution: Execution;
  /** The targets that changed, as they are now. */
  readonly changed: readonly Target[];
  /** Those among them that are to be sent to their hosts. */
  readonly dispatch: readonly Target[];
}

export type TargetNews =
  | { readonly kind: 'accepted'; readonly oldPid: number | null }
  | { readonly kind: 'settled'; readonly outcome: TargetOutcome };

/** Takes up an operation: a new one, or one that an earlier controller left running. */
export function executionOf(operation: Operation, mustStop: boolean): Execution {
  const positions = new Map<string, number>();
  for (const [index, target] of operation.targets.entries()) {
    positions.set(positionKey(target.host, target.process), index);
  }
  const inFlight = operation.targets.filter(isInFlight);
  const wave = inFlight[0]?.wave ?? -1;
  return { operation, positions, wave, openInWave: inFlight.length, mustStop };
}

/** Sends the first wave off, or ends at once where no target can be attempted. */
export function beginOperation(execution: Execution, wallMs: number): OperationStep {
  const operation: Operation = { ...execution.operation, state: 'running' };
  return goOn({ ...execution, operation }, [], wallMs);
}

/** What an agent said of one target; a repeat, or news of a settled one, changes nothing. */
export function noteTarget(
  execution: Execution,
  host: HostId,
  process: ProcessName,
  news: TargetNews,
  wallMs: number,
): OperationStep {
  const { operation } = execution;
  const index = execution.positions.get(positionKey(host, process));
  const target = index === undefined ? undefined : operation.targets[index];
  if (index === undefined || target === undefined || !isInFlight(target)) return still(execution);
  if (news.kind === 'accepted' && isAcceptedAs(target, news.oldPid)) return still(execution);
  const next: Target =
    news.kind === 'accepted'
      ? { ...target, state: 'accepted', oldPid: news.oldPid }
      : { ...target, ...news.outcome };
  const noted = {
    ...execution,
    operation: { ...operation, targets: operation.targets.with(index, next) },
  };
  if (news.kind === 'accepted') return { execution: noted, changed: [next], dispatch: [] };
  const mustStop = execution.mustStop || news.outcome.state !== 'succeeded';
  const openInWave = execution.openInWave - 1;
  return goOn({ ...noted, mustStop, openInWave }, [next], wallMs);
}

/** The host has been away for too long: what happened to its open targets is not known. */
export function loseHost(
  execution: Execution,
  host: HostId,
  error: string,
  wallMs: number,
): OperationStep {
  const lose = (target: Target): Target | null =>
    target.host === host && OPEN_TARGET_STATES.has(target.state)
      ? { ...target, state: 'unreachable', error }
      : null;
  return giveUp(execution, lose, wallMs);
}

/** The host's agent forgot what it was told: asked again, it might do it a second time. */
export function loseJournal(
  execution: Execution,
  host: HostId,
  error: string,
  wallMs: number,
): OperationStep {
  const lose = (target: Target): Target | null =>
    target.host === host && isInFlight(target)
      ? { ...target, state: 'indeterminate', error }
      : null;
  return giveUp(execution, lose, wallMs);
}

/** What a host that is back has still to be told. */
export function inFlightOn(operation: Operation, host: HostId): readonly Target[] {
  return operation.targets.filter((target) => target.host === host && isInFlight(target));
}

export function isInFlight(target: Target): boolean {
  return target.state === 'dispatched' || target.state === 'accepted';
}

function giveUp(
  execution: Execution,
  lose: (target: Target) => Target | null,
  wallMs: number,
): OperationStep {
  const { targets, changed } = change(execution.operation.targets, lose);
  if (changed.length === 0) return still(execution);
  const operation = { ...execution.operation, targets };
  const openInWave = targets.filter(isInFlight).length;
  return goOn({ ...execution, operation, openInWave, mustStop: true }, changed, wallMs);
}

function isAcceptedAs(target: Target, oldPid: number | null): boolean {
  return target.state === 'accepted' && target.oldPid === oldPid;
}

/** Begins waves until one has something to wait for; ends where none is left or none is allowed. */
function goOn(from: Execution, changedBefore: readonly Target[], wallMs: number): OperationStep {
  let execution = from;
  const { operation } = execution;
  while (execution.openInWave === 0 && execution.wave < operation.waves.length - 1) {
    if (execution.mustStop) return abandonRest(execution, changedBefore, wallMs);
    const wave = execution.wave + 1;
    const send = (target: Target): Target | null =>
      target.wave === wave && target.state === 'pending'
        ? { ...target, state: 'dispatched' }
        : null;
    const { targets, changed } = change(operation.targets, send);
    execution = { ...execution, wave, openInWave: changed.length };
    if (changed.length > 0) {
      return {
        execution: { ...execution, operation: { ...operation, targets } },
        changed: [...changedBefore, ...changed],
        dispatch: changed,
      };
    }
  }
  if (execution.openInWave > 0) return { execution, changed: changedBefore, dispatch: [] };
  return end(execution, changedBefore, wallMs);
}

function abandonRest(
  execution: Execution,
  changedBefore: readonly Target[],
  wallMs: number,
): OperationStep {
  const abandon = (target: Target): Target | null =>
    target.state === 'pending' ? { ...target, state: 'not-attempted' } : null;
  const { targets, changed } = change(execution.operation.targets, abandon);
  const operation = { ...execution.operation, targets };
  return end({ ...execution, operation }, [...changedBefore, ...changed], wallMs);
}

function end(execution: Execution, changed: readonly Target[], wallMs: number): OperationStep {
  const hasSucceeded = execution.operation.targets.every((target) => target.state === 'succeeded');
  const state = hasSucceeded ? 'succeeded' : 'failed';
  const operation: Operation = { ...execution.operation, state, endedAtMs: wallMs };
  return { execution: { ...execution, operation }, changed, dispatch: [] };
}

function change(
  targets: readonly Target[],
  next: (target: Target) => Target | null,
): { readonly targets: readonly Target[]; readonly changed: readonly Target[] } {
  const changed: Target[] = [];
  const result = targets.map((target) => {
    const replaced = next(target);
    if (replaced === null) return target;
    changed.push(replaced);
    return replaced;
  });
  return { targets: result, changed };
}

function still(execution: Execution): OperationStep {
  return { execution, changed: [], dispatch: [] };
}

/** A blank cannot stand in either name. */
function positionKey(host: HostId, process: ProcessName): string {
  return `${host} ${process}`;
}
