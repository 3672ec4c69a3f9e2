/**
 * Which hosts a rule is about. Unlike a selector that somebody types, a rule is written once and holds
 * for hosts that come and go: what it names and is not there means nothing, and "all but these" may
 * leave out nothing. So there is nothing to refuse.
 */
import { isRefusal } from '../../../proto/errors.ts';
import { GROUP_NESTING_MAX } from '../../../proto/selector/limits.ts';
import type { Expression, Operator, Selector } from '../../../proto/selector/syntax.ts';
import type { HostId } from '../../../proto/vocabulary.ts';
import type { FleetView } from './fleet-view.ts';
import { lookUp } from './look-up.ts';

export function membersOf(selector: Selector, fleet: FleetView): ReadonlySet<HostId> {
  const bytes = membersIn(selector.expression, fleet, 0);
  return new Set(fleet.hosts.filter((_, index) => bytes[index] === 1).map(({ host }) => host));
}

/** A byte for each host of the fleet, in its order. */
function membersIn(expression: Expression, fleet: FleetView, depth: number): Uint8Array {
  switch (expression.kind) {
    case 'chain':
      return expression.steps.reduce(
        (left, { operator, operand }) => combined(left, operator, membersIn(operand, fleet, depth)),
        membersIn(expression.first, fleet, depth),
      );
    case 'not':
      return membersIn(expression.operand, fleet, depth).map((byte) => byte ^ 1);
    case 'names': {
      const names = new Set(expression.names);
      return Uint8Array.from(fleet.hosts, ({ host }) => Number(names.has(host)));
    }
    case 'groups':
      return expression.names
        .map((name) => membersOfGroup(name, fleet, depth + 1))
        .reduce((left, right) => combined(left, ',', right), nobody(fleet));
    case 'labelGroups':
      // `@key:value` wants a host that carries each; one by one they may be missing.
      return expression.values
        .map((value) => lookUp({ ...expression, values: [value] }, fleet))
        .reduce<Uint8Array>(
          (left, right) => (isRefusal(right) ? left : combined(left, ',', right)),
          nobody(fleet),
        );
    case 'list':
      return nobody(fleet);
    default: {
      const found = lookUp(expression, fleet);
      return isRefusal(found) ? nobody(fleet) : found;
    }
  }
}

function membersOfGroup(name: string, fleet: FleetView, depth: number): Uint8Array {
  const group = fleet.groups.get(name);
  if (group === undefined || depth > GROUP_NESTING_MAX) return nobody(fleet);
  return membersIn(group.expression, fleet, depth);
}

const nobody = ({ hosts }: FleetView): Uint8Array => new Uint8Array(hosts.length);

const COMBINE: Readonly<Record<Operator, (left: number, right: number) => number>> = {
  ',': (left, right) => left | right,
  '!': (left, right) => left & (right ^ 1),
  '&': (left, right) => left & right,
  '^': (left, right) => left ^ right,
};

function combined(left: Uint8Array, operator: Operator, right: Uint8Array): Uint8Array {
  const combine = COMBINE[operator];
  return left.map((byte, index) => combine(byte, right[index] ?? 0));
}
