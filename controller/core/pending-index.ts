/**
 * Requests that wait for a signature, by who asks. Thousands of hosts ask again every few seconds, so
 * looking through all that wait is out of the question: as in certificate-index.ts, an index is worked
 * out from the requests themselves and remembered with them.
 */
import type { PendingRequest } from '../../proto/certificates.ts';
import { type Holder, holderText } from '../../proto/identity-name.ts';
import { added, type Grouped, groupedBy, removed } from './grouped.ts';
import type { Identities } from './identities.ts';

type Pending = Identities['pending'];

/** Of one holder: one at most, unless the database was written by somebody else. */
export function pendingOf(
  { pending }: Pick<Identities, 'pending'>,
  holder: Holder,
): readonly PendingRequest[] {
  return indexOf(pending).get(holderText(holder)) ?? [];
}

/** With one more, or another in its place; its index is made of the one before. */
export function withPending(before: Pending, request: PendingRequest): Pending {
  const after = before.with(request.keyHash, request);
  remembered.set(after, added(leftOut(before, request.keyHash), holderText(request), request));
  return after;
}

export function withoutPending(before: Pending, keyHash: string): Pending {
  const after = before.without(keyHash);
  remembered.set(after, leftOut(before, keyHash));
  return after;
}

const remembered = new WeakMap<Pending, Grouped<PendingRequest>>();

function indexOf(pending: Pending): Grouped<PendingRequest> {
  const known = remembered.get(pending);
  if (known !== undefined) return known;
  const index = groupedBy(pending.values(), holderText);
  remembered.set(pending, index);
  return index;
}

function leftOut(pending: Pending, keyHash: string): Grouped<PendingRequest> {
  const request = pending.get(keyHash);
  const index = indexOf(pending);
  return request === undefined ? index : removed(index, holderText(request), request);
}
