/** A host with three users and two groups, and an agent that runs as root on it unless told. */
import type { AgentUser } from '../../agent/config/user.ts';
import type { ProcessUser } from '../../agent/core/definition.ts';

const USERS: readonly ProcessUser[] = [
  { name: 'root', uid: 0, gid: 0 },
  { name: 'www', uid: 33, gid: 33 },
  { name: 'alice', uid: 1000, gid: 100 },
];
const GROUPS: Readonly<Record<string, number>> = { root: 0, www: 33, ops: 500 };

export function fakeAccounts(user: AgentUser = { uid: 0, name: 'root' }) {
  const asked: string[] = [];
  return {
    user,
    /** What has been looked up, in order. */
    asked,
    findUser: (key: string): ProcessUser | null => {
      asked.push(key);
      return USERS.find(({ name, uid }) => key === name || key === String(uid)) ?? null;
    },
    /** `/link` is one to `/real`; in `/missing` there is nothing. */
    realPath: (path: string): string | null =>
      path.startsWith('/missing') ? null : path.replace(/^\/link(?=\/|$)/, '/real'),
    findGroup: (key: string): number | null => {
      asked.push(key);
      const isGid = Object.values(GROUPS).includes(Number(key));
      return GROUPS[key] ?? (isGid ? Number(key) : null);
    },
  };
}
