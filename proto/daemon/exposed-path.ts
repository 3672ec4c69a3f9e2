/**
 * Whether others could exchange what a daemon keeps or makes at a path: whoever can rename one
 * directory on the way there puts another in its place, and a daemon is often root. So each of them
 * must belong to root or to the daemon's user, and nobody else may write in it; where many may, the
 * sticky bit (`/tmp`) keeps what is there from all but its owner. sshd trusts paths by such rules.
 */
import { lstatSync, readlinkSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @param path absolute; its last part need not be there
 * @returns the directory, or the link, on the way to it that others could exchange; null: none
 * @throws where a directory is missing
 */
export function exposedAbove(path: string): string | null {
  const pending = namesIn(path);
  let place = '/';
  for (let links = 0; links <= LINKS_MAX; ) {
    if (isExposed(lstatSync(place))) return place;
    const name = pending.shift();
    if (name === undefined || pending.length === 0) return null;
    const entry = join(place, name);
    const found = lstatSync(entry);
    if (!found.isSymbolicLink()) {
      place = entry;
      continue;
    }
    if (isStrangers(found)) return entry;
    links += 1;
    const target = readlinkSync(entry);
    if (target.startsWith('/')) place = '/';
    pending.unshift(...namesIn(target));
  }
  throw new Error(`ELOOP: too many links in ${path}`);
}

/**
 * The same of a directory and what is in it: there the sticky bit is not enough, because names that
 * are not taken yet are anybody's.
 * @param path of a directory that is there
 */
export function exposedAt(path: string): string | null {
  const above = exposedAbove(join(path, 'entry'));
  if (above !== null) return above;
  return (statSync(path).mode & WRITABLE_BY_OTHERS) === 0 ? null : path;
}

/** Neither root's nor ours. */
export const isStrangers = ({ uid }: Pick<Stats, 'uid'>): boolean =>
  uid !== 0 && uid !== process.geteuid?.();

/** As the kernel (path_resolution(7)). */
const LINKS_MAX = 40;

const WRITABLE_BY_GROUP = 0o020;
const WRITABLE_BY_ALL = 0o002;
const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

const namesIn = (path: string): string[] => path.split('/').filter((name) => name !== '');

function isExposed(directory: Stats): boolean {
  if (isStrangers(directory)) return true;
  if ((directory.mode & STICKY) !== 0) return false;
  const isOwnGroup = directory.gid === 0 || directory.gid === process.getegid?.();
  const writable = isOwnGroup ? WRITABLE_BY_ALL : WRITABLE_BY_ALL | WRITABLE_BY_GROUP;
  return (directory.mode & writable) !== 0;
}
