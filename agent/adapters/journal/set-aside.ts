/**
 * Puts a damaged journal out of the way without losing a byte of it: whoever wants to know what
 * happened, or what people had asked for, still finds it. Nothing is ever overwritten.
 */
import { lstatSync, renameSync } from 'node:fs';

/** SQLite's further files; without them the first is not what it was. */
const SUFFIXES = ['', '-wal', '-shm'] as const;

/**
 * The file itself goes first: were it still there at the next start without its write-ahead log, it
 * might pass for a sound one that is out of date.
 * @returns where it is now: `journal.db.damaged-20261122T201500Z`
 */
export function setAside(path: string, nowMs: number): string {
  const place = freePlace(`${path}.damaged-${compactTime(nowMs)}`);
  for (const suffix of SUFFIXES) {
    if (isThere(path + suffix)) renameSync(path + suffix, place + suffix);
  }
  return place;
}

function freePlace(wanted: string): string {
  for (let count = 1; ; count += 1) {
    const place = count === 1 ? wanted : `${wanted}-${count}`;
    if (!SUFFIXES.some((suffix) => isThere(place + suffix))) return place;
  }
}

const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

/** ISO 8601's basic form, which has no colons: `20261122T201500Z`. */
const compactTime = (wallMs: number): string =>
  new Date(wallMs).toISOString().replace(/[-:]|\.\d+/g, '');
