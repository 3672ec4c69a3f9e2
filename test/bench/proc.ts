/** What Linux tells of a process under /proc: processor time and memory. */
import { readdirSync, readFileSync } from 'node:fs';

/**
 * Processor time that the threads of a process have used, from `schedstat`, whose nanoseconds are
 * finer than the 10 ms ticks of `stat`. Threads that ended are not in it; node keeps its own.
 */
export function processorMs(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  const nanoseconds = readdirSync(tasks).map((task) =>
    Number(readFileSync(`${tasks}/${task}/schedstat`, 'latin1').split(' ')[0]),
  );
  return sum(nanoseconds) / 1e6;
}

/**
 * Processor time of those children, and theirs, that the process has waited for since it began.
 * What a daemon spends on a program outside its own process (forks, shells, the loader) comes to it
 * so, once the program has ended.
 */
export function endedChildrenMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name may contain anything; from behind it on, proc(5)'s field 3 is the first.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[CUTIME_FIELD - 3]) + Number(fields[CUTIME_FIELD - 2])) * TICK_MS;
}

const CUTIME_FIELD = 16;
/** `USER_HZ`, the same on every architecture that Node runs on. */
const TICK_MS = 10;

/** Resident set: everything that is mapped and in memory, pages shared with others included. */
export function residentMb(pid: number): number {
  return kilobytes(`/proc/${pid}/status`, 'VmRSS') / 1_024;
}

/** Proportional set: a page that n processes share counts for each of them as an n-th. */
export function proportionalMb(pid: number): number {
  return kilobytes(`/proc/${pid}/smaps_rollup`, 'Pss') / 1_024;
}

export function childrenOf(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
  return children === '' ? [] : children.split(' ').map(Number);
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function kilobytes(path: string, field: string): number {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(path, 'latin1'));
  if (found === null) throw new Error(`${path} has no ${field}`);
  return Number(found[1]);
}
