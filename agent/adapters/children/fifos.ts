/**
 * Makes the FIFOs that programs have as stdin, stdout and stderr. They outlive the agent and lie in
 * its directory, but belong to the user of the program, who may open them again (`/dev/stdout`): so
 * what is there under their names is looked at before it is used.
 */
import { execFileSync } from 'node:child_process';
import { lstatSync, rmSync } from 'node:fs';

/** A command line of a host with thousands of processes would be too long for the kernel. */
const FIFOS_AT_ONCE = 200;

/**
 * Creates the FIFOs that are not there yet, in one go; what else has their names is removed.
 * @returns how many were missing
 */
export function makeFifos(paths: readonly string[]): number {
  const missing = paths.filter((path) => !isFifo(path));
  for (const path of missing) rmSync(path, { force: true });
  for (let from = 0; from < missing.length; from += FIFOS_AT_ONCE) {
    const words = ['-m', '600', ...missing.slice(from, from + FIFOS_AT_ONCE)];
    execFileSync('mkfifo', words, { stdio: ['ignore', 'ignore', 'pipe'] });
  }
  return missing.length;
}

/**
 * Removes the FIFOs that belonged to another user's program: what that one left behind may still
 * have them open, and would read what the next one prints, print in its name, or write to its stdin.
 */
export function removeForeignFifos(paths: readonly string[], uid: number | null): void {
  const mayStay = [uid, process.geteuid?.()];
  for (const path of paths) {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found !== undefined && !mayStay.includes(found.uid)) rmSync(path, { force: true });
  }
}

function isFifo(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFIFO() ?? false;
}
