/**
 * Turns what a caller shows into who they are: the name that events and the log carry, and the
 * numbers by which this host's rules know users and groups.
 */
import { type Refusal, refusal } from '../../proto/errors.ts';
import type { CallerClaims } from '../../proto/local-orders.ts';
import type { LocalCaller } from '../core/local-access.ts';
import { callerName } from './order-words.ts';
import type { Proofs } from './proof.ts';

export interface Callers {
  /** Who they are, or why they may ask nothing. */
  identify(claims: CallerClaims): Promise<LocalCaller | Refusal>;
}

export interface CallerAccounts {
  /** Null where the uid is no account's, or nobody can tell soon. */
  readonly nameOf: (uid: number) => Promise<string | null>;
  /** The gids of an account; null where nobody can tell soon. */
  readonly groupsOf: (name: string) => Promise<readonly number[] | null>;
  /** Whether groups count for anything. */
  readonly areGroupsWanted: () => boolean;
  readonly nowMs: () => number;
}

/** Whoever could open the socket but does not see the directory beside it, as from a container. */
const NOBODY_NAMED = 'unknown';

/** Looking accounts up runs a program; the few people of a host come again and again. */
const ACCOUNTS_KEPT_MAX = 1_000;

/** So long somebody who was taken out of a group is still taken for a member. */
const GROUPS_KEPT_MS = 30_000;

export function createCallers(proofs: Proofs, accounts: CallerAccounts): Callers {
  const names = new Map<number, Promise<string | null>>();
  const groups = new Map<string, { readonly gids: readonly number[]; readonly atMs: number }>();

  async function cachedName(uid: number): Promise<string | null> {
    const asked = names.get(uid) ?? accounts.nameOf(uid);
    if (names.size >= ACCOUNTS_KEPT_MAX) names.clear();
    names.set(uid, asked);
    const name = await asked;
    // Perhaps only nobody could tell.
    if (name === null) names.delete(uid);
    return name;
  }

  async function groupsOf(name: string | null): Promise<readonly number[] | null> {
    if (name === null || !accounts.areGroupsWanted()) return [];
    const known = groups.get(name);
    const ageMs = accounts.nowMs() - (known?.atMs ?? 0);
    // The clock may have been set back meanwhile, perhaps by days.
    if (known !== undefined && Math.abs(ageMs) < GROUPS_KEPT_MS) return known.gids;
    const gids = await accounts.groupsOf(name);
    if (groups.size >= ACCOUNTS_KEPT_MAX) groups.clear();
    if (gids !== null) groups.set(name, { gids, atMs: accounts.nowMs() });
    return gids;
  }

  return {
    async identify({ proofPath, sudoUser }) {
      if (proofPath === null) {
        return { name: callerName(NOBODY_NAMED, sudoUser), uid: null, gids: [] };
      }
      const uid = await proofs.check(proofPath);
      if (typeof uid !== 'number') return uid;
      const account = await cachedName(uid);
      const name = callerName(account ?? String(uid), sudoUser);
      // Root may do everything, whatever a directory service says or does not say.
      const gids = uid === 0 ? [] : await groupsOf(account);
      // A group may also be what denies something.
      return gids === null ? unknownGroups(name) : { name, uid, gids };
    },
  };
}

const unknownGroups = (name: string): Refusal =>
  refusal('unavailable', `the groups of ${name} could not be told`, {
    cause: 'this host says who may do what by groups too, and "id -G" did not answer',
    fix: 'try again; root may do everything',
  });
