/**
 * Which hosts of a fleet a selector means. Hosts and groups that it names must exist, wherever they
 * stand in it; patterns and conditions may match none; all together it must mean at least one host,
 * and never the whole fleet where nobody has said so.
 */
import { isRefusal, type Refusal, refusal } from '../../../proto/errors.ts';
import { GROUP_NESTING_MAX } from '../../../proto/selector/limits.ts';
import { caretUnder, clipped, mistake, refusalOf } from '../../../proto/selector/mistake.ts';
import type { Chain, Expression, Selector } from '../../../proto/selector/syntax.ts';
import type { HostId } from '../../../proto/vocabulary.ts';
import type { FleetView } from './fleet-view.ts';
import { nestedTooDeep, noSuchGroup } from './group-refusals.ts';
import {
  combine,
  complementOf,
  type HostSet,
  plainSet,
  settle,
  type UnsaidEverything,
} from './host-set.ts';
import { lookUp } from './look-up.ts';
import { refusalOfUnknown, sizeOf, type UnknownHost } from './unknown-hosts.ts';

/** @returns at least one host, in the order of the fleet */
export function evaluateSelector(
  selector: Selector,
  fleet: FleetView,
): readonly HostId[] | Refusal {
  const evaluation: Evaluation = { fleet, positions: null, groupSets: new Map(), unknown: [] };
  const set = evaluate(evaluation, { text: selector.text, groups: [] }, selector.expression);
  if (evaluation.unknown.length > 0) return refusalOfUnknown(evaluation.unknown, fleet);
  if (isRefusal(set)) return set;
  const bytes = settle(set);
  if ('kind' in bytes) return refusalOfUnsaid(bytes);
  const selected = fleet.hosts.filter((_, index) => bytes[index] === 1);
  return selected.length > 0 ? selected.map(({ host }) => host) : noneMatches(selector, fleet);
}

/** Mutable only while one selector is evaluated. */
interface Evaluation {
  readonly fleet: FleetView;
  /** Index of each host in the fleet; made when the first is named. */
  positions: ReadonlyMap<string, number> | null;
  /** Each group is worked out once. */
  readonly groupSets: Map<string, HostSet>;
  readonly unknown: UnknownHost[];
}

/** Whose text is evaluated: the selector's own, or that of the last of these groups. */
interface Within {
  readonly text: string;
  readonly groups: readonly string[];
}

function evaluate(
  evaluation: Evaluation,
  within: Within,
  expression: Expression,
): HostSet | Refusal {
  switch (expression.kind) {
    case 'chain':
      return evaluateChain(evaluation, within, expression);
    case 'not': {
      const set = evaluate(evaluation, within, expression.operand);
      if (isRefusal(set)) return set;
      const group = within.groups.at(-1) ?? null;
      return complementOf(set, { text: within.text, group, at: expression.at });
    }
    case 'names':
      return plainSet(lookUpNames(evaluation, within, expression.names));
    case 'groups':
      return evaluateGroups(evaluation, within, expression.names);
    case 'list': {
      const why = 'files and standard input are read by fleetctl, before the controller is asked';
      return refusalOf(within.text, mistake(expression.at, why));
    }
    default: {
      const bytes = lookUp(expression, evaluation.fleet);
      return isRefusal(bytes) ? bytes : plainSet(bytes);
    }
  }
}

function evaluateChain(
  evaluation: Evaluation,
  within: Within,
  { first, steps }: Chain,
): HostSet | Refusal {
  let set = evaluate(evaluation, within, first);
  for (const { operator, operand } of steps) {
    if (isRefusal(set)) return set;
    const right = evaluate(evaluation, within, operand);
    if (isRefusal(right)) return right;
    const combined = combine(set, operator, right);
    set = 'kind' in combined ? refusalOfUnsaid(combined) : combined;
  }
  return set;
}

function lookUpNames(evaluation: Evaluation, within: Within, names: readonly string[]): Uint8Array {
  const { hosts } = evaluation.fleet;
  evaluation.positions ??= new Map(hosts.map(({ host }, index) => [host, index]));
  const bytes = new Uint8Array(hosts.length);
  for (const name of names) {
    const position = evaluation.positions.get(name);
    if (position !== undefined) bytes[position] = 1;
    else evaluation.unknown.push({ name, group: within.groups.at(-1) ?? null });
  }
  return bytes;
}

function evaluateGroups(
  evaluation: Evaluation,
  within: Within,
  names: readonly string[],
): HostSet | Refusal {
  let set: HostSet | null = null;
  for (const name of names) {
    const group = evaluateGroup(evaluation, within, name);
    if (isRefusal(group)) return group;
    const combined: HostSet | UnsaidEverything = set === null ? group : combine(set, ',', group);
    if ('kind' in combined) return refusalOfUnsaid(combined);
    set = combined;
  }
  return set ?? plainSet(new Uint8Array(evaluation.fleet.hosts.length));
}

function evaluateGroup(evaluation: Evaluation, within: Within, name: string): HostSet | Refusal {
  const known = evaluation.groupSets.get(name);
  if (known !== undefined) return known;
  const selector = evaluation.fleet.groups.get(name);
  if (selector === undefined) return noSuchGroup(name, evaluation.fleet.groups.keys());
  const groups = [...within.groups, name];
  if (groups.length > GROUP_NESTING_MAX) return nestedTooDeep(groups);
  const set = evaluate(evaluation, { text: selector.text, groups }, selector.expression);
  if (!isRefusal(set)) evaluation.groupSets.set(name, set);
  return set;
}

function refusalOfUnsaid({ origin }: UnsaidEverything): Refusal {
  const { text, group, at } = origin;
  const of = group === null ? '' : `in @${group} of the controller's configuration:\n`;
  return refusal('usage', 'this would mean every host of the fleet, which nobody has said', {
    cause: of + caretUnder(text, at, 'there is no host that this leaves out'),
    fix: "where that is meant, begin with the whole fleet: '@* and not …', '@*!…'",
  });
}

function noneMatches(selector: Selector, fleet: FleetView): Refusal {
  return refusal('nothing-matched', `no host matches ${JSON.stringify(clipped(selector.text))}`, {
    cause: sizeOf(fleet),
    fix: 'see all of them with: fleetctl hosts',
  });
}
