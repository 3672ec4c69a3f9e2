/**
 * Files of records in `run_dir`, in which the agent believes what it reads. The directory is private,
 * but may have been somebody else's before: what stands there under the name of a record counts only
 * if it is a plain file of the agent's own user, by no other name than this one. Anything else, be it a
 * link, a FIFO or a device, is neither followed nor waited for.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';

/** @throws where there may be one that cannot be read. @returns null where there is none of our own */
export function readOwnFile(path: string): string | null {
  const descriptor = openOwnFile(path, constants.O_RDONLY);
  if (descriptor === null) return null;
  try {
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}

/**
 * @param access O_RDONLY or O_WRONLY
 * @returns a descriptor, or null where there is none of our own
 * @throws where there may be one that cannot be opened
 */
export function openOwnFile(path: string, access: number): number | null {
  let descriptor: number;
  try {
    descriptor = openSync(path, access | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (NO_PLAIN_FILE.has(code)) return null;
    throw error;
  }
  let isOurs = false;
  try {
    isOurs = isOwnPlainFile(fstatSync(descriptor));
  } finally {
    if (!isOurs) closeSync(descriptor);
  }
  return isOurs ? descriptor : null;
}

/** Nothing, a link (its code differs between systems), a FIFO or socket, a directory, a device. */
const NO_PLAIN_FILE: ReadonlySet<string> = new Set([
  'ENOENT',
  'ELOOP',
  'EMLINK',
  'EFTYPE',
  'ENXIO',
  'EOPNOTSUPP',
  'EISDIR',
  'ENODEV',
]);

function isOwnPlainFile(stats: Stats): boolean {
  return stats.isFile() && stats.nlink === 1 && stats.uid === process.geteuid?.();
}
