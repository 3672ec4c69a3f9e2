/**
 * Finds a log again that was renamed to something without a number, as logrotate does with `dateext`
 * (`x.log-20261122`): what was printed until the agent was told is in it. It is the one with the same
 * inode in the same directory, whose name begins as that of the log does.
 */
import { type Dir, opendirSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { isSameFile } from '../adapters/host/same-file.ts';
import { type FileFacts, type FileIdentity, factsOf } from './file-facts.ts';

export interface MovedLog {
  readonly path: string;
  readonly file: FileFacts;
}

/** In a directory with more it may be missed: others may write there any number of files. */
const NAMES_MAX = 10_000;
const LOOKS_MAX = 1_000;

/** @param foundAt where it was last; looked at first, because it is asked for many times a second */
export function findMoved(
  path: string,
  file: FileIdentity,
  foundAt: string | null,
): MovedLog | null {
  const known = foundAt === null ? null : lookAt(foundAt, file);
  if (known !== null) return known;
  for (const candidate of neighboursOf(path)) {
    const found = lookAt(candidate, file);
    if (found !== null) return found;
  }
  return null;
}

function lookAt(path: string, wanted: FileIdentity): MovedLog | null {
  const file = factsOf(path);
  return file !== null && isSameFile(wanted, file) ? { path, file } : null;
}

function* neighboursOf(path: string): Generator<string> {
  const folder = dirname(path);
  // logrotate's `extension` puts the date before it.
  const stem = basename(path, extname(path));
  let looks = 0;
  for (const name of namesIn(folder)) {
    if (!name.startsWith(stem)) continue;
    yield join(folder, name);
    looks += 1;
    if (looks === LOOKS_MAX) return;
  }
}

function* namesIn(folder: string): Generator<string> {
  let directory: Dir | null = null;
  try {
    directory = opendirSync(folder, { bufferSize: 1_000 });
    for (let names = 0; names < NAMES_MAX; names += 1) {
      const entry = directory.readSync();
      if (entry === null) return;
      yield entry.name;
    }
  } catch {
    // It may be entered, and not listed: then nothing is found.
  } finally {
    directory?.closeSync();
  }
}
