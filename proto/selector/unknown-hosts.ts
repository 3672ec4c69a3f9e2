/** Names of hosts that do not exist, gathered over the whole selector so that all are told at once. */
import { nearest } from '../dialect/did-you-mean.ts';
import { type Refusal, refusal } from '../errors.ts';
import type { FleetView } from './fleet-view.ts';
import { clipped } from './mistake.ts';

export interface UnknownHost {
  readonly name: string;
  /** The group that names it; null where the selector itself does. */
  readonly group: string | null;
}

const NAMES_SHOWN_MAX = 5;

/** @param unknown at least one */
export function refusalOfUnknown(unknown: readonly UnknownHost[], fleet: FleetView): Refusal {
  const names = [...new Set(unknown.map(({ name }) => name))];
  const shown = names.slice(0, NAMES_SHOWN_MAX).map(clipped).join(', ');
  const more = names.length - NAMES_SHOWN_MAX;
  const group = unknown[0]?.group ?? null;
  const count = fleet.hosts.length;
  const size = count === 0 ? 'the fleet has no hosts yet' : `the fleet has ${count} hosts`;
  const [first = ''] = names;
  const near = nearestHost(first, fleet);
  const hint = near === null ? '' : `did you mean ${near}? `;
  return refusal(
    'nothing-matched',
    `no such host: ${shown}${more > 0 ? ` and ${more} more` : ''}`,
    {
      cause:
        group === null ? size : `@${group} of the controller's configuration names it; ${size}`,
      fix: `${hint}see all of them with: fleetctl hosts; a pattern such as web-* may match none of some`,
    },
  );
}

/** Comparing takes time that grows with the fleet and with the name; this is a hint, no more. */
const COMPARED_CHARACTERS_MAX = 200_000;

function nearestHost(name: string, { hosts }: FleetView): string | null {
  if (name.length * hosts.length > COMPARED_CHARACTERS_MAX) return null;
  return nearest(
    name,
    hosts.map(({ host }) => host),
  );
}
