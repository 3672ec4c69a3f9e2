/**
 * Moves a full log aside: `x.log` becomes `x.log.1`, and so on. Only what was written is moved, and
 * only files are: somebody may have put a link to `/dev/null` in the place of a log that grew too
 * fast, and a host whose `/dev/null` was moved away is broken.
 */
import { lstatSync, renameSync, type Stats } from 'node:fs';
import { findFilePlace } from '../host/file-place.ts';
import { isSameFile } from '../host/same-file.ts';

/**
 * @param ours the log as it is open
 * @returns false where the path leads to something else by now, which is left as it is
 * @throws where it cannot be moved
 */
export function shiftBackups(path: string, backups: number, ours: Stats): boolean {
  using place = findFilePlace(path);
  const nameOf = (index: number): string => (index === 0 ? place.path : `${place.path}.${index}`);
  if (!isSameFile(ours, lookAt(nameOf(0)))) return false;
  for (let index = 1; index <= backups; index += 1) {
    const found = lookAt(nameOf(index));
    const isMovable = found === undefined || found.isFile() || found.isSymbolicLink();
    if (!isMovable) throw new Error(`what stands in the place of backup ${index} is no file`);
  }
  for (let index = backups; index >= 1; index -= 1) {
    renameIfThere(nameOf(index - 1), nameOf(index));
  }
  return true;
}

const lookAt = (path: string): Stats | undefined => lstatSync(path, { throwIfNoEntry: false });

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
