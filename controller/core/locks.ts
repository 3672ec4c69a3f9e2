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

/** @param own the operation whose targets they are, where it is live already */
export function findConflict(
  { live, operations }: Pick<FleetState, 'live' | 'operations'>,
  targets: Iterable<Target>,
  own: OperationId | null,
): Conflict | null {
  const earlier: Execution[] = [];
  for (const id of live) {
    if (id === own) break;
    const execution = operations.get(id);
    if (execution !== undefined) earlier.push(execution);
  }
  if (earlier.length === 0) return null;
  for (const target of targets) {
    if (!isOpen(target)) continue;
    for (const holder of earlier) {
      const position = holdingPosition(holder, target);
      if (position === null) continue;
      const blocker = { operation: holder.facts.id, position };
      return { holder, held: holder.targets.at(position), blocker };
    }
  }
  return null;
}

/** Whether what was found to be in the way still is: cheaper than to look for all that may be. */
export function isStillBlocked(
  { live, operations }: Pick<FleetState, 'live' | 'operations'>,
  { operation, position }: Blocker,
): boolean {
  const holder = live.has(operation) ? operations.get(operation) : undefined;
  return holder !== undefined && isOpen(holder.targets.at(position));
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

/** In words, for `Halt.because`. */
export function waitText(conflict: Conflict): string {
  return `it waits for ${holderText(conflict, 'has')}`;
}

export function waitedText(conflict: Conflict | null): string {
  return `it waited too long${conflict === null ? '' : ` for ${holderText(conflict, 'had')}`}`;
}

function holderText({ holder: { facts }, held }: Conflict, tense: 'has' | 'had'): string {
  const { verb, id, requestedBy } = facts;
  return `the ${verb} ${id} of ${requestedBy}, which ${tense} ${nameOf(held)} to do`;
}

export function lockedRefusal(conflict: Conflict): Refusal {
  const { holder, held } = conflict;
  const { id, verb, requestedBy, reason } = holder.facts;
  const why = reason === '' ? '' : ` (${JSON.stringify(reason)})`;
  return refusal(
    'locked',
    `${nameOf(held)} is in use by the ${verb} ${id} of ${requestedBy}${why}`,
    {
      cause: `that one is ${holder.facts.state} since ${sinceText(holder.facts)}, ${untilText(holder.facts)}`,
      fix: `wait for it with --lock-wait 5m, or end it: fleetctl op cancel ${id}`,
    },
  );
}

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
