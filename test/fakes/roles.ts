/** Roles as the configuration would give them, and fleets in which somebody has some. */
import { readSelector } from '../../controller/core/selector/parse.ts';
import type { FleetState } from '../../controller/core/state.ts';
import { type Action, BUILT_IN_ROLES, type Role } from '../../proto/authority.ts';

interface Wanted {
  readonly allow?: readonly Action[];
  readonly deny?: readonly Action[];
  /** A selector. */
  readonly hosts?: string;
  readonly processes?: readonly string[];
  readonly signals?: readonly string[];
  readonly maxHosts?: number;
  readonly reasonRequired?: boolean;
  readonly runbooks?: readonly string[];
}

export function aRole(name: string, wanted: Wanted): Role {
  const { hosts, allow = [], deny = [], maxHosts = null, reasonRequired = false } = wanted;
  const { processes = [], signals = [], runbooks = [] } = wanted;
  return {
    name,
    allow: new Set(allow),
    deny: new Set(deny),
    hosts: hosts === undefined ? null : { text: hosts, selector: selectorOf(hosts) },
    ...{ processes, signals, maxHosts, reasonRequired, runbooks },
  };
}

/** The same fleet, where each of these people has these roles. */
export function withRoles(
  fleet: FleetState,
  people: Readonly<Record<string, readonly Role[]>>,
): FleetState {
  const all = [...BUILT_IN_ROLES, ...Object.values(people).flat()];
  const names = Object.entries(people).map(
    ([name, roles]) => [name, roles.map((role) => role.name)] as const,
  );
  const operators = new Map([...fleet.operators, ...names]);
  return { ...fleet, roles: new Map(all.map((role) => [role.name, role])), operators };
}

function selectorOf(text: string) {
  const selector = readSelector(text);
  if ('kind' in selector) throw new Error(`${text}: ${selector.why}`);
  return selector;
}
