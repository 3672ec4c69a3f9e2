/** What the keeper left behind about the end of its program; unknown where it left nothing. */
import { readFileSync } from 'node:fs';
import { type ExitStatus, parseExitFile } from '../core/exit-status.ts';

export function readExitFile(path: string): ExitStatus {
  try {
    return parseExitFile(readFileSync(path, 'utf8'));
  } catch {
    return { kind: 'unknown' };
  }
}

/** What the keeper's shell said, where it did not come to the end. */
export function readRemarks(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
