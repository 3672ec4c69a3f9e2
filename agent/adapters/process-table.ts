/**
 * What this host knows about its processes. A pid alone does not name a process for long, so each
 * is known by its pid, the time it was started and the boot of the host. Linux tells from /proc;
 * everywhere else POSIX `ps` does.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

export interface ProcessTable {
  readonly bootId: string;
  /** Differs between any two processes that had the same pid; null where there is none. */
  startTokenOf(pid: number): string | null;
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
      } catch {
        return null;
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
    } catch {
      return null;
    }
  };
  return { bootId: startTokenOf(1) ?? 'unknown', startTokenOf };
}
