/** Which hosts of the fleet, as it is now, a selector means. */
import { isRefusal, type Refusal, refusal } from '../../proto/errors.ts';
import type { Selector } from '../../proto/selector/syntax.ts';
import { type Host, isConnected } from './host.ts';
import { evaluateSelector } from './selector/evaluate.ts';
import type { FleetView, HostView } from './selector/fleet-view.ts';
import { parseSelector } from './selector/parse.ts';
import type { FleetState } from './state.ts';

/** `@NAME` of selectors, from `[hosts:NAME]` of `controller.conf`. */
export type HostGroups = ReadonlyMap<string, Selector>;

/**
 * @param wallMs now, for `proc:NAME.uptime`
 * @returns at least one host, in no order; refused when the selector is wrong, names what does not
 *   exist, or means none
 */
export function selectHosts(
  state: FleetState,
  selector: string,
  wallMs: number,
): readonly Host[] | Refusal {
  const parsed = parseSelector(selector);
  if (isRefusal(parsed)) return parsed;
  const selected = evaluateSelector(parsed, viewOf(state, wallMs));
  return isRefusal(selected) ? selected : selected.flatMap((id) => state.hosts.get(id) ?? []);
}

/** @param cause why this request must name hosts */
export function noHostsNamed(cause: string): Refusal {
  return refusal('usage', 'no hosts are named', {
    cause,
    fix: "name them, for example --hosts='prod-*', or --hosts='@*' for the whole fleet",
  });
}

/** The fleet as selectors see it. */
export function viewOf(
  state: Pick<FleetState, 'hosts' | 'hostGroups' | 'operations'>,
  wallMs: number,
): FleetView {
  return {
    hosts: Array.from(state.hosts.values(), viewOfHost),
    groups: state.hostGroups,
    operations: state.operations,
    nowMs: wallMs,
  };
}

function viewOfHost(host: Host): HostView {
  const { labels, address, processes } = host;
  return { host: host.host, labels, address, isConnected: isConnected(host), processes };
}
