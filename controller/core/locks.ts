/**
 * Two operations never fight over one process on one host. What an operation has still to do there
 * holds it; so there is no table of locks that could outlive its owner: locks follow from the targets
 * of operations that have not ended, and who came first goes first.
 */
import { type Refusal, refusal } from '../../proto/errors.ts';
import type { Operation, Target } from '../../proto/operation.ts';
import { isOpen, targetKey } from '../../proto/target.ts';
import { type OperationId, WHOLE_HOST } from '../../proto/vocabulary.ts';
import type { Blocker, Execution } from './execution.ts';
import type { FleetState } from './state.ts';

/** The first target of another operation, submitted before, that holds one of these. */
export interface Conflict {
  readonly holder: Execution;
  readonly held: Target;
  readonly blocker: Blocker;
}

/** Targets by position: those of a plan, or of an operation. */
interface Positioned {
  at(position: number): Target | undefined;
}

/**
 * @param count how many targets there are
 * @param own the operation whose targets they are, where it is live already
 * @param from those before it are known to be free, and stay so: only earlier operations count
 */
export function findConflict(
  { live, operations }: Pick<FleetState, 'live' | 'operations'>,
  { targets, count }: { readonly targets: Positioned; readonly count: number },
  own: OperationId | null,
  from = 0,
): Conflict | null {
  const earlier: Execution[] = [];
  for (const id of live) {
    if (id === own) break;
    const execution = operations.get(id);
    if (execution !== undefined) earlier.push(execution);
  }
  if (earlier.length === 0) return null;
  for (let index = from; index < count; index += 1) {
    const target = targets.at(index);
    if (target === undefined || !isOpen(target)) continue;
    for (const holder of earlier) {
      const position = holdingPosition(holder, target);
      if (position === null) continue;
      const blocker = { operation: holder.facts.id, position, own: index };
      return { holder, held: holder.targets.at(position), blocker };
    }
  }
  return null;
}

/** Of an operation that waits its turn. */
export function conflictOf(
  fleet: Pick<FleetState, 'live' | 'operations'>,
  { facts, targets, blockedBy }: Pick<Execution, 'facts' | 'targets' | 'blockedBy'>,
): Conflict | null {
  const own = { targets, count: targets.size };
  return findConflict(fleet, own, facts.id, blockedBy?.own ?? 0);
}

/** Whether what was found to be in the way still is: cheaper than to look for all that may be. */
export function isStillBlocked(
  { live, operations }: Pick<FleetState, 'live' | 'operations'>,
  { targets }: Pick<Execution, 'targets'>,
  { operation, position, own }: Blocker,
): boolean {
  const holder = live.has(operation) ? operations.get(operation) : undefined;
  if (holder === undefined || !isOpen(targets.at(own))) return false;
  return isOpen(holder.targets.at(position));
}

/** An update is about all that runs on its host. */
function holdingPosition({ layout, targets }: Execution, wanted: Target): number | null {
  const { host, process } = wanted;
  const candidates =
    process === WHOLE_HOST
      ? (layout.ofHost.get(host) ?? [])
      : [
          layout.positions.get(targetKey(host, process)),
          layout.positions.get(targetKey(host, WHOLE_HOST)),
        ];
  for (const position of candidates) {
    if (position !== undefined && isOpen(targets.at(position))) return position;
  }
  return null;
}

/** In words, for `Halt.because`. Which of its targets is in the way changes all the time. */
export function waitText(conflict: Conflict): string {
  return `it waits for ${holderText(conflict)}`;
}

export function waitedText(conflict: Conflict | null): string {
  return `it waited too long${conflict === null ? '' : ` for ${holderText(conflict)}`}`;
}

function holderText({ holder: { facts } }: Conflict): string {
  return `the ${facts.verb} ${facts.id} of ${facts.requestedBy}`;
}

export function lockedRefusal(conflict: Conflict): Refusal {
  const { holder, held } = conflict;
  const { id, verb, requestedBy, reason } = holder.facts;
  const why = reason === '' ? '' : ` (${JSON.stringify(reason)})`;
  const { state } = holder.facts;
  const goOn = state === 'paused' ? `have it go on: fleetctl op resume ${id}` : WAIT_FOR_IT;
  const whose = `the ${verb} ${id} of ${requestedBy}${why}`;
  return refusal('locked', `${nameOf(held)} is in use by ${whose}`, {
    cause: `that one has been ${state} since ${sinceText(holder.facts)}, ${untilText(holder.facts)}`,
    fix: `${goOn}, or end it: fleetctl op cancel ${id}`,
  });
}

const WAIT_FOR_IT = 'wait for it with --lock-wait 5m';

function nameOf({ host, process }: Target): string {
  return process === WHOLE_HOST ? host : `${process} on ${host}`;
}

function sinceText({ startedAtMs, halt }: Pick<Operation, 'startedAtMs' | 'halt'>): string {
  return timeText(halt?.atMs ?? startedAtMs);
}

function untilText({ startedAtMs, strategy, halt }: Operation | Execution['facts']): string {
  const because = halt === null || halt.because === '' ? '' : `${halt.because}; `;
  const { deadlineMs } = strategy;
  return deadlineMs === null
    ? `${because}it has no deadline`
    : `${because}its deadline is ${timeText(startedAtMs + deadlineMs)}`;
}

/** `2026-11-22 16:20:05 UTC`. */
function timeText(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
