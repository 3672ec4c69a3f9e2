/**
 * What this host knows about its processes. A pid alone does not name a process for long, so each
 * is known by its pid, the time it was started and the boot of the host. Linux tells from /proc
 * (`linux-process-table.ts`); everywhere else POSIX `ps` does (`posix-process-table.ts`).
 */
import { existsSync } from 'node:fs';
import { linuxProcessTable } from './linux-process-table.ts';
import { posixProcessTable } from './posix-process-table.ts';

/** A process, for as long as the host is up. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Differs between any two processes that had the same pid. */
  readonly startToken: string;
}

export interface ProcessEntry extends ProcessIdentity {
  readonly parentPid: number;
  /** Where sessions cannot be told (macOS): the process group, which lies within one. */
  readonly session: number;
  /** Its process group, which lies within the session. */
  readonly group: number;
  /** Nothing but its number is left, until its parent takes note. */
  readonly isDead: boolean;
}

/**
 * Each method throws where it cannot tell, as without a free descriptor: not knowing is not absence. One
 * that is dead and waits to be reaped counts as none, but for `snapshot`.
 */
export interface ProcessTable {
  readonly bootId: string;
  /** What a shell expands to a path that ends with its own pid; null where nothing does. */
  readonly selfPath: string | null;
  /** Also of one that has only just begun; null where there is none. */
  startTokenOf(pid: number): string | null;
  /** Of one that was there before: that it lives may be old by a moment, that it does not is final. */
  isAlive(identity: ProcessIdentity): boolean;
  /** All that there are now, the dead as well: they tell that their session was alive a moment ago. */
  snapshot(): readonly ProcessEntry[];
  /** What it has in physical memory, with what it shares; null where there is none. */
  residentBytesOf(pid: number): number | null;
}

/** An identity that can be looked up again. What cannot be told counts as alive. */
export function mayBeAlive(
  table: Pick<ProcessTable, 'isAlive'>,
  pid: number,
  startToken: string,
): boolean {
  try {
    return table.isAlive({ pid, startToken });
  } catch {
    return true;
  }
}

/** @param wanted `ps`: the table that every UNIX has, also where there is a better one */
export function openProcessTable(wanted?: string): ProcessTable {
  const isLinux = wanted !== 'ps' && existsSync('/proc/self/stat');
  return isLinux ? linuxProcessTable() : posixProcessTable();
}
