/** The hosts that an earlier operation left in some state (`outcome-term.ts`). */
import type { Refusal } from '../errors.ts';
import { findOperation } from '../find-operation.ts';
import type { HostId } from '../vocabulary.ts';
import { bytesOf, type FleetView } from './fleet-view.ts';
import { compileOutcome } from './outcome-term.ts';
import type { OutcomeTerm } from './syntax.ts';

/** Refused where no operation, or more than one, has this id or begins with it. */
export function lookUpOutcome(term: OutcomeTerm, fleet: FleetView): Uint8Array | Refusal {
  const operation = findOperation(fleet.operations, term.operation);
  if ('code' in operation) return operation;
  const isMeant = compileOutcome(term);
  const meant = new Set<HostId>();
  for (const { host, state } of operation.targets) if (isMeant(state)) meant.add(host);
  return bytesOf(fleet, ({ host }) => meant.has(host));
}
