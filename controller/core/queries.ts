/** What operators may look at, answered from the committed state. Looking changes nothing. */
import { isRefusal, type Refusal, refusal } from '../../proto/errors.ts';
import {
  matchProcesses,
  namesOfPatterns,
  nearestProcess,
  patternsProblem,
} from '../../proto/process-pattern.ts';
import type { HostId, HostProcess, HostStatus, ProcessName } from '../../proto/vocabulary.ts';
import { seenProcesses } from './access.ts';
import { type Host, hostStatusOf, isConnected, statusesOf } from './host.ts';
import { selectHosts } from './select.ts';
import type { FleetState } from './state.ts';
import { type Sight, seesHost } from './visible.ts';

export interface HostQuery {
  /** Empty: every host, because nothing is changed. */
  readonly selector: string;
  readonly wallMs: number;
}

export interface HostListing {
  readonly hosts: readonly HostStatus[];
  /** Hosts that matched, and that may not be seen. */
  readonly withheldHosts: number;
}

export function listHosts(
  state: FleetState,
  query: HostQuery,
  sight: Sight,
): HostListing | Refusal {
  const hosts = select(state, query);
  if (isRefusal(hosts)) return hosts;
  const seen = hosts.filter((host) => seesHost(sight, host));
  return { hosts: seen.map(hostStatusOf), withheldHosts: hosts.length - seen.length };
}

export interface ProcessListing {
  readonly processes: readonly HostProcess[];
  readonly hosts: readonly HostStatus[];
}

export interface SeenListing extends ProcessListing, HostListing {
  /** Processes on hosts that may be seen, which may not be seen themselves. */
  readonly withheldProcesses: number;
}

/** The part of a listing that somebody may see, and how much there is beside it. */
export function seenListing(
  state: FleetState,
  { processes, hosts }: ProcessListing,
  sight: Sight,
): SeenListing {
  if (sight.seesEverything) return { processes, hosts, withheldHosts: 0, withheldProcesses: 0 };
  const seenOn = new Map<HostId, NonNullable<ReturnType<typeof seenProcesses>>>();
  for (const { host: id } of hosts) {
    const host = state.hosts.get(id);
    const seen = host === undefined ? null : seenProcesses(sight.access, host);
    if (seen !== null) seenOn.set(id, seen);
  }
  const seenHosts = hosts.filter(({ host }) => seenOn.has(host));
  const there = processes.filter(({ host }) => seenOn.has(host));
  const seen = there.filter(({ host, status }) => seenOn.get(host)?.has(status.process));
  return {
    ...{ processes: seen, hosts: seenHosts },
    withheldHosts: hosts.length - seenHosts.length,
    withheldProcesses: there.length - seen.length,
  };
}

/** @param patterns none: every process */
export function listProcesses(
  state: FleetState,
  query: HostQuery,
  patterns: readonly string[],
): ProcessListing | Refusal {
  const problem = patternsProblem(patterns);
  if (problem !== null) return problem;
  const hosts = select(state, query);
  if (isRefusal(hosts)) return hosts;
  const wanted = patterns.length === 0 ? ['all'] : patterns;
  const { byHost, unmatched } = matchProcesses(wanted, hosts.map(statusesOf));
  const processes = hosts.flatMap((host, index) =>
    (byHost[index] ?? []).map((status) => ({
      host: host.host,
      hostConnected: isConnected(host),
      status,
    })),
  );
  if (unmatched.length > 0 || (patterns.length > 0 && processes.length === 0)) {
    const unknown = unmatched.length > 0 ? unmatched : patterns;
    const near = nearestProcess(unknown[0] ?? '', hosts.map(statusesOf));
    return refusal('nothing-matched', `no process matches ${namesOfPatterns(unknown)}`, {
      cause: `${hosts.length} ${hosts.length === 1 ? 'host was' : 'hosts were'} looked at`,
      fix: `${near === null ? '' : `did you mean ${near}? `}see what there is with: fleetctl status`,
    });
  }
  return { processes, hosts: hosts.map(hostStatusOf) };
}

/** Events of one host, newest first; the store has them. */
export interface EventQuery {
  readonly host: HostId;
  /** Null: of every process. It need not exist any more. */
  readonly process: ProcessName | null;
  readonly limit: number;
}

const EVENTS_MAX = 1_000;

/** Why these events cannot be asked for, or null. */
export function eventQueryProblem(
  state: FleetState,
  query: EventQuery,
  sight: Sight,
): Refusal | null {
  const { host, limit } = query;
  if (limit < 1 || limit > EVENTS_MAX) {
    return refusal('usage', `${limit} events cannot be asked for`, {
      fix: `ask for 1 to ${EVENTS_MAX}`,
    });
  }
  const known = state.hosts.get(host);
  if (known !== undefined && seesHost(sight, known)) return null;
  return refusal('nothing-matched', `there is no host ${JSON.stringify(host.slice(0, 60))}`, {
    cause: sight.seesEverything
      ? 'no agent of that name has ever connected'
      : 'no agent of that name has ever connected, or it is not yours to see',
    fix: 'see which hosts there are with: fleetctl hosts',
  });
}

function select(state: FleetState, { selector, wallMs }: HostQuery): readonly Host[] | Refusal {
  if (selector.trim() === '') return [...state.hosts.values()];
  return selectHosts(state, selector, wallMs);
}
