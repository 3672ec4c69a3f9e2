/**
 * Finds the directory of a file of the agent's (a log, the pid file) without trusting anybody but
 * root and the agent's own user. The agent often runs as root and its logs often lie where others
 * can write; a link that somebody plants there could otherwise make it write to, or show, any file
 * of the host. Links are followed only where nobody else could have made them. Below a directory
 * that others can write, each next one is held by a descriptor, so that it cannot be exchanged
 * between the check and its use (openat(2), which Node lacks, by way of Linux's /proc/self/fd;
 * elsewhere the check is all there is).
 */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  type Stats,
} from 'node:fs';
import { isAbsolute } from 'node:path';
import { isStrangers } from '../../../proto/daemon/exposed-path.ts';

/** One directory, and the name of a file in it that need not be there. */
export interface FilePlace extends Disposable {
  /** Leads to the file; a suffix to it leads to its neighbours. Good until disposed. */
  readonly path: string;
  /** Whether others can make and remove files in this directory. */
  readonly isExposed: boolean;
  /** Whether everybody can, as in `/tmp`. */
  readonly isPublic: boolean;
}

interface Access extends Pick<FilePlace, 'isExposed' | 'isPublic'> {}

interface Directory extends Access {
  readonly path: string;
  /** Null: only root and the agent's user could put another one in its place. */
  readonly descriptor: number | null;
}

/** As the kernel (path_resolution(7)). */
const LINKS_MAX = 40;

const WRITABLE_BY_OTHERS = 0o022;
const WRITABLE_BY_ALL = 0o002;

/** O_PATH is the same on every Linux that Node runs on; it asks for no permission to list. */
const LINUX_O_PATH = 0o10000000;
const DESCRIPTOR_FOLDER = '/proc/self/fd';
const canHold = process.platform === 'linux' && existsSync(DESCRIPTOR_FOLDER);
const HOLD_FLAGS = LINUX_O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** What links of /proc/PID/fd lead to that has no path: such a link can only be followed. */
const PATHLESS = /^(?:pipe|socket|anon_inode):/;

/** @throws where a directory of the path is missing, or is a link that somebody else could have made */
export function findFilePlace(path: string): FilePlace {
  const pending = namesIn(isAbsolute(path) ? path : `${process.cwd()}/${path}`);
  let directory = rootDirectory();
  try {
    for (let links = 0; links <= LINKS_MAX; ) {
      const name = pending.shift() ?? '.';
      const entry = `${directory.path}/${name}`;
      const found = lstatSync(entry, { throwIfNoEntry: false });
      const target = found?.isSymbolicLink() ? followable(directory, entry) : null;
      if (target !== null && !PATHLESS.test(target)) {
        links += 1;
        pending.unshift(...namesIn(target));
        if (isAbsolute(target)) directory = replaced(directory, rootDirectory());
      } else if (pending.length === 0) {
        return placeIn(directory, entry);
      } else {
        directory = replaced(directory, enter(directory, entry, found));
      }
    }
    throw new Error('ELOOP: too many links');
  } catch (error) {
    release(directory);
    throw error;
  }
}

/** For opening the file: somebody may plant a link after the place was found. */
export const linkFlag = ({ isExposed }: FilePlace): number =>
  isExposed ? constants.O_NOFOLLOW : 0;

/** @throws where what was opened there is not a file of its own, as somebody may have planted it */
export function assertHarmless(place: FilePlace, stats: Stats): void {
  if (!place.isExposed) return;
  const mend = 'in a directory that others can write; take that right away, or log elsewhere';
  if (!stats.isFile()) throw new Error(`it is no regular file, ${mend}`);
  if (stats.nlink > 1) throw new Error(`it has a second name (a hard link), ${mend}`);
  // As the kernel with fs.protected_regular: its owner was there first, and would read along.
  if (place.isPublic && isStrangers(stats)) throw new Error(`it belongs to somebody else, ${mend}`);
}

function placeIn(directory: Directory, path: string): FilePlace {
  const { isExposed, isPublic } = directory;
  return { path, isExposed, isPublic, [Symbol.dispose]: () => release(directory) };
}

const namesIn = (path: string): string[] =>
  path.split('/').filter((name) => name !== '' && name !== '.');

function rootDirectory(): Directory {
  return { path: '', ...accessTo(lstatSync('/')), descriptor: null };
}

function enter(from: Directory, entry: string, found: Stats | undefined): Directory {
  const mustHold = canHold && (from.isExposed || from.descriptor !== null);
  if (!mustHold) {
    if (found === undefined) throw new Error(`ENOENT: there is no ${entry}`);
    if (!found.isDirectory()) throw new Error(`ENOTDIR: ${entry} is no directory`);
    return { path: entry, ...accessTo(found), descriptor: null };
  }
  const descriptor = openSync(entry, HOLD_FLAGS);
  const path = `${DESCRIPTOR_FOLDER}/${descriptor}`;
  return { path, ...accessTo(fstatSync(descriptor)), descriptor };
}

function followable(directory: Directory, entry: string): string {
  if (!directory.isExposed) return readlinkSync(entry);
  const name = entry.slice(entry.lastIndexOf('/') + 1);
  throw new Error(
    `${name} is a link in a directory that others can write; take that right away, or name what it leads to`,
  );
}

function accessTo(directory: Stats): Access {
  return {
    isExposed: (directory.mode & WRITABLE_BY_OTHERS) !== 0 || isStrangers(directory),
    isPublic: (directory.mode & WRITABLE_BY_ALL) !== 0,
  };
}

function replaced(old: Directory, by: Directory): Directory {
  release(old);
  return by;
}

function release({ descriptor }: Directory): void {
  if (descriptor !== null) closeSync(descriptor);
}
