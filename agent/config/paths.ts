/**
 * Paths in Supervisor's sections, which count from the directory in which the daemon was started,
 * and of which the directory must be there (datatypes.py, `existing_dirpath`): told when the file is
 * read, not when something is lost.
 */
import { dirname } from 'node:path/posix';
import { quoted } from '../../proto/dialect/problem.ts';
import type { Reading } from '../../proto/dialect/read-document.ts';
import type { Parser } from '../../proto/dialect/settings.ts';
import { expandHome } from '../../proto/dialect/values.ts';

export interface PathFinder {
  /** A path as written, counted from the working directory. */
  readonly absolute: (path: string) => string;
  /** Of an absolute path. */
  readonly isDirectory: (path: string) => boolean;
}

export const pathFinder = ({ absolute, files: { isDirectory } }: Reading): PathFinder => ({
  absolute,
  isDirectory,
});

/** A file that is there or can be made; the value is absolute. */
export const writablePath = (finder: PathFinder, expected: string): Parser<string> => ({
  expected,
  parse: (text, { home }) => {
    if (text === '' || text.includes('\n')) return { ok: false };
    const path = finder.absolute(expandHome(text, home));
    const directory = path.endsWith('/') ? path : dirname(path);
    if (finder.isDirectory(directory) || standardDescriptor(path) !== null) {
      return { ok: true, value: path };
    }
    return { ok: false, why: `there is no directory ${quoted(directory)}` };
  },
});

/** A directory that is there; the value is absolute. */
export const existingDirectory = (finder: PathFinder): Parser<string> => ({
  expected: 'an existing directory',
  parse: (text, { home }) => {
    if (text === '' || text.includes('\n')) return { ok: false };
    const path = finder.absolute(expandHome(text, home));
    if (finder.isDirectory(path)) return { ok: true, value: path };
    return { ok: false, why: `there is no directory ${quoted(path)}` };
  },
});

/** Which of the agent's own streams a path names; null: none. */
export function standardDescriptor(path: string): 1 | 2 | null {
  switch (path) {
    case '/dev/stdout':
    case '/dev/fd/1':
    case '/proc/self/fd/1':
      return 1;
    case '/dev/stderr':
    case '/dev/fd/2':
    case '/proc/self/fd/2':
      return 2;
    default:
      return null;
  }
}
