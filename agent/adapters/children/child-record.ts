/**
 * What `run_dir` says of the child that a process has: enough for an agent whose journal is lost to
 * take it over. Written just before the gate is opened (`keeper.ts`), so where a file is torn or not
 * there at all, there is no program either; forgotten when its end has been taken up. The journal is
 * what counts wherever it is there.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Child } from '../../core/process.ts';

export interface ChildRecord extends Child {
  /** When its gate was opened, by the wall clock. */
  readonly startedAtMs: number;
}

/**
 * Neither fsync nor rename: it is for the same boot of the host, and a torn one is no record.
 * @throws where it cannot be written
 */
export function writeChildRecord(path: string, record: ChildRecord): void {
  writeFileSync(path, `${JSON.stringify(record)}\n`, { mode: 0o600 });
}

/** @returns null for anything but a whole, right record */
export function readChildRecord(path: string): ChildRecord | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return null;
  }
  // The end of the line was written last.
  return text.endsWith('\n') ? recordIn(text) : null;
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
