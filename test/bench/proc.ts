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
