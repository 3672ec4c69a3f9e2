/** A fleet as selectors see it, and what they mean in it, for tests. */
import assert from 'node:assert/strict';
import { evaluateSelector } from '../../controller/core/selector/evaluate.ts';
import type { FleetView, HostView } from '../../controller/core/selector/fleet-view.ts';
import { parseSelector } from '../../controller/core/selector/parse.ts';
import type { Refusal } from '../../proto/errors.ts';
import type { Selector } from '../../proto/selector/syntax.ts';
import { hostId, type ProcessStatus } from '../../proto/vocabulary.ts';

export const SELECTED_AT_MS = 1_000_000_000;

export function aHostView(
  name: string,
  more: Partial<Omit<HostView, 'processes'>> & {
    readonly processes?: readonly ProcessStatus[];
  } = {},
): HostView {
  const { processes = [], ...rest } = more;
  return {
    host: hostId(name),
    labels: {},
    address: null,
    isConnected: true,
    ...rest,
    processes: new Map(processes.map((status) => [status.process, status])),
  };
}

/** @param hosts names, or hosts with more to them */
export function aFleetView(
  hosts: readonly (string | HostView)[],
  more: Partial<Omit<FleetView, 'hosts'>> = {},
): FleetView {
  return {
    hosts: hosts.map((host) => (typeof host === 'string' ? aHostView(host) : host)),
    groups: new Map(),
    operations: [],
    nowMs: SELECTED_AT_MS,
    ...more,
  };
}

function parsed(text: string): Selector {
  const selector = parseSelector(text);
  if ('code' in selector) assert.fail(`${text} is refused: ${selector.cause}`);
  return selector;
}

export function groupsOf(groups: Readonly<Record<string, string>>): ReadonlyMap<string, Selector> {
  return new Map(Object.entries(groups).map(([name, text]) => [name, parsed(text)]));
}

/** The hosts, in the order of the fleet, or the refusal. */
export function select(text: string, fleet: FleetView): readonly string[] | Refusal {
  const selector = parseSelector(text);
  return 'code' in selector ? selector : evaluateSelector(selector, fleet);
}

export function meant(text: string, fleet: FleetView): readonly string[] {
  const selected = select(text, fleet);
  if ('code' in selected) {
    assert.fail(`${text} is refused: ${selected.message}: ${selected.cause}`);
  }
  return selected;
}

export function refused(text: string, fleet: FleetView): Refusal {
  const selected = select(text, fleet);
  if (!('code' in selected)) assert.fail(`${text.slice(0, 50)} is not refused`);
  return selected;
}
