/** The hosts that an earlier operation left in some state (`outcome-term.ts`). */
import { isRefusal, type Refusal } from '../../../proto/errors.ts';
import { findOperation } from '../../../proto/find-operation.ts';
import { compileOutcome } from '../../../proto/selector/outcome-term.ts';
import type { OutcomeTerm } from '../../../proto/selector/syntax.ts';
import type { HostId } from '../../../proto/vocabulary.ts';
import { bytesOf, type FleetView } from './fleet-view.ts';

/** Refused where no operation, or more than one, has this id or begins with it. */
export function lookUpOutcome(term: OutcomeTerm, fleet: FleetView): Uint8Array | Refusal {
  const operation = findOperation(fleet.operations, term.operation);
  if (isRefusal(operation)) return operation;
  const isMeant = compileOutcome(term);
  const meant = new Set<HostId>();
  for (const { host, state } of operation.targets) if (isMeant(state)) meant.add(host);
  return bytesOf(fleet, ({ host }) => meant.has(host));
}
