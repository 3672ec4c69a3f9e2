/**
 * Finds the files of an `[include]` pattern as Python's `glob` does: `*`, `?`, `[abc]` and `[!abc]`
 * within one part of the path, hidden names only where the pattern shows the dot, `**` no more
 * than `*`. Not by picomatch, which also reads `(a|b)`, `{a,b}`, `+(a)` and `[^a]` as patterns: to
 * Python, and so to working configurations, those are plain characters of a name.
 */
import { join } from 'node:path/posix';
import type { ConfigFiles } from './files.ts';

/**
 * Sorted paths that may exist: parts without a wildcard are taken on trust, so the caller still
 * has to look. `pattern` is absolute.
 */
export function findFiles(pattern: string, files: ConfigFiles): readonly string[] {
  let found: readonly string[] = ['/'];
  for (const part of pattern.split('/').filter((piece) => piece !== '')) {
    found = isWildcard(part)
      ? found.flatMap((directory) => matching(directory, part, files))
      : found.map((directory) => join(directory, part));
  }
  return found.toSorted();
}

const isWildcard = (part: string): boolean => /[*?[]/.test(part);

function matching(directory: string, part: string, files: ConfigFiles): readonly string[] {
  const pattern = compile(part);
  if (pattern === null) return [];
  return files
    .list(directory)
    .filter((name) => (part.startsWith('.') || !name.startsWith('.')) && pattern.test(name))
    .map((name) => join(directory, name));
}

/** A bracket expression (a `]` right after its opening is a member), stars, or one character. */
const PIECES = /\[(!?)(\]?[^\]]+|\])\]|\*+|./gsu;

/** Null where a range runs backwards: it has no members, so nothing matches. */
function compile(part: string): RegExp | null {
  const source = part.replace(PIECES, (piece, negation?: string, members?: string) => {
    if (members !== undefined) {
      return `[${negation === '!' ? '^' : ''}${members.replace(/[\\[\]^]/g, '\\$&')}]`;
    }
    if (piece === '?') return '.';
    return piece.startsWith('*') ? '.*' : piece.replace(/[\\^$.+()[\]{}|]/, '\\$&');
  });
  try {
    return new RegExp(`^${source}$`, 'su');
  } catch {
    return null;
  }
}
