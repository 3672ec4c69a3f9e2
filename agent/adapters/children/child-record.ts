/**
 * What `run_dir` says of the child that a process has: enough for an agent whose journal is lost to
 * take it over. Written just before the gate is opened (`keeper.ts`); where it could not be, or was
 * removed, only the keeper tells (`living-keepers.ts`). Emptied when its end has been taken up. The
 * journal is what counts wherever it is there.
 *
 * A file stays where it is from one child to the next, and is as long as it was: to remove and to make
 * it anew would cost a crashed program a tenth of a millisecond, and hundreds that are restarted at
 * once, all in one directory, almost a whole one each.
 */
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  rmSync,
  writeSync,
} from 'node:fs';
import type { Child } from '../../core/process.ts';
import { openOwnFile, readOwnFile } from './own-file.ts';

export interface ChildRecord extends Child {
  /** When its gate was opened, by the wall clock. */
  readonly startedAtMs: number;
}

/** More than a record takes; filled up with blanks, which JSON allows. */
const FILE_BYTES = 512;

/**
 * Neither fsync nor rename: it is for the same boot of the host, and a torn one is no record. What
 * stands there and is no file of our own makes way for one.
 * @throws where it cannot be written
 */
export function writeChildRecord(path: string, record: ChildRecord): void {
  const text = `${JSON.stringify(record).padEnd(FILE_BYTES - 1)}\n`;
  overwrite(openOwnFile(path, constants.O_WRONLY) ?? createFile(path), text);
}

/** One that cannot be emptied tells of a child that is gone, which does no harm: its exit file says so. */
export function emptyChildRecord(path: string): void {
  try {
    const descriptor = openOwnFile(path, constants.O_WRONLY);
    // What is no file of our own is no record either.
    if (descriptor !== null) overwrite(descriptor, ' '.repeat(FILE_BYTES));
  } catch {
    // As on a file system that has become read-only: the end of the child is what counts.
  }
}

function createFile(path: string): number {
  rmSync(path, { force: true });
  return openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
}

function overwrite(descriptor: number, text: string): void {
  try {
    writeSync(descriptor, text, 0);
    if (fstatSync(descriptor).size > text.length) ftruncateSync(descriptor, text.length);
  } finally {
    closeSync(descriptor);
  }
}

/** @returns null for anything but a whole, right record in a file of our own */
export function readChildRecord(path: string): ChildRecord | null {
  const text = textIn(path);
  // The end of the line was written last.
  return text?.endsWith('\n') ? recordIn(text) : null;
}

/** The end of the child that it was about has been taken up. */
export function isChildRecordEmptied(path: string): boolean {
  return /^ +$/.test(textIn(path) ?? '');
}

function textIn(path: string): string | null {
  try {
    return readOwnFile(path);
  } catch {
    return null;
  }
}

function recordIn(text: string): ChildRecord | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { pid, startToken, keeperPid, keeperStartToken, bootId, startedAtMs } = value as Readonly<
    Record<string, unknown>
  >;
  if (!isPid(pid) || !isPid(keeperPid) || !isTime(startedAtMs)) return null;
  if (!isToken(startToken) || !isToken(keeperStartToken) || !isToken(bootId)) return null;
  return { pid, startToken, keeperPid, keeperStartToken, bootId, startedAtMs };
}

/** Above init: a signal to 0, 1 or a negative number would reach others. */
function isPid(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 1;
}

function isTime(value: unknown): value is number {
  return Number.isFinite(value) && (value as number) >= 0;
}

function isToken(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
