/**
 * What became of the targets of one operation on one host, as its agent told it: from the moment in
 * which it put each on record to its verdict, with what the process went through in between. The
 * store has the events; which of them belong together is decided here.
 */
import { nearest } from '../../proto/dialect/did-you-mean.ts';
import { isRefusal, type Refusal, refusal } from '../../proto/errors.ts';
import type { Explanation, Target } from '../../proto/operation.ts';
import { isOpen } from '../../proto/target.ts';
import {
  type AgentEvent,
  type HostId,
  hostId,
  type OperationId,
  type ProcessName,
  type StoredEvent,
  WHOLE_HOST,
} from '../../proto/vocabulary.ts';
import { withBoundedLogs } from './bounded-logs.ts';
import { findSeen } from './operation-queries.ts';
import type { FleetState } from './state.ts';
import { type Sight, seenFacts, seenTargets } from './visible.ts';

export interface ExplainQuery {
  /** An id, or as much of its beginning as no other operation shares. */
  readonly operation: string;
  readonly host: string;
  /** Null: all targets of the operation there. */
  readonly process: string | null;
}

export type Explained = Pick<Explanation, 'facts' | 'targets'>;

/** Events of one host that were stored in this time; the store has them. */
export interface EventSpan {
  readonly host: HostId;
  /** Null: all. What agents had no room for is told in any case. */
  readonly processes: readonly ProcessName[] | null;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly limit: number;
}

/** An agent of a lost host tells the end of what it was given when it is back. */
const TOLD_LATE_MS = 60 * 60 * 1_000;
const EVENTS_MAX = 2_000;

/** Which targets are meant; refused where the operation has none there. */
export function explainedTargets(
  state: FleetState,
  query: ExplainQuery,
  sight: Sight,
): Explained | Refusal {
  const execution = findSeen(state, query.operation, sight);
  if (isRefusal(execution)) return execution;
  const { host, process } = query;
  const { facts } = execution;
  const all = [...execution.targets];
  const seen = seenTargets(facts, all, sight);
  const onHost = seen.filter((target) => target.host === host);
  if (onHost.length === 0) return noSuchHost(facts.id, seen, host);
  const named = onHost.filter((target) => process === null || target.process === process);
  if (named.length === 0) return noSuchProcess(facts.id, onHost, host, process ?? '');
  const targets = withBoundedLogs({ ...facts, targets: named }).targets;
  return { facts: seenFacts(facts, all, sight), targets };
}

/** Where the store has to look for what agents told of them. */
export function eventSpanOf({ facts, targets }: Explained, wallMs: number): EventSpan {
  const names = targets.map(({ process }) => process);
  return {
    host: targets[0]?.host ?? hostId(''),
    // An update is about all that runs there.
    processes: names.includes(WHOLE_HOST) ? null : names,
    fromMs: facts.startedAtMs,
    untilMs: facts.endedAtMs === null ? wallMs : facts.endedAtMs + TOLD_LATE_MS,
    limit: EVENTS_MAX,
  };
}

/** @param events as `eventSpanOf` asks for them, oldest first */
export function explanationOf(explained: Explained, events: readonly StoredEvent[]): Explanation {
  const { facts, targets } = explained;
  const belonging = new Set<StoredEvent>();
  for (const target of targets) {
    for (const event of eventsOfTarget(facts.id, target, events)) belonging.add(event);
  }
  const chosen = events.filter((event) => belonging.has(event));
  const leads = chosen.filter(isFromAgent).map(({ storedAtMs, atMs }) => storedAtMs - atMs);
  const clockLeadMs = leads.length === 0 ? null : Math.min(...leads);
  return { facts, targets, events: chosen, clockLeadMs };
}

/** In the order of the events: their numbers begin again where an agent lost its journal. */
function eventsOfTarget(
  id: OperationId,
  target: Target,
  events: readonly StoredEvent[],
): readonly StoredEvent[] {
  const { process } = target;
  const begin = beginningOf(id, target, events);
  if (begin === -1) return [];
  const verdict = isOpen(target)
    ? -1
    : events.findLastIndex(
        ({ event }) => event.kind === 'targetSettled' && isOwn(event, id, process),
      );
  const end = verdict === -1 ? events.length : verdict + 1;
  return events.slice(begin, end).filter(({ event }) => isAbout(event, id, process));
}

/** Its acceptance, or the gap in which that may have been lost; -1: nothing was ever told of it. */
function beginningOf(id: OperationId, target: Target, events: readonly StoredEvent[]): number {
  const own = events.findIndex(({ event }) => isOwn(event, id, target.process));
  if (events[own]?.event.kind === 'targetAccepted') return own;
  const isGap = ({ event }: StoredEvent): boolean => event.kind === 'eventsMissing';
  if (own !== -1) {
    const gap = events.slice(0, own).findLastIndex(isGap);
    return gap === -1 ? own : gap;
  }
  const { dispatchedAtMs } = target;
  if (dispatchedAtMs === null) return -1;
  return events.findIndex((event) => isGap(event) && event.storedAtMs >= dispatchedAtMs);
}

type OfTarget = Extract<
  AgentEvent,
  { readonly kind: 'targetAccepted' | 'targetVerifying' | 'targetSettled' }
>;

function isOwn(event: AgentEvent, id: OperationId, process: ProcessName): event is OfTarget {
  switch (event.kind) {
    case 'targetAccepted':
    case 'targetVerifying':
    case 'targetSettled':
      return event.operationId === id && event.process === process;
    default:
      return false;
  }
}

function isAbout(event: AgentEvent, id: OperationId, process: ProcessName): boolean {
  if (event.kind === 'eventsMissing') return true;
  const isMeant = (name: ProcessName): boolean => process === WHOLE_HOST || process === name;
  if (event.kind === 'processChanged') return isMeant(event.process.process);
  if (event.kind === 'processRemoved') return isMeant(event.process);
  return isOwn(event, id, process);
}

/** What is missing was noticed here; its time says nothing of the host's clock. */
const isFromAgent = ({ event }: StoredEvent): boolean => event.kind !== 'eventsMissing';

/** @param seen its targets, as far as who asks may see them: names of others are not told */
function noSuchHost(id: OperationId, seen: readonly Target[], host: string): Refusal {
  const hosts = [...new Set(seen.map((target) => target.host))];
  const near = nearest(host, hosts.slice(0, HOSTS_COMPARED_MAX));
  return refusal('nothing-matched', `operation ${id} has no target on host ${shown(host)}`, {
    cause: `it is about ${hosts.length} ${hosts.length === 1 ? 'host' : 'hosts'}`,
    fix: `${near === null ? '' : `did you mean ${near}? `}see its targets with: fleetctl op show ${id}`,
  });
}

/** Comparing names is slow. */
const HOSTS_COMPARED_MAX = 2_000;

function noSuchProcess(
  id: OperationId,
  onHost: readonly Target[],
  host: string,
  process: string,
): Refusal {
  const names = onHost.map((target) => target.process);
  const near = nearest(process, names);
  const message = `operation ${id} has no target ${shown(process)} on host ${host}`;
  if (names.includes(WHOLE_HOST)) {
    return refusal('nothing-matched', message, {
      cause: 'it is about that host as a whole',
      fix: 'leave the process out',
    });
  }
  return refusal('nothing-matched', message, {
    cause: `it has ${names.length} there`,
    fix: `${near === null ? '' : `did you mean ${near}? `}leave the process out to see all of them`,
  });
}

const shown = (name: string): string => JSON.stringify(name.slice(0, 60));
