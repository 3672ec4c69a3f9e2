/** Names of hosts that do not exist, gathered over the whole selector so that all are told at once. */
import { nearest } from '../../../proto/dialect/did-you-mean.ts';
import { type Refusal, refusal } from '../../../proto/errors.ts';
import { foldNames } from '../../../proto/selector/fold.ts';
import { clipped } from '../../../proto/selector/mistake.ts';
import type { FleetView } from './fleet-view.ts';

export interface UnknownHost {
  readonly name: string;
  /** The group that names it; null where the selector itself does. */
  readonly group: string | null;
}

const PIECES_SHOWN_MAX = 5;

/** @param unknown at least one */
export function refusalOfUnknown(unknown: readonly UnknownHost[], fleet: FleetView): Refusal {
  const names = [...new Set(unknown.map(({ name }) => name))];
  const folded = foldNames(names);
  const shown = folded.slice(0, PIECES_SHOWN_MAX).map(clipped).join(',');
  const more = folded.length > PIECES_SHOWN_MAX ? ',…' : '';
  const count = names.length > PIECES_SHOWN_MAX ? ` (${names.length} names)` : '';
  const group = unknown[0]?.group ?? null;
  const size = sizeOf(fleet);
  const see = 'see all of them with: fleetctl hosts';
  const near = nearestHost(names, fleet);
  return refusal('nothing-matched', `no such host: ${shown}${more}${count}`, {
    cause: group === null ? size : `@${group} of the controller's configuration names it; ${size}`,
    fix:
      near === null
        ? `${see}; a pattern such as web-* means what is there`
        : `did you mean ${near}? ${see}`,
  });
}

/** For those who wonder why nothing was found. */
export function sizeOf({ hosts }: FleetView): string {
  if (hosts.length === 0) return 'the fleet has no hosts yet';
  return `the fleet has ${hosts.length} ${hosts.length === 1 ? 'host' : 'hosts'}`;
}

/** Comparing takes time that grows with the fleet and with the name; this is a hint, no more. */
const COMPARED_CHARACTERS_MAX = 200_000;

/** None for several: those are no slip of the keyboard, but hosts that a range runs over. */
function nearestHost(names: readonly string[], { hosts }: FleetView): string | null {
  const [name = ''] = names;
  if (names.length > 1 || name.length * hosts.length > COMPARED_CHARACTERS_MAX) return null;
  return nearest(
    name,
    hosts.map(({ host }) => host),
  );
}
