/**
 * What this host knows about its processes. A pid alone does not name a process for long, so each
 * is known by its pid, the time it was started and the boot of the host. Linux tells from /proc;
 * everywhere else POSIX `ps` does.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

export interface ProcessTable {
  readonly bootId: string;
  /**
   * Differs between any two processes that had the same pid; null where there is none.
   * @throws where that cannot be told, as without a free descriptor: not knowing is not absence
   */
  startTokenOf(pid: number): string | null;
}

/** An identity that can be looked up again. What cannot be told counts as alive. */
export function mayBeAlive(table: ProcessTable, pid: number, startToken: string): boolean {
  try {
    return table.startTokenOf(pid) === startToken;
  } catch {
    return true;
  }
}

export function openProcessTable(): ProcessTable {
  return existsSync('/proc/self/stat') ? linuxProcessTable() : posixProcessTable();
}

/** proc(5): field 22 of stat is the start time in clock ticks since boot; 3 is the state. */
export function linuxProcessTable(): ProcessTable {
  return {
    bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    startTokenOf(pid) {
      let stat: string;
      try {
        stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'ENOENT' || code === 'ESRCH') return null;
        throw error;
      }
      // The command's name may contain blanks and parentheses; what follows the last one does not.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const isDead = fields[0] === 'Z' || fields[0] === 'X';
      return isDead ? null : (fields[19] ?? null);
    },
  };
}

/** Start times are told in words and in local time; both must not depend on who asks. */
const PS_ENVIRONMENT = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC0' };

/** POSIX ps: start times to the second, which still tells apart what a reused pid could confuse. */
export function posixProcessTable(): ProcessTable {
  const startTokenOf = (pid: number): string | null => {
    try {
      // Each field by itself: after `=` the BSDs take the rest of the word, commas and all, for a title.
      const line = execFileSync('ps', ['-o', 'stat=', '-o', 'lstart=', '-p', String(pid)], {
        encoding: 'utf8',
        env: PS_ENVIRONMENT,
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim();
      return line === '' || line.startsWith('Z') ? null : line.replace(/^\S+\s+/, '');
    } catch (error) {
      // ps itself ran and found nothing; that it could not be run says nothing about the process.
      if ((error as { readonly status?: unknown }).status === 1) return null;
      throw error;
    }
  };
  return { bootId: startTokenOf(1) ?? 'unknown', startTokenOf };
}
