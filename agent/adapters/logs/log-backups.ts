/**
 * Moves a full log aside: `x.log` becomes `x.log.1`, and so on. Only what was written is moved, and
 * only files are: somebody may have put a link to `/dev/null` in the place of a log that grew too
 * fast, and a host whose `/dev/null` was moved away is broken.
 *
 * The oldest goes first, so whoever is killed on the way leaves each file whole and one number free.
 * The next rotation moves only what stands before the first free number: it completes what was begun,
 * and no backup is dropped for it.
 */
import { close, constants, lstatSync, openSync, renameSync, type Stats } from 'node:fs';
import { findFilePlace } from '../host/file-place.ts';
import { isSameFile } from '../host/same-file.ts';

/** O_NONBLOCK, O_NOFOLLOW: it was a plain file a moment ago. */
const HOLD_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;

/**
 * @param ours the log as it is open
 * @returns false where the path leads to something else by now, which is left as it is
 * @throws where it cannot be moved
 */
export function shiftBackups(
  path: string,
  backups: number,
  ours: Stats,
  rename: typeof renameSync = renameSync,
): boolean {
  using place = findFilePlace(path);
  const nameOf = (index: number): string => (index === 0 ? place.path : `${place.path}.${index}`);
  if (!isSameFile(ours, lookAt(nameOf(0)))) return false;
  let free: number | null = null;
  for (let index = backups; index >= 1; index -= 1) {
    const found = lookAt(nameOf(index));
    if (found === undefined) free = index;
    else if (!found.isFile() && !found.isSymbolicLink()) {
      throw new Error(`what stands in the place of backup ${index} is no file`);
    }
  }
  if (free === null) freeElsewhere(nameOf(backups));
  for (let index = free ?? backups; index >= 1; index -= 1) {
    renameIfThere(rename, nameOf(index - 1), nameOf(index));
  }
  return true;
}

const lookAt = (path: string): Stats | undefined => lstatSync(path, { throwIfNoEntry: false });

/**
 * The oldest is about to be dropped. To give back the space of a large file takes as long as a
 * heartbeat may be late; whoever closes it last has to, and that can be a thread of the pool.
 */
function freeElsewhere(path: string): void {
  try {
    const descriptor = openSync(path, HOLD_FLAGS);
    setImmediate(() => close(descriptor, () => undefined));
  } catch {
    // Not ours to read, or gone: then it is freed here and now.
  }
}

function renameIfThere(rename: typeof renameSync, from: string, to: string): void {
  try {
    rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
