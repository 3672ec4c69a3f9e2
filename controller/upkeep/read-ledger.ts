/** Reads `state_dir/ended.log` (`ledger.ts`), line by line: those of a large fleet are many. */
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { messageOf } from '../../proto/errors.ts';
import { isLedgerWrite } from './ledger-line.ts';
import type { LedgerWrite } from './what-ended.ts';

/** The first line; a file without it is not the one that the controller wrote. */
export const HEADER = { kind: 'ledger', version: 1 };

export type LedgerContents =
  | { readonly kind: 'read'; readonly writes: readonly LedgerWrite[] }
  | { readonly kind: 'missing' }
  /** Which line cannot be read, and why. */
  | { readonly kind: 'damaged'; readonly cause: string };

export function readLedger(path: string): LedgerContents {
  if (!existsSync(path)) return { kind: 'missing' };
  const writes: LedgerWrite[] = [];
  let isEmpty = true;
  try {
    for (const { write } of ledgerLines(path)) {
      isEmpty = false;
      if (write !== null) writes.push(write);
    }
  } catch (error) {
    return { kind: 'damaged', cause: messageOf(error) };
  }
  return isEmpty ? { kind: 'missing' } : { kind: 'read', writes };
}

export interface LedgerLine {
  /** As it stands there, without the end of the line. */
  readonly text: string;
  /** Null: the header. */
  readonly write: LedgerWrite | null;
}

/**
 * Without a line that a crash cut off.
 * @throws Error that names the line which cannot be read
 */
export function* ledgerLines(path: string): Generator<LedgerLine> {
  let count = 0;
  for (const text of finishedLines(path)) {
    count += 1;
    yield { text, write: readLine(text, `line ${count} of ${path}`, count === 1) };
  }
}

function readLine(text: string, where: string, isFirst: boolean): LedgerWrite | null {
  try {
    const line: unknown = JSON.parse(text);
    if (isFirst && isHeader(line)) return null;
    if (!isFirst && isLedgerWrite(line)) return line;
  } catch (error) {
    throw new Error(`${where}: ${messageOf(error)}`);
  }
  throw new Error(`${where}: this is not what the controller writes there`);
}

function isHeader(line: unknown): boolean {
  const { kind, version } = (line ?? {}) as Partial<Record<keyof typeof HEADER, unknown>>;
  return kind === HEADER.kind && version === HEADER.version;
}

export const CHUNK_BYTES = 64 * 1_024;
export const LINE_FEED = 0x0a;

/** One by one: all of them are more than a string can hold. */
function* finishedLines(path: string): Generator<string> {
  const file = openSync(path, 'r');
  try {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    let unfinished = Buffer.alloc(0);
    for (;;) {
      const length = readSync(file, chunk, 0, CHUNK_BYTES, null);
      if (length === 0) return;
      const bytes = Buffer.concat([unfinished, chunk.subarray(0, length)]);
      let from = 0;
      for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, from)) {
        yield bytes.toString('utf8', from, end);
        from = end + 1;
      }
      unfinished = bytes.subarray(from);
    }
  } finally {
    closeSync(file);
  }
}
