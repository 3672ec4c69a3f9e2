/** The hosts of which one condition of a selector holds. Each is made once and put to every host. */
import { nearest } from '../../../proto/dialect/did-you-mean.ts';
import { type Refusal, refusal } from '../../../proto/errors.ts';
import { compileGlobs, labelOf } from '../../../proto/selector/label-term.ts';
import type { Term } from '../../../proto/selector/syntax.ts';
import { bytesOf, type FleetView } from './fleet-view.ts';
import { lookUpLive } from './look-up-live.ts';
import { lookUpOutcome } from './look-up-outcome.ts';
import { isWithin, parseAddress, parseNetwork } from './network.ts';
import { compileRegex } from './regex.ts';

/** What does not need to know of other groups, and is not replaced before. */
export type Condition = Exclude<Term, { readonly kind: 'names' | 'groups' | 'list' }>;

/** @returns a byte for each host of the fleet, in its order: 1 where it holds */
export function lookUp(condition: Condition, fleet: FleetView): Uint8Array | Refusal {
  switch (condition.kind) {
    case 'everything':
      return new Uint8Array(fleet.hosts.length).fill(1);
    case 'globs': {
      const matches = compileGlobs(condition.globs);
      return bytesOf(fleet, ({ host }) => matches(host));
    }
    case 'regex': {
      const compiled = compileRegex(condition.pattern);
      if (compiled.kind === 'wrong') return refusal('usage', compiled.why);
      return bytesOf(fleet, ({ host }) => compiled.matches(host));
    }
    case 'label': {
      const { key } = condition;
      const matches = compileGlobs(condition.globs);
      return bytesOf(fleet, ({ labels }) => {
        const value = labelOf(labels, key);
        return value !== null && matches(value);
      });
    }
    case 'hasLabel':
      return bytesOf(fleet, ({ labels }) => labelOf(labels, condition.key) !== null);
    case 'labelGroups':
      return lookUpLabelGroups(condition, fleet);
    case 'network':
      return lookUpNetwork(condition.network, fleet);
    case 'live':
      return lookUpLive(condition, fleet);
    case 'outcome':
      return lookUpOutcome(condition, fleet);
  }
}

function lookUpNetwork(text: string, fleet: FleetView): Uint8Array | Refusal {
  const network = parseNetwork(text);
  if (network === null) return refusal('usage', `${JSON.stringify(text)} is no network`);
  return bytesOf(fleet, ({ address }) => {
    const parsed = address === null ? null : parseAddress(address);
    return parsed !== null && isWithin(parsed, network);
  });
}

function lookUpLabelGroups(
  { key, values }: Extract<Term, { readonly kind: 'labelGroups' }>,
  fleet: FleetView,
): Uint8Array | Refusal {
  const unseen = new Set(values);
  const wanted = new Set(values);
  const bytes = bytesOf(fleet, ({ labels }) => {
    const value = labelOf(labels, key);
    if (value === null || !wanted.has(value)) return false;
    unseen.delete(value);
    return true;
  });
  const [missing] = unseen;
  return missing === undefined ? bytes : noSuchLabelGroup(`${key}:${missing}`, fleet);
}

function noSuchLabelGroup(missing: string, { hosts }: FleetView): Refusal {
  const known = new Set(
    hosts.flatMap(({ labels }) => Object.entries(labels).map(([key, value]) => `${key}:${value}`)),
  );
  const near = nearest(missing, known);
  return refusal('nothing-matched', `no such group of hosts: @${missing}`, {
    cause: 'no host carries this label',
    fix: near === null ? 'see labels with: fleetctl hosts -o wide' : `did you mean @${near}?`,
  });
}
