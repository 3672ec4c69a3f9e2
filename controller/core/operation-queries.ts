/**
 * Which operations there are, and which one somebody means: people copy the beginning of an id, or
 * all of it. What is not unmistakable is refused with the ids that it could be.
 */
import { type Refusal, refusal } from '../../proto/errors.ts';
import {
  type HostId,
  type OperationSummary,
  operationId,
  TARGET_STATES,
  type TargetState,
} from '../../proto/vocabulary.ts';
import type { Execution } from './execution.ts';
import type { FleetState } from './state.ts';

/** The first group of a UUID, which is what people copy. */
const BEGINNING_MIN = 8;

/** A refusal travels in a small header. */
const CANDIDATES_SHOWN_MAX = 5;
const CHARACTERS_SHOWN_MAX = 60;

/** @param idOrBeginning an id, or as much of its beginning as no other operation shares */
export function findOperation(state: FleetState, idOrBeginning: string): Execution | Refusal {
  const beginning = idOrBeginning.trim().toLowerCase();
  const named = state.operations.get(operationId(beginning));
  if (named !== undefined) return named;
  if (beginning.length < BEGINNING_MIN) {
    return refusal('usage', `${quoted(beginning)} is too little of an operation's id`, {
      fix: `give ${BEGINNING_MIN} characters or more; see the ids with: fleetctl op list`,
    });
  }
  const candidates = newestFirst(state).filter(({ facts }) => facts.id.startsWith(beginning));
  const [only, ...others] = candidates;
  if (only === undefined) return unknownOperation(beginning);
  return others.length === 0 ? only : ambiguous(beginning, candidates);
}

export interface OperationQuery {
  readonly runningOnly: boolean;
  /** 0: as many as there are. */
  readonly limit: number;
}

/** Running ones first, then the newest. */
export function listOperations(
  state: FleetState,
  { runningOnly, limit }: OperationQuery,
): readonly OperationSummary[] | Refusal {
  if (limit < 0) {
    return refusal('usage', `${limit} operations cannot be asked for`, {
      fix: 'ask for 1 or more, or for 0, which means all',
    });
  }
  const isRunning = ({ facts }: Execution): boolean => state.running.has(facts.id);
  const all = newestFirst(state);
  const ended = runningOnly ? [] : all.filter((execution) => !isRunning(execution));
  const listed = [...all.filter(isRunning), ...ended];
  return (limit === 0 ? listed : listed.slice(0, limit)).map(summaryOf);
}

export function summaryOf({ facts, targets }: Execution): OperationSummary {
  const none = Object.fromEntries(TARGET_STATES.map((state) => [state, 0]));
  const targetCounts = none as Record<TargetState, number>;
  const hosts = new Set<HostId>();
  for (const { host, state } of targets) {
    targetCounts[state] += 1;
    hosts.add(host);
  }
  const { leftOut: _, ...summary } = facts;
  return { ...summary, targetCounts, hostCount: hosts.size };
}

/** Of those begun in one millisecond, the one whose id says that it is later. */
function newestFirst({ operations }: FleetState): readonly Execution[] {
  return [...operations.values()].sort(
    ({ facts: left }, { facts: right }) =>
      right.startedAtMs - left.startedAtMs || (right.id < left.id ? -1 : 1),
  );
}

function unknownOperation(beginning: string): Refusal {
  return refusal('nothing-matched', `no operation ${quoted(beginning)}`, {
    cause: 'it was never submitted, or it ended more than a day ago',
    fix: 'see which there are with: fleetctl op list',
  });
}

function ambiguous(beginning: string, candidates: readonly Execution[]): Refusal {
  const shown = candidates.slice(0, CANDIDATES_SHOWN_MAX).map(({ facts }) => facts.id);
  const more = candidates.length - shown.length;
  return refusal('usage', `${candidates.length} operations begin with ${quoted(beginning)}`, {
    cause: shown.join(', ') + (more > 0 ? ` and ${more} more` : ''),
    fix: 'give more of the id; see what each does with: fleetctl op list',
  });
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, CHARACTERS_SHOWN_MAX));
}
