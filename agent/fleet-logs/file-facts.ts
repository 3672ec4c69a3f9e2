/** What is to be known of a log file without opening it. */
import { type Stats, statSync } from 'node:fs';

/** As it was when it was looked at. */
export type FileFacts = Readonly<Pick<Stats, 'dev' | 'ino' | 'size' | 'mtimeMs' | 'birthtimeMs'>>;

export type FileIdentity = Pick<FileFacts, 'dev' | 'ino'>;

/** Null: there is none, or it cannot be looked at. */
export function factsOf(path: string): FileFacts | null {
  try {
    const { dev, ino, size, mtimeMs, birthtimeMs } = statSync(path);
    return { dev, ino, size, mtimeMs, birthtimeMs };
  } catch {
    return null;
  }
}
