/**
 * A log and what was rotated away from it (`x.log`, `x.log.1`, …) as one text, whose parts change
 * their names while it is read. So a place in it is a file, whatever it is called by now, and an
 * offset. No file is kept open: hundreds of logs can be read at once, and a reader who has fallen
 * asleep holds neither a descriptor nor the space of a file that was removed.
 */
import { closeSync, readSync, type Stats, statSync } from 'node:fs';
import { isSameFile } from '../adapters/host/same-file.ts';
import { openLog } from '../adapters/logs/open-log.ts';

/** As it was when it was looked at. */
export type FileFacts = Readonly<Pick<Stats, 'dev' | 'ino' | 'size' | 'mtimeMs' | 'birthtimeMs'>>;

export type FileIdentity = Pick<FileFacts, 'dev' | 'ino'>;

/** One file of a log, under the name that it has just now. */
export interface LogPart {
  /** 0: the log itself; else that of the backup. */
  readonly index: number;
  readonly file: FileFacts;
}

export interface LogPosition {
  /** Null: there was none, nor any backup, so whatever comes is new. */
  readonly file: FileFacts | null;
  readonly offset: number;
  /** What stands before it. Where something else does, the file was emptied and written anew. */
  readonly before: Buffer;
}

/** Where a position is to be found now. */
export interface Place {
  readonly part: LogPart;
  readonly offset: number;
  readonly before: Buffer;
  /** Known to be lost between the position and this. */
  readonly skippedBytes: number;
}

/** Long enough that two logs seldom agree in it by chance. */
const BEFORE_BYTES = 64;

/** Where others may write there can be any number of them. */
const BACKUPS_SEARCHED_MAX = 1_000;

const NOTHING = Buffer.alloc(0);

export const NOWHERE: LogPosition = { file: null, offset: 0, before: NOTHING };

export function partAt(path: string, index: number): LogPart | null {
  try {
    const { dev, ino, size, mtimeMs, birthtimeMs } = statSync(nameOf(path, index));
    return { index, file: { dev, ino, size, mtimeMs, birthtimeMs } };
  } catch {
    return null;
  }
}

/** Under which name a file of the log is by now. */
export function findPart(path: string, file: FileIdentity): LogPart | null {
  for (const part of partsOf(path)) if (isSameFile(file, part.file)) return part;
  return null;
}

/** Newest first. The log itself may be missing for a moment, while somebody else rotates it. */
function* partsOf(path: string): Generator<LogPart> {
  for (let index = 0; index <= BACKUPS_SEARCHED_MAX; index += 1) {
    const part = partAt(path, index);
    if (part !== null) yield part;
    else if (index > 0) return;
  }
}

/**
 * Only here is a file opened; what is not to be shown, or is another file by now, has no bytes.
 *
 * @returns how many bytes; fewer than fit only where the file ends
 */
export function readPart(
  path: string,
  { index, file }: LogPart,
  { offset, into }: { readonly offset: number; readonly into: Buffer },
): number {
  if (into.length === 0) return 0;
  const log = openLog(nameOf(path, index));
  if (log === null) return 0;
  try {
    if (!isSameFile(file, log.stats)) return 0;
    let length = 0;
    while (length < into.length) {
      const room = into.length - length;
      const read = readSync(log.descriptor, into, length, room, offset + length);
      if (read === 0) break;
      length += read;
    }
    return length;
  } finally {
    closeSync(log.descriptor);
  }
}

/** Whether it is there and may be read. */
export function isReadable(path: string): boolean {
  const log = openLog(path);
  if (log === null) return false;
  closeSync(log.descriptor);
  return true;
}

export function positionIn(path: string, part: LogPart, offset: number): LogPosition {
  const before = Buffer.alloc(Math.min(BEFORE_BYTES, offset));
  const length = readPart(path, part, { offset: offset - before.length, into: before });
  return { file: part.file, offset, before: before.subarray(0, length) };
}

/** @param read that come before `offset` in this file */
export function positionBehind(
  file: FileFacts,
  offset: number,
  read: readonly Uint8Array[],
): LogPosition {
  const before = Buffer.from(Buffer.concat(read).subarray(-BEFORE_BYTES));
  return { file, offset, before };
}

/** Null: there is nothing there just now. */
export function locate(path: string, position: LogPosition): Place | null {
  const { file, offset, before } = position;
  if (file === null) return beginningOf([...partsOf(path)].at(-1) ?? null, 0);
  const part = findPart(path, file);
  if (part !== null && isAsItWas(path, part, position)) {
    return { part, offset, before, skippedBytes: 0 };
  }
  const lost = Math.max(0, file.size - offset);
  return beginningOf(part?.index === 0 ? part : oldestAfter(path, file), lost);
}

/** How much there is from a place to the end of the log. */
export function bytesAhead(path: string, { part, offset }: Place): number {
  let ahead = part.file.size - offset;
  for (const newer of partsOf(path)) {
    if (newer.index >= part.index) break;
    ahead += newer.file.size;
  }
  return ahead;
}

const beginningOf = (part: LogPart | null, skippedBytes: number): Place | null =>
  part === null ? null : { part, offset: 0, before: NOTHING, skippedBytes };

function isAsItWas(path: string, part: LogPart, { offset, before }: LogPosition): boolean {
  if (part.file.size <= offset) return part.file.size === offset;
  const found = Buffer.alloc(before.length);
  readPart(path, part, { offset: offset - before.length, into: found });
  return found.equals(before);
}

/** What is older was read before the file that is gone, or was not wanted. */
function oldestAfter(path: string, gone: FileFacts): LogPart | null {
  let oldest: LogPart | null = null;
  for (const part of partsOf(path)) {
    if (part.index > 0 && part.file.mtimeMs <= gone.mtimeMs) break;
    oldest = part;
  }
  return oldest;
}

const nameOf = (path: string, index: number): string => (index === 0 ? path : `${path}.${index}`);
