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
  /** The same one later: of which groups they are now. */
  again(caller: LocalCaller): Promise<LocalCaller | Refusal>;
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

/**
 * Looking accounts up runs a program, and the few people of a host come again and again. So long
 * somebody who was taken out of a group is still taken for a member, and whoever has the uid of an
 * account that is gone for that one.
 */
const ACCOUNTS_KEPT_MS = 30_000;
const ACCOUNTS_KEPT_MAX = 1_000;

export function createCallers(proofs: Proofs, accounts: CallerAccounts): Callers {
  const nameOf = keptAWhile(accounts.nameOf, accounts.nowMs);
  const groupsOf = keptAWhile(accounts.groupsOf, accounts.nowMs);

  async function withGroups(uid: number, name: string): Promise<LocalCaller | Refusal> {
    // Root may do everything, whatever a directory service says or does not say.
    const account = uid === 0 || !accounts.areGroupsWanted() ? null : await nameOf(uid);
    const gids = account === null ? [] : await groupsOf(account);
    // A group may also be what denies something.
    return gids === null ? unknownGroups(name) : { name, uid, gids };
  }

  return {
    async identify({ proofPath, sudoUser }) {
      if (proofPath === null) {
        return { name: callerName(NOBODY_NAMED, sudoUser), uid: null, gids: [] };
      }
      const uid = await proofs.check(proofPath);
      if (typeof uid !== 'number') return uid;
      const account = await nameOf(uid);
      return withGroups(uid, callerName(account ?? String(uid), sudoUser));
    },
    again: async (caller) => (caller.uid === null ? caller : withGroups(caller.uid, caller.name)),
  };
}

/** What nobody could tell is asked for again. */
function keptAWhile<Key, Value>(
  lookUp: (key: Key) => Promise<Value | null>,
  nowMs: () => number,
): (key: Key) => Promise<Value | null> {
  const kept = new Map<Key, { readonly answer: Promise<Value | null>; readonly atMs: number }>();
  return async (key) => {
    const known = kept.get(key);
    // The clock may have been set back meanwhile, perhaps by days.
    if (known !== undefined && Math.abs(nowMs() - known.atMs) < ACCOUNTS_KEPT_MS) {
      return known.answer;
    }
    if (kept.size >= ACCOUNTS_KEPT_MAX) kept.clear();
    const asked = { answer: lookUp(key), atMs: nowMs() };
    kept.set(key, asked);
    const forget = (): void => {
      if (kept.get(key) === asked) kept.delete(key);
    };
    const value = await asked.answer.catch((error: unknown) => {
      forget();
      throw error;
    });
    if (value === null) forget();
    return value;
  };
}

const unknownGroups = (name: string): Refusal =>
  refusal('unavailable', `the groups of ${name} could not be told`, {
    cause: 'this host says who may do what by groups too, and "id -G" did not answer',
    fix: 'try again; root may do everything',
  });
