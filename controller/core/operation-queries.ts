/** Which operations there are, and which one somebody means. */
import { type Refusal, refusal } from '../../proto/errors.ts';
import { findOperation as findIn } from '../../proto/find-operation.ts';
import type { OperationSummary } from '../../proto/operation.ts';
import { type HostId, TARGET_STATES, type TargetState } from '../../proto/vocabulary.ts';
import type { Execution } from './execution.ts';
import type { FleetState } from './state.ts';
import { type Sight, seenFacts, seenTargets, seesOperation } from './visible.ts';

/** @param idOrBeginning an id, or as much of its beginning as no other operation shares */
export function findOperation(state: FleetState, idOrBeginning: string): Execution | Refusal {
  return findIn(state.operations, idOrBeginning);
}

/** The same for somebody who sees only a part: what they do not see at all is not there for them. */
export function findSeen(
  state: FleetState,
  idOrBeginning: string,
  sight: Sight,
): Execution | Refusal {
  if (sight.seesEverything) return findOperation(state, idOrBeginning);
  const beginning = idOrBeginning.trim().toLowerCase();
  const seen = [...state.operations].filter(
    ([id, execution]) => id.startsWith(beginning) && seesOperation(execution, sight),
  );
  return findIn(seen, idOrBeginning);
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
  sight: Sight,
): readonly OperationSummary[] | Refusal {
  if (limit < 0) {
    return refusal('usage', `${limit} operations cannot be asked for`, {
      fix: 'ask for 1 or more, or for 0, which means all',
    });
  }
  const isLive = ({ facts }: Execution): boolean => state.live.has(facts.id);
  const all = newestFirst(state).filter((execution) => seesOperation(execution, sight));
  const ended = runningOnly ? [] : all.filter((execution) => !isLive(execution));
  const listed = [...all.filter(isLive), ...ended];
  return (limit === 0 ? listed : listed.slice(0, limit)).map((one) => summaryOf(one, sight));
}

export function summaryOf(
  { facts: whole, targets: all }: Execution,
  sight: Sight,
): OperationSummary {
  const targets = seenTargets(whole, [...all], sight);
  const facts = seenFacts(whole, all, sight);
  const none = Object.fromEntries(TARGET_STATES.map((state) => [state, 0]));
  const targetCounts = none as Record<TargetState, number>;
  const hosts = new Set<HostId>();
  for (const { host, state } of targets) {
    targetCounts[state] += 1;
    hosts.add(host);
  }
  const { leftOut: _, ...summary } = facts;
  return { ...summary, hosts: clipped(facts.hosts), targetCounts, hostCount: hosts.size };
}

/** A selector with the names of a file in it may be long, and a list has many. */
function clipped(selector: string): string {
  return selector.length > SELECTOR_LENGTH_MAX
    ? `${selector.slice(0, SELECTOR_LENGTH_MAX)}…`
    : selector;
}

const SELECTOR_LENGTH_MAX = 1_000;

/** Of those begun in one millisecond, the one whose id says that it is later. */
function newestFirst({ operations }: FleetState): readonly Execution[] {
  return [...operations.values()].sort(
    ({ facts: left }, { facts: right }) =>
      right.startedAtMs - left.startedAtMs || (right.id < left.id ? -1 : 1),
  );
}
