/** Turns what a caller shows into the name that events and the log carry. */
import type { Refusal } from '../../proto/errors.ts';
import type { CallerClaims } from '../../proto/local-orders.ts';
import { callerName } from './order-words.ts';
import type { Proofs } from './proof.ts';

export interface Callers {
  /** Their name, or why they may order nothing. */
  identify(claims: CallerClaims): Promise<string | Refusal>;
}

/** Whoever could open the socket but does not see the directory beside it, as from a container. */
const NOBODY_NAMED = 'unknown';

/** Looking names up runs a program; the few people of a host come again and again. */
const NAMES_KEPT_MAX = 1_000;

export function createCallers(
  proofs: Proofs,
  nameOf: (uid: number) => Promise<string | null>,
): Callers {
  const names = new Map<number, Promise<string | null>>();

  async function cachedName(uid: number): Promise<string> {
    const asked = names.get(uid) ?? nameOf(uid);
    if (names.size >= NAMES_KEPT_MAX) names.clear();
    names.set(uid, asked);
    const name = await asked;
    // Perhaps only nobody could tell.
    if (name === null) names.delete(uid);
    return name ?? String(uid);
  }

  return {
    async identify({ proofPath, sudoUser }) {
      if (proofPath === null) return callerName(NOBODY_NAMED, sudoUser);
      const uid = await proofs.check(proofPath);
      return typeof uid === 'number' ? callerName(await cachedName(uid), sudoUser) : uid;
    },
  };
}
