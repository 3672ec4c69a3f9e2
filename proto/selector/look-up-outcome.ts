/** The hosts that an earlier operation left in some state (`outcome-term.ts`). */
import { type Refusal, refusal } from '../errors.ts';
import type { HostId, OperationId } from '../vocabulary.ts';
import { bytesOf, type FleetView, type OperationView } from './fleet-view.ts';
import { compileOutcome } from './outcome-term.ts';
import type { OutcomeTerm } from './syntax.ts';

const IDS_SHOWN_MAX = 3;

/** Refused where no operation, or more than one, has this id or begins with it. */
export function lookUpOutcome(term: OutcomeTerm, fleet: FleetView): Uint8Array | Refusal {
  const operation = findOperation(term.operation, fleet.operations);
  if ('code' in operation) return operation;
  const isMeant = compileOutcome(term);
  const meant = new Set<HostId>();
  for (const { host, state } of operation.targets) if (isMeant(state)) meant.add(host);
  return bytesOf(fleet, ({ host }) => meant.has(host));
}

function findOperation(
  beginning: string,
  operations: FleetView['operations'],
): OperationView | Refusal {
  const found: (readonly [OperationId, OperationView])[] = [];
  for (const one of operations) {
    if (one[0] === beginning) return one[1];
    if (one[0].startsWith(beginning)) found.push(one);
  }
  const [only, ...others] = found;
  if (only === undefined) {
    return refusal('nothing-matched', `no such operation: ${beginning}`, {
      cause: 'it never was, or it ended so long ago that it is no longer kept',
      fix: 'see them with: fleetctl op list',
    });
  }
  if (others.length === 0) return only[1];
  const ids = found.slice(0, IDS_SHOWN_MAX).map(([id]) => id);
  return refusal('usage', `op:${beginning} is the beginning of ${found.length} operations`, {
    cause: `${ids.join(', ')}${found.length > ids.length ? ', …' : ''}`,
    fix: 'give more of its id',
  });
}
