/** The processes of this host as Linux tells them in /proc (proc(5)): a small file for each. */
import { readdirSync, readFileSync } from 'node:fs';
import type { ProcessEntry, ProcessTable } from './process-table.ts';

export function linuxProcessTable(): ProcessTable {
  const startTokenOf = (pid: number): string | null => {
    const entry = entryOf(pid);
    return entry === null || entry.isDead ? null : entry.startToken;
  };
  return {
    bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    selfPath: '/proc/self/task/*',
    startTokenOf,
    isAlive: ({ pid, startToken }) => startTokenOf(pid) === startToken,
    snapshot: readAll,
    residentBytesOf(pid) {
      // `stat` and `statm` count pages, whose size is not to be had here.
      const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(read(pid, 'status') ?? '')?.[1];
      return kibibytes === undefined ? null : Number(kibibytes) * 1024;
    },
  };
}

/**
 * Who is listed may end before it is read, and leave a child that was not listed. So they are listed
 * again until all have been read; a fork bomb may go on for longer than that.
 */
const LISTINGS_MAX = 5;

function readAll(): readonly ProcessEntry[] {
  const entries: ProcessEntry[] = [];
  const seen = new Set<string>();
  for (let listing = 0; listing < LISTINGS_MAX; listing += 1) {
    const added = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && !seen.has(name));
    if (added.length === 0) break;
    for (const name of added) {
      seen.add(name);
      const entry = visibleEntry(Number(name));
      if (entry !== null) entries.push(entry);
    }
  }
  return entries;
}

/** With `hidepid=1` others' processes are listed and cannot be read; they are none of ours. */
function visibleEntry(pid: number): ProcessEntry | null {
  try {
    return entryOf(pid);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM') return null;
    throw error;
  }
}

function entryOf(pid: number): ProcessEntry | null {
  const stat = read(pid, 'stat');
  return stat === null ? null : parseStat(pid, stat);
}

/** Fields 3 to 6 and 22 of `stat`: state, parent, group, session, start time in ticks since boot. */
function parseStat(pid: number, stat: string): ProcessEntry | null {
  // The command's name may contain blanks and parentheses; what follows the last one does not.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, parentPid, group, session] = fields;
  const startToken = fields[19];
  if (startToken === undefined) return null;
  return {
    pid,
    startToken,
    parentPid: Number(parentPid),
    session: Number(session),
    group: Number(group),
    isDead: state === 'Z' || state === 'X',
  };
}

function read(pid: number, file: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return null;
    throw error;
  }
}
