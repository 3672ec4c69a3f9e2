/**
 * A log and what was rotated away from it (`x.log`, `x.log.1`, …) as one text, whose parts change
 * their names while it is read. So a place in it is a file, whatever it is called by now, and an
 * offset. No file is kept open: hundreds of logs can be read at once, and a reader who has fallen
 * asleep holds neither a descriptor nor the space of a file that was removed.
 */
import { closeSync, readSync } from 'node:fs';
import { isSameFile } from '../adapters/host/same-file.ts';
import { openLog } from '../adapters/logs/open-log.ts';
import { type FileFacts, type FileIdentity, factsOf } from './file-facts.ts';
import { type Loss, NO_LOSS } from './log-gap.ts';
import { findMoved } from './moved-log.ts';

/** One file of a log, under the name that it has just now. */
export interface LogPart {
  /** 0: the log itself; else that of the backup, or `MOVED_INDEX`. */
  readonly index: number;
  readonly path: string;
  readonly file: FileFacts;
}

export interface LogPosition {
  /** Null: there was none, nor any backup, so whatever comes is new. */
  readonly file: FileFacts | null;
  readonly offset: number;
  /** What stands before it. Where something else does, the file was emptied and written anew. */
  readonly before: Buffer;
  /** Where the file was then; null as `file` is. */
  readonly foundAt: string | null;
}

/** Where a position is to be found now, and what is lost between it and this. */
export interface Place extends Loss {
  readonly part: LogPart;
  readonly offset: number;
  readonly before: Buffer;
}

/** Newer than all backups with a number, and older than the log. */
const MOVED_INDEX = 0.5;

/** Long enough that two logs seldom agree in it by chance. */
const BEFORE_BYTES = 64;

/** Where others may write there can be any number of them. */
const BACKUPS_SEARCHED_MAX = 1_000;

const NOTHING = Buffer.alloc(0);

/** Programs that print into a pipe do so in pieces of at least this, wherever lines end. */
const PIECE_BYTES = 4_096;

const NEWLINE = 0x0a;

export const NOWHERE: LogPosition = { file: null, offset: 0, before: NOTHING, foundAt: null };

export function partAt(path: string, index: number): LogPart | null {
  const name = nameOf(path, index);
  const file = factsOf(name);
  return file === null ? null : { index, path: name, file };
}

/** Under which name a file of the log is by now. */
export function findPart(path: string, file: FileIdentity): LogPart | null {
  for (const part of partsOf(path)) if (isSameFile(file, part.file)) return part;
  return null;
}

/** Also where it was renamed to something that has no number. */
export function findFile(
  path: string,
  file: FileIdentity,
  foundAt: string | null = null,
): LogPart | null {
  const part = findPart(path, file);
  // Whoever moved it away may still be at it, and for as long as there is no other log it is early.
  if (part !== null || factsOf(path) === null) return part;
  const moved = findMoved(path, file, foundAt);
  return moved === null ? null : { index: MOVED_INDEX, ...moved };
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
  { path, file }: LogPart,
  { offset, into }: { readonly offset: number; readonly into: Buffer },
): number {
  if (into.length === 0) return 0;
  const log = openLog(path);
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

export function positionIn(part: LogPart, offset: number): LogPosition {
  const before = Buffer.alloc(Math.min(BEFORE_BYTES, offset));
  const length = readPart(part, { offset: offset - before.length, into: before });
  const { file, path } = part;
  return { file, offset, before: before.subarray(0, length), foundAt: path };
}

/** Of the log itself: what was rotated away from it is old. */
export function beginningOf(path: string): LogPosition {
  const log = partAt(path, 0);
  if (log !== null) return positionIn(log, 0);
  const newest = partAt(path, 1);
  return newest === null ? NOWHERE : positionIn(newest, newest.file.size);
}

/** @param read that come before `offset` in this file */
export function positionBehind(
  { file, path }: LogPart,
  offset: number,
  read: readonly Uint8Array[],
): LogPosition {
  const before = Buffer.from(Buffer.concat(read).subarray(-BEFORE_BYTES));
  return { file, offset, before, foundAt: path };
}

/** Null: there is nothing there just now. */
export function locate(path: string, position: LogPosition): Place | null {
  const { file, offset, before, foundAt } = position;
  if (file === null) {
    const oldest = [...partsOf(path)].at(-1);
    return oldest === undefined ? null : { part: oldest, offset: 0, before: NOTHING, ...NO_LOSS };
  }
  const part = findFile(path, file, foundAt);
  if (part !== null && isAsItWas(part, position)) return { part, offset, before, ...NO_LOSS };
  return behindLoss(part?.index === 0 ? part : oldestAfter(path, file), position);
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

/** The file of the position is gone, or was emptied; `part` is what is there now. */
function behindLoss(part: LogPart | null, { file, offset, before }: LogPosition): Place | null {
  if (part === null) return null;
  const skippedBytes = Math.max(0, (file?.size ?? 0) - offset);
  // A log that said a line now and then has not been moved aside in the middle of one.
  const isQuiet = part.index === 0 && part.file.size < PIECE_BYTES;
  const isMidLine = skippedBytes > 0 || before.at(-1) !== NEWLINE || !isQuiet;
  return { part, offset: 0, before: NOTHING, skippedBytes, skippedMore: true, isMidLine };
}

function isAsItWas(part: LogPart, { file, offset, before }: LogPosition): boolean {
  const { size, mtimeMs } = part.file;
  if (size < offset || size < (file?.size ?? 0)) return false;
  // Most of the time, and nothing is opened for it.
  if (size === offset && mtimeMs === file?.mtimeMs) return true;
  const found = Buffer.alloc(before.length);
  readPart(part, { offset: offset - before.length, into: found });
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
