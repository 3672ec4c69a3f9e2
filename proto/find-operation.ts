/**
 * Which operation somebody means: people copy the beginning of an id, or all of it. What is not
 * unmistakable is refused with the ids that it could be.
 */
import { type Refusal, refusal } from './errors.ts';
import type { OperationId } from './vocabulary.ts';

/**
 * `01a203b8-8fa2`, the millisecond of a UUIDv7. A shorter beginning is that of minutes: once the
 * operation that was meant is forgotten, it would be that of another, which a verb would act on.
 */
export const ID_BEGINNING_MIN = 13;

export const TOO_SHORT_FIX = `give ${ID_BEGINNING_MIN} characters or more; see the ids with: fleetctl op list`;

/** A refusal travels in a small header. */
const CANDIDATES_SHOWN_MAX = 5;
const CHARACTERS_SHOWN_MAX = 60;

/** @param idOrBeginning an id, or as much of its beginning as no other operation shares */
export function findOperation<Found>(
  operations: Iterable<readonly [OperationId, Found]>,
  idOrBeginning: string,
): Found | Refusal {
  const beginning = idOrBeginning.trim().toLowerCase();
  if (beginning.length < ID_BEGINNING_MIN) {
    const message = `${quoted(beginning)} is too little of an operation's id`;
    return refusal('usage', message, { fix: TOO_SHORT_FIX });
  }
  const candidates = [...operations].filter(([id]) => id.startsWith(beginning));
  const [only, ...others] = candidates;
  if (only === undefined) return unknownOperation(beginning);
  return others.length === 0 ? only[1] : ambiguous(beginning, candidates);
}

function unknownOperation(beginning: string): Refusal {
  return refusal('nothing-matched', `no operation ${quoted(beginning)}`, {
    cause: 'it was never submitted, or it ended more than a day ago',
    fix: 'see which there are with: fleetctl op list',
  });
}

function ambiguous(
  beginning: string,
  candidates: readonly (readonly [OperationId, unknown])[],
): Refusal {
  // The newest first: their ids begin with the time.
  const ids = candidates
    .map(([id]) => id)
    .sort()
    .reverse();
  const shown = ids.slice(0, CANDIDATES_SHOWN_MAX);
  const more = ids.length - shown.length;
  return refusal('usage', `${ids.length} operations begin with ${quoted(beginning)}`, {
    cause: shown.join(', ') + (more > 0 ? ` and ${more} more` : ''),
    fix: 'give more of the id; see what each does with: fleetctl op list',
  });
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, CHARACTERS_SHOWN_MAX));
}
