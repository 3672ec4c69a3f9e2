/**
 * Who a user or group of this host is, as everything on the host sees it: getent(1) and id(1) ask
 * the name services, so accounts of a directory count like those in `/etc/passwd`. Node itself can
 * tell only who runs it.
 *
 * A number is a uid or gid, as in Supervisor (datatypes.py, `name_to_uid`), and counts only if an
 * account has it.
 */
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { ProcessUser } from '../../core/definition.ts';

/** Null where there is none. Asks anew each time. */
export function findUser(nameOrUid: string): ProcessUser | null {
  const found = lookUp('passwd', nameOrUid);
  if (found === UNKNOWN_HERE) return findUserById(nameOrUid);
  const [name = '', , uid = '', gid = ''] = found ?? [];
  return asUser(nameOrUid, { name, uid, gid });
}

/** Null where it is no account's, or nobody can tell soon. Keeps nothing else waiting meanwhile. */
export async function findUserName(uid: number): Promise<string | null> {
  const entry = await askSoon('getent', ['passwd', String(uid)]);
  if (entry.kind === 'answered') return entry.text.split(':')[0] || null;
  if (entry.kind === 'refused') return null;
  const name = await askSoon('id', ['-un', String(uid)]);
  return name.kind === 'answered' ? name.text : null;
}

/** All gids of an account; null where nobody can tell soon. Keeps nothing else waiting meanwhile. */
export async function findGroupsOf(name: string): Promise<readonly number[] | null> {
  if (!isPlausible(name)) return null;
  const answer = await askSoon('id', ['-G', name]);
  if (answer.kind !== 'answered') return null;
  const words = answer.text.split(/\s+/);
  return words.every((word) => NUMBER.test(word)) ? words.map(Number) : null;
}

/** The gid; null where there is no such group. Asks anew each time. */
export function findGroup(nameOrGid: string): number | null {
  const found = lookUp('group', nameOrGid);
  if (found === UNKNOWN_HERE) return findGroupInFile(nameOrGid);
  return asGid(found);
}

/** Where there is no getent, as on macOS; id(1) takes numbers there too. */
export function findUserById(nameOrUid: string): ProcessUser | null {
  if (!isPlausible(nameOrUid)) return null;
  const field = (option: string): string => {
    const answer = ask('id', [option, nameOrUid]);
    return answer.kind === 'answered' ? answer.text : '';
  };
  return asUser(nameOrUid, { name: field('-un'), uid: field('-u'), gid: field('-g') });
}

/** No POSIX command looks up a group. */
export function findGroupInFile(nameOrGid: string): number | null {
  const column = NUMBER.test(nameOrGid) ? 2 : 0;
  const lines = readFileSync('/etc/group', 'utf8').split('\n');
  const entries = lines.map((line) => line.split(':'));
  return asGid(entries.find((fields) => fields[column] === nameOrGid) ?? null);
}

const NUMBER = /^\d{1,10}$/;

/** There is no getent to ask, as on macOS. */
const UNKNOWN_HERE = 'unknown here';

/** The fields of passwd(5) or group(5); null: nobody has this name or number. */
function lookUp(
  database: 'passwd' | 'group',
  key: string,
): readonly string[] | null | typeof UNKNOWN_HERE {
  if (!isPlausible(key)) return null;
  const answer = ask('getent', [database, key]);
  return answer.kind === 'answered'
    ? answer.text.split(':')
    : answer.kind === 'refused'
      ? null
      : UNKNOWN_HERE;
}

/** No account is named like this, and commands would take it for an option or end at it. */
const isPlausible = (name: string): boolean => name !== '' && !/^[-+]|[:\p{Cc}]/u.test(name);

/** Null also for an account whose name is the number that was asked for. */
function asUser(
  asked: string,
  found: { readonly name: string; readonly uid: string; readonly gid: string },
): ProcessUser | null {
  const isUsable = found.name !== '' && NUMBER.test(found.uid) && NUMBER.test(found.gid);
  if (!isUsable || (NUMBER.test(asked) && Number(asked) !== Number(found.uid))) return null;
  return { name: found.name, uid: Number(found.uid), gid: Number(found.gid) };
}

const asGid = (fields: readonly string[] | null): number | null => {
  const gid = fields?.[2] ?? '';
  return NUMBER.test(gid) ? Number(gid) : null;
};

type Answer =
  | { readonly kind: 'answered'; readonly text: string }
  /** It ran, and knows no such account. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'absent' };

const ENVIRONMENT = {
  PATH: '/usr/bin:/bin:/usr/sbin:/sbin:/run/current-system/sw/bin',
  LC_ALL: 'C',
};

/** A directory service that does not answer must not keep the agent from its processes. */
const TIMEOUT_MS = 20_000;

/** Somebody waits for it, and can do without. */
const SOON_MS = 5_000;

function askSoon(command: string, args: readonly string[]): Promise<Answer> {
  const options = { encoding: 'utf8', env: ENVIRONMENT, timeout: SOON_MS } as const;
  return new Promise((resolve) => {
    execFile(command, args, options, (error, text) => {
      if (error === null) return resolve({ kind: 'answered', text: text.trim() });
      resolve({ kind: error.code === 'ENOENT' ? 'absent' : 'refused' });
    });
  });
}

function ask(command: string, args: readonly string[]): Answer {
  try {
    const text = execFileSync(command, args, {
      encoding: 'utf8',
      env: ENVIRONMENT,
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: TIMEOUT_MS,
    });
    return { kind: 'answered', text: text.trim() };
  } catch (error) {
    const isAbsent = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return { kind: isAbsent ? 'absent' : 'refused' };
  }
}
