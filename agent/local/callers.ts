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

export function createCallers(proofs: Proofs, nameOf: (uid: number) => string | null): Callers {
  const names = new Map<number, string>();

  function cachedName(uid: number): string {
    const known = names.get(uid);
    if (known !== undefined) return known;
    const name = nameOf(uid) ?? String(uid);
    if (names.size >= NAMES_KEPT_MAX) names.clear();
    names.set(uid, name);
    return name;
  }

  return {
    async identify({ proofPath, sudoUser }) {
      if (proofPath === null) return callerName(NOBODY_NAMED, sudoUser);
      const uid = await proofs.check(proofPath);
      return typeof uid === 'number' ? callerName(cachedName(uid), sudoUser) : uid;
    },
  };
}
