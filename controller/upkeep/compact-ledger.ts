/**
 * Writes the ledger anew without what cannot matter any more, when a controller starts: certificates
 * that were renewed are most of it, and after a month nobody could come by one of them. The new file
 * takes the place of the old one in a single step, so that a crash leaves one of the two, whole.
 */
import {
  closeSync,
  existsSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { syncDirectory } from '../../proto/sync-directory.ts';
import { type LedgerLine, ledgerLines } from './read-ledger.ts';
import { syncFile } from './sync-file.ts';
import { type LedgerWrite, subjectOf, toldAtMs } from './what-ended.ts';

/** Shall be longer than any backup that is still of use is old. */
const KEPT_MS = 30 * 24 * 60 * 60 * 1_000;

/**
 * One that cannot be read stays as it is: a restore says which line it is. One for whose copy there
 * is no room stays, too, and is as good as it was.
 */
export function compactLedger(path: string, nowMs: number): void {
  if (!existsSync(path)) return;
  // It may be a link to another disk, where it shall stay.
  const file = realpathSync(path);
  const beside = `${file}.compacting`;
  try {
    const { kept, count } = keptLines(file, nowMs);
    if (kept.size === count) return;
    writeLines(beside, linesAt(kept, file));
    renameSync(beside, file);
    syncDirectory(dirname(file));
  } catch {
    rmSync(beside, { force: true });
  }
}

/** Of each thing its last line, by number, if it still matters. */
function keptLines(path: string, nowMs: number) {
  const last = new Map<string, number>();
  const untilMs = Math.min(nowMs, newestIn(path)) - KEPT_MS;
  let count = 0;
  for (const { write } of ledgerLines(path)) {
    const subject = write === null ? 'header' : subjectOf(write);
    if (write !== null && isOver(write, untilMs)) last.delete(subject);
    else last.set(subject, count);
    count += 1;
  }
  return { kept: new Set(last.values()), count };
}

/**
 * When it was written to last, by what it says itself: a clock that is ahead when the controller starts
 * must not make it forget whatever has ended by that clock only.
 */
function newestIn(path: string): number {
  let newestMs = 0;
  for (const { write } of ledgerLines(path)) {
    if (write !== null) newestMs = Math.max(newestMs, toldAtMs(write) ?? 0);
  }
  return newestMs;
}

/**
 * One that was revoked by somebody is kept for good, like its record (`core/forget-identities.ts`):
 * its host could come back with it although it has expired.
 */
function isOver(write: LedgerWrite, untilMs: number): boolean {
  switch (write.kind) {
    case 'certificate': {
      const { ended, notAfterMs } = write.certificate;
      return ended?.kind !== 'revoked' && notAfterMs < untilMs;
    }
    case 'token':
      return write.token.expiresAtMs < untilMs;
    case 'readmitted':
      return write.untilMs === null || write.untilMs < untilMs;
    case 'bar':
    case 'hostRemoved':
      return false;
  }
}

function* linesAt(kept: ReadonlySet<number>, path: string): Generator<LedgerLine> {
  let number = 0;
  for (const line of ledgerLines(path)) {
    if (kept.has(number)) yield line;
    number += 1;
  }
}

const WRITTEN_AT_ONCE = 1_000;

function writeLines(path: string, lines: Iterable<LedgerLine>): void {
  rmSync(path, { force: true });
  const file = openSync(path, 'wx', 0o600);
  try {
    let texts: string[] = [];
    const flush = (): void => {
      const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(''));
      for (let from = 0; from < bytes.length; ) from += writeSync(file, bytes, from);
      texts = [];
    };
    for (const { text } of lines) if (texts.push(text) >= WRITTEN_AT_ONCE) flush();
    flush();
  } finally {
    closeSync(file);
  }
  syncFile(path);
}
