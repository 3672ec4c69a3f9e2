/** What the keeper left behind about the end of its program; unknown where it left nothing. */
import { lstatSync } from 'node:fs';
import { constants } from 'node:os';
import { type ExitStatus, parseExitFile } from '../../core/exit-status.ts';
import { readOwnFile } from './own-file.ts';

export function readExitFile(path: string): ExitStatus {
  try {
    return named(parseExitFile(readOwnFile(path) ?? ''));
  } catch {
    return { kind: 'unknown' };
  }
}

/** When it was written to last, by the wall clock; null where there is no plain file. */
export function exitFileTimeMs(path: string): number | null {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isFile() ? found.mtimeMs : null;
}

/** What the keeper's shell said, where it did not come to the end. */
export function readRemarks(path: string): string {
  try {
    return readOwnFile(path) ?? '';
  } catch {
    return '';
  }
}

/** The core names the signals on whose numbers systems agree; the others this system names. */
function named(exit: ExitStatus): ExitStatus {
  if (exit.kind !== 'signal') return exit;
  const name = SIGNAL_NAMES.get(exit.signal);
  return name === undefined ? exit : { kind: 'signal', signal: name };
}

/** By number as text, without SIG. */
const SIGNAL_NAMES: ReadonlyMap<string, string> = new Map(
  Object.entries(constants.signals).map(([name, number]) => [
    String(number),
    name.slice('SIG'.length),
  ]),
);
