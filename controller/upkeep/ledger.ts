/**
 * `state_dir/ended.log`: what a restored backup must not undo, in a file of its own, a JSON object a
 * line. No line is ever changed; each addition is on the disk before the database says the same.
 */
import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { FleetError, messageOf, refusal } from '../../proto/errors.ts';
import { syncDirectory } from '../../proto/sync-directory.ts';
import type { EndedLedger } from '../store/open.ts';
import { compactLedger } from './compact-ledger.ts';
import { CHUNK_BYTES, HEADER, LINE_FEED } from './read-ledger.ts';
import { endingsIn, endingsOf } from './what-ended.ts';

export const LEDGER_FILE = 'ended.log';

/**
 * The file is touched only at `begin`, once the database was found sound: where both are lost, an
 * empty ledger would say that nothing was ever revoked.
 */
export function openLedger(path: string): EndedLedger & Disposable {
  let file: number | null = null;
  const add = (lines: readonly object[]): void => {
    if (lines.length > 0 && file !== null) append(file, lines);
  };
  return {
    begin(known, nowMs) {
      compactLedger(path, nowMs);
      file = openFile(path);
      if (fstatSync(file).size > 0) return;
      const { before, after } = endingsIn(endingsOf(known)) ?? NOTHING;
      add([HEADER, ...before, ...after]);
      syncDirectory(dirname(path));
    },
    noteBefore: (writes) => add((endingsIn(writes) ?? NOTHING).before),
    noteAfter(writes) {
      try {
        add((endingsIn(writes) ?? NOTHING).after);
      } catch {
        // It is committed, so it holds. A backup from before would not know it: on the safe side.
      }
    },
    [Symbol.dispose]() {
      if (file !== null) closeSync(file);
      file = null;
    },
  };
}

/** @throws FleetError `configuration` */
function openFile(path: string): number {
  try {
    const file = openSync(path, 'a+', 0o600);
    cutUnfinishedLine(file);
    return file;
  } catch (error) {
    throw new FleetError(
      refusal('configuration', `${path} cannot be written`, {
        cause: messageOf(error),
        fix: 'it keeps what a restored backup must not undo: make it a file of the user that runs this program',
      }),
    );
  }
}

const NOTHING = { before: [], after: [] } as const;

/** All of it, durably, or nothing. */
function append(file: number, lines: readonly object[]): void {
  const { size } = fstatSync(file);
  const bytes = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  try {
    for (let from = 0; from < bytes.length; ) from += writeSync(file, bytes, from);
    fsyncSync(file);
  } catch (error) {
    ftruncateSync(file, size);
    throw error;
  }
}

/** A crash in the middle of a line; what it would have said was not committed. */
function cutUnfinishedLine(file: number): void {
  const { size } = fstatSync(file);
  const chunk = Buffer.alloc(CHUNK_BYTES);
  for (let end = size; end > 0; ) {
    const from = Math.max(0, end - CHUNK_BYTES);
    const length = readSync(file, chunk, 0, end - from, from);
    const lineEnd = chunk.subarray(0, length).lastIndexOf(LINE_FEED);
    if (lineEnd >= 0) return truncate(file, size, from + lineEnd + 1);
    end = from;
  }
  truncate(file, size, 0);
}

function truncate(file: number, from: number, to: number): void {
  if (to < from) ftruncateSync(file, to);
}
