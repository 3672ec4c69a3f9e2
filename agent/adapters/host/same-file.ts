/**
 * Whether two looks were at one and the same file: what has a name may have been moved or removed,
 * and what has the name now must not be taken for it.
 */
import { type Stats, statSync } from 'node:fs';

type Identity = Pick<Stats, 'ino' | 'dev'>;

export function isSameFile(one: Identity, other: Identity | undefined): boolean {
  return one.ino === other?.ino && one.dev === other.dev;
}

/** What cannot be looked at counts as another one. */
export function leadsTo(path: string, file: Stats): boolean {
  try {
    return isSameFile(file, statSync(path, { throwIfNoEntry: false }));
  } catch {
    return false;
  }
}
