/**
 * Opens a log for reading. It may lie where others can write: no link of theirs is followed, and
 * only plain files are read, because the agent may read more than whoever asked it to should.
 */
import { closeSync, constants, fstatSync, openSync, type Stats } from 'node:fs';
import { assertHarmless, findFilePlace, linkFlag } from '../host/file-place.ts';

export interface OpenLog {
  readonly descriptor: number;
  readonly stats: Stats;
}

/** O_NONBLOCK: to open a FIFO that nobody writes would wait. */
const READ_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

/** @returns null where there is no such file, or none to be shown; else it is to be closed */
export function openLog(path: string): OpenLog | null {
  let descriptor: number | null = null;
  try {
    using place = findFilePlace(path);
    descriptor = openSync(place.path, READ_FLAGS | linkFlag(place));
    const stats = fstatSync(descriptor);
    assertHarmless(place, stats);
    if (stats.isFile()) return { descriptor, stats };
  } catch {
    // Not there, not to be read, or not to be trusted: for a reader there is no log.
  }
  if (descriptor !== null) closeSync(descriptor);
  return null;
}
