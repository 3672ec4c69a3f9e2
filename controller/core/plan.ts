/**
 * From what was asked to what will be done: the targets, laid out in waves. A wave is a tier: the
 * targets on all selected hosts that share (group priority, program priority). Lower tiers start
 * first and stop last. Made once, stored, never recomputed.
 */

import { type Refusal, refusal } from '../../proto/errors.ts';
import { selectHosts } from '../../proto/host-selector.ts';
import {
  compilePatterns,
  namesOfPatterns,
  namesWithoutMatch,
} from '../../proto/process-pattern.ts';
import type {
  HostId,
  OperationRequest,
  ProcessStatus,
  Target,
  Verb,
  Wave,
} from '../../proto/vocabulary.ts';
import { type Host, isConnected, statusesOf } from './host.ts';

export interface Plan {
  readonly waves: readonly Wave[];
  /** In the order of the waves. Those on hosts that are away are settled as unreachable already. */
  readonly targets: readonly Target[];
}

interface Candidate {
  readonly host: Host;
  readonly status: ProcessStatus;
}

export function makePlan(request: OperationRequest, hosts: Iterable<Host>): Plan | Refusal {
  const byId = new Map<HostId, Host>();
  for (const host of hosts) byId.set(host.host, host);
  if (request.hosts.trim() === '') return hostsRequired();
  const selection = selectHosts(request.hosts, new Set(byId.keys()));
  if (selection.kind === 'refused') return selection.refusal;
  const chosen = [...selection.hosts].flatMap((id) => byId.get(id) ?? []);
  const missing = namesWithoutMatch(request.processes, chosen.map(statusesOf));
  if (missing.length > 0) return nothingMatched(request, missing, chosen.length);
  const matcher = compilePatterns(request.processes);
  const candidates: readonly Candidate[] = chosen.flatMap((host) =>
    matcher(host.processes.values()).map((status) => ({ host, status })),
  );
  if (candidates.length === 0) return nothingMatched(request, request.processes, chosen.length);
  return layOut(request.verb, candidates);
}

function layOut(verb: Verb, candidates: readonly Candidate[]): Plan {
  const direction = verb === 'stop' ? -1 : 1;
  const sorted = [...candidates].sort(
    (a, b) => direction * compareTier(verb, a.status, b.status) || compareNames(a, b),
  );
  const waves: Wave[] = [];
  const targets: Target[] = [];
  let previous: ProcessStatus | null = null;
  for (const { host, status } of sorted) {
    if (previous === null || compareTier(verb, previous, status) !== 0) {
      const { groupPriority, priority } = status;
      waves.push({ index: waves.length, groupPriority, priority, targets: 0 });
    }
    previous = status;
    const index = waves.length - 1;
    const wave = waves[index] as Wave;
    waves[index] = { ...wave, targets: wave.targets + 1 };
    targets.push(plannedTarget(host, status, index));
  }
  return { waves, targets };
}

function plannedTarget(host: Host, status: ProcessStatus, wave: number): Target {
  const isReachable = isConnected(host);
  return {
    host: host.host,
    process: status.process,
    wave,
    state: isReachable ? 'pending' : 'unreachable',
    oldPid: isReachable ? status.pid : null,
    newPid: null,
    durationMs: null,
    error: isReachable ? null : 'the host was not connected when the operation began',
    logTail: [],
  };
}

/** A signal has no order: everybody gets it at once. */
function compareTier(verb: Verb, a: ProcessStatus, b: ProcessStatus): number {
  if (verb === 'signal') return 0;
  return a.groupPriority - b.groupPriority || a.priority - b.priority;
}

function compareNames(a: Candidate, b: Candidate): number {
  if (a.host.host !== b.host.host) return a.host.host < b.host.host ? -1 : 1;
  return a.status.process < b.status.process ? -1 : 1;
}

function hostsRequired(): Refusal {
  return refusal('usage', 'no hosts are named', {
    cause: 'what changes something says on which hosts; nothing means all of them unsaid',
    fix: "name them, for example --hosts='prod-*', or --hosts='@*' for the whole fleet",
  });
}

function nothingMatched(
  request: OperationRequest,
  patterns: readonly string[],
  hostCount: number,
): Refusal {
  const names = namesOfPatterns(patterns);
  return refusal('nothing-matched', `no process matches ${names || 'an empty list'}`, {
    cause: `${hostCount} ${hostCount === 1 ? 'host was' : 'hosts were'} selected by ${JSON.stringify(request.hosts)}`,
    fix: `see what they run with: fleetctl status --hosts='${request.hosts}'`,
  });
}
