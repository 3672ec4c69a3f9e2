/** A file system that holds only what a test writes into it: path → text, in memory. */
import { basename, dirname } from 'node:path/posix';
import type { ConfigFiles, FileText } from '../../proto/dialect/files.ts';

export function fakeConfigFiles(
  contents: Readonly<Record<string, string | FileText>>,
  emptyDirectories: readonly string[] = [],
): ConfigFiles {
  const directories = new Map<string, Set<string>>([['/', new Set()]]);
  const within = (directory: string): Set<string> => {
    const names = directories.get(directory) ?? new Set();
    directories.set(directory, names);
    return names;
  };
  for (const path of [...Object.keys(contents), ...emptyDirectories]) {
    for (let child = path; child !== '/'; child = dirname(child)) {
      within(dirname(child)).add(basename(child));
    }
  }
  for (const directory of emptyDirectories) within(directory);
  return {
    readText: (path) => {
      const content = contents[path];
      if (directories.has(path)) return { kind: 'directory' };
      if (content === undefined) return { kind: 'missing' };
      return typeof content === 'string' ? { kind: 'text', text: content } : content;
    },
    list: (directory) => [...(directories.get(directory) ?? [])],
    isDirectory: (path) => directories.has(path),
  };
}
