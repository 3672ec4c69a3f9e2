/**
 * `user`, of a program or of `[supervisord]`: as whom something runs. Supervisor's rules (datatypes.py
 * `name_to_uid`, options.py `drop_privileges`): who cannot switch users cannot become another one,
 * but supervises the programs that need no switch all the same.
 */
import { quoted } from '../../proto/dialect/problem.ts';
import type { Parsed, Parser } from '../../proto/dialect/settings.ts';
import type { ProcessUser } from '../core/definition.ts';

export interface AgentUser {
  readonly uid: number;
  readonly name: string;
}

/** The users and groups of this host, and which of them this is. */
export interface Accounts {
  /** As whom the agent runs. */
  readonly user: AgentUser;
  readonly findUser: (nameOrUid: string) => ProcessUser | null;
  /** The gid. */
  readonly findGroup: (nameOrGid: string) => number | null;
}

/** Asks about each name once: a directory service may take its time, and programs share users. */
export function rememberedAccounts({ user, findUser, findGroup }: Accounts): Accounts {
  return { user, findUser: remembered(findUser), findGroup: remembered(findGroup) };
}

/** As whom a program runs; null: as the agent does. Where it may not, every start fails with why. */
export const programUser = (accounts: Accounts): Parser<ProcessUser | null> => ({
  expected: 'the name or uid of a user',
  parse: (text) => {
    const parsed = parseUser(text, accounts);
    if (!parsed.ok || parsed.value === null || isRoot(accounts)) return parsed;
    return { ...parsed, doubt: `every start will fail: ${whyNot(parsed.value, accounts)}` };
  },
});

/** As whom the agent goes on; null: as it was started. */
export const agentUser = (accounts: Accounts): Parser<ProcessUser | null> => ({
  expected: 'the name or uid of a user',
  parse: (text) => {
    const parsed = parseUser(text, accounts);
    if (!parsed.ok || parsed.value === null || isRoot(accounts)) return parsed;
    return { ok: false, why: whyNot(parsed.value, accounts) };
  },
});

/** The value is null where nothing is to be switched. */
function parseUser(text: string, { user, findUser }: Accounts): Parsed<ProcessUser | null> {
  if (text === '') return { ok: false };
  // What the agent runs as needs no look-up, which in a bare container may not even be possible.
  if (text === user.name || text === String(user.uid)) return { ok: true, value: null };
  const found = findUser(text);
  if (found === null) return { ok: false, why: unknownAccount('user', text) };
  return { ok: true, value: found.uid === user.uid ? null : found };
}

const isRoot = ({ user }: Accounts): boolean => user.uid === 0;

const whyNot = (wanted: ProcessUser, { user }: Accounts): string =>
  `the agent runs as ${user.name} (uid ${user.uid}), and only root can switch to another user, ${quoted(wanted.name)}; start the agent as root, or name no user here`;

/** Completes a problem: which account, and how to find one that is there. */
export function unknownAccount(kind: 'user' | 'group', text: string): string {
  const isNumber = /^\d+$/.test(text);
  const word = isNumber ? { user: 'uid', group: 'gid' }[kind] : `${kind} name`;
  const database = { user: 'passwd', group: 'group' }[kind];
  return `Invalid ${word} ${quoted(text)}: this host knows no such ${kind} ("getent ${database}" lists those that it knows)`;
}

function remembered<Found>(find: (key: string) => Found): (key: string) => Found {
  const known = new Map<string, { readonly found: Found }>();
  return (key) => {
    const before = known.get(key);
    if (before !== undefined) return before.found;
    const found = find(key);
    known.set(key, { found });
    return found;
  };
}
