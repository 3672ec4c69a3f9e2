/** The items of `HostList`. */
import { sortNaturally } from '../../../proto/natural-order.ts';
import type { HostStatus } from '../../../proto/vocabulary.ts';
import { formatTimestamp } from '../time.ts';

/** In the order of the table. */
export function hostListItems(hosts: readonly HostStatus[]): readonly object[] {
  return sortNaturally(hosts, ({ host }) => host).map(hostItem);
}

export function hostItem(host: HostStatus): object {
  return {
    host: host.host,
    state: host.connected ? 'connected' : 'unreachable',
    labels: host.labels,
    agentVersion: host.agentVersion === '' ? null : host.agentVersion,
    lastSeenAt: host.lastSeenAtMs === 0 ? null : formatTimestamp(host.lastSeenAtMs),
    address: host.address,
    connectedSince: formatTimestamp(host.connectedSinceMs),
    configProblem: host.configProblem,
    adopted: host.adopted,
    stateProblem: host.stateProblem,
    certificateEndsAt: formatTimestamp(host.certificateEndsAtMs),
    identityProblem: host.identityProblem,
  };
}
