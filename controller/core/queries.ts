/** What operators may look at, answered from the committed state. Looking changes nothing. */
import { type Refusal, refusal } from '../../proto/errors.ts';
import { selectHosts } from '../../proto/host-selector.ts';
import {
  compilePatterns,
  namesOfPatterns,
  namesWithoutMatch,
  patternsProblem,
} from '../../proto/process-pattern.ts';
import type { HostProcess, HostStatus } from '../../proto/vocabulary.ts';
import { type Host, hostStatusOf, isConnected, statusesOf } from './host.ts';
import type { FleetState } from './state.ts';

/** @param selector empty: every host, because nothing is changed */
export function listHosts(state: FleetState, selector: string): readonly HostStatus[] | Refusal {
  const hosts = select(state, selector);
  return 'code' in hosts ? hosts : hosts.map(hostStatusOf);
}

export interface ProcessListing {
  readonly processes: readonly HostProcess[];
  readonly hosts: readonly HostStatus[];
}

/** @param patterns none: every process */
export function listProcesses(
  state: FleetState,
  selector: string,
  patterns: readonly string[],
): ProcessListing | Refusal {
  const problem = patternsProblem(patterns);
  if (problem !== null) return problem;
  const hosts = select(state, selector);
  if ('code' in hosts) return hosts;
  const matcher = compilePatterns(patterns.length === 0 ? ['all'] : patterns);
  const processes = hosts.flatMap((host) =>
    matcher(host.processes.values()).map((status) => ({
      host: host.host,
      hostConnected: isConnected(host),
      status,
    })),
  );
  const missing = namesWithoutMatch(patterns, hosts.map(statusesOf));
  if (missing.length > 0 || (patterns.length > 0 && processes.length === 0)) {
    const names = namesOfPatterns(missing.length > 0 ? missing : patterns);
    return refusal('nothing-matched', `no process matches ${names}`, {
      cause: `${hosts.length} ${hosts.length === 1 ? 'host was' : 'hosts were'} looked at`,
      fix: 'see what there is with: fleetctl status',
    });
  }
  return { processes, hosts: hosts.map(hostStatusOf) };
}

function select(state: FleetState, selector: string): readonly Host[] | Refusal {
  const all = new Map(state.hosts);
  if (selector.trim() === '') return [...all.values()];
  const selection = selectHosts(selector, new Set(all.keys()));
  if (selection.kind === 'refused') return selection.refusal;
  return [...selection.hosts].flatMap((id) => all.get(id) ?? []);
}
