/**
 * Which holders (`output-holder.ts`) are alive, in `run_dir/holder`, one a line. While one takes over
 * from another both are on record, so that whenever an agent dies, the next one can end them all.
 */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readOwnFile } from './own-file.ts';

export interface HolderIdentity {
  readonly pid: number;
  readonly startToken: string;
  readonly bootId: string;
}

export class HolderRecord {
  readonly path: string;

  constructor(runDir: string) {
    this.path = join(runDir, 'holder');
  }

  /** @returns those that are on record in a file of our own; what is torn or strange is left out */
  read(): readonly HolderIdentity[] {
    let text: string | null;
    try {
      text = readOwnFile(this.path);
    } catch {
      return [];
    }
    return (text ?? '').split('\n').flatMap((line) => identityIn(line) ?? []);
  }

  /**
   * All or nothing: a record that names too few leaves a holder behind for good.
   * @throws where it cannot be written
   */
  write(holders: readonly HolderIdentity[]): void {
    const next = `${this.path}.new`;
    // It may be left from a write that was cut short, or be a link that somebody else has put there.
    rmSync(next, { force: true });
    writeFileSync(next, holders.map(lineOf).join(''), { mode: 0o600, flag: 'wx' });
    renameSync(next, this.path);
  }
}

function lineOf({ pid, bootId, startToken }: HolderIdentity): string {
  return `${JSON.stringify([pid, startToken, bootId])}\n`;
}

function identityIn(line: string): HolderIdentity | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (!Array.isArray(value)) return null;
  const [pid, startToken, bootId] = value as readonly unknown[];
  if (!Number.isSafeInteger(pid) || (pid as number) <= 1) return null;
  if (typeof startToken !== 'string' || typeof bootId !== 'string') return null;
  return { pid: pid as number, startToken, bootId };
}
