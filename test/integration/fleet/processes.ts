/**
 * What the kernel says of processes, for tests that do not take the product's word for it. Every
 * process of a test carries the test's folder in its environment, from the daemons down to what
 * their programs start, so all of them are found again, whatever became of their parents.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Handed to every daemon, and by it to every program. */
export const MARK = 'FLEETVISOR_TEST_FOLDER';

export interface SeenProcess {
  readonly pid: number;
  /** As in /proc/PID/cmdline. */
  readonly words: readonly string[];
}

/** Everything alive that belongs to the test with this folder, zombies left out. */
export function processesOf(folder: string): readonly SeenProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && environmentOf(pid)[MARK] === folder && isAlive(pid))
    .map((pid) => ({ pid, words: wordsOf(pid) }));
}

export function isAlive(pid: number): boolean {
  const state = stateOf(pid);
  return state !== null && state !== 'Z' && state !== 'X';
}

/** proc(5): the letter after the command's name in parentheses; null where there is none. */
function stateOf(pid: number): string | null {
  const stat = read(`/proc/${pid}/stat`);
  return stat === null ? null : (stat.slice(stat.lastIndexOf(')') + 2).split(' ')[0] ?? null);
}

export function wordsOf(pid: number): readonly string[] {
  return read(`/proc/${pid}/cmdline`)?.split('\0').slice(0, -1) ?? [];
}

/** As the program was started with. */
export function environmentOf(pid: number): Readonly<Record<string, string>> {
  const entries = (read(`/proc/${pid}/environ`) ?? '').split('\0').filter(Boolean);
  return Object.fromEntries(
    entries.map((entry) => [
      entry.slice(0, entry.indexOf('=')),
      entry.slice(entry.indexOf('=') + 1),
    ]),
  );
}

/** A field of /proc/PID/status, such as `Umask` or `PPid`. */
export function statusField(pid: number, field: string): string | null {
  const status = read(`/proc/${pid}/status`);
  return status?.match(new RegExp(`^${field}:\\s*(.*)$`, 'm'))?.[1] ?? null;
}

/** What each open descriptor leads to. */
export function descriptorsOf(pid: number): ReadonlyMap<number, string> {
  const folder = `/proc/${pid}/fd`;
  return new Map(
    readdirSync(folder).flatMap((name) => {
      try {
        return [[Number(name), readlinkSync(`${folder}/${name}`)] as const];
      } catch {
        return []; // closed meanwhile, as that of the listing itself
      }
    }),
  );
}

export function workingDirectoryOf(pid: number): string {
  return readlinkSync(`/proc/${pid}/cwd`);
}

/** Kills until nothing is left; a supervisor may have started one more in between. */
export function killAllOf(folder: string): void {
  for (let round = 0; round < 200; round += 1) {
    const left = processesOf(folder);
    if (left.length === 0) return;
    for (const { pid } of left) sendSignal(pid, 'SIGKILL');
  }
}

/**
 * To a process that may be gone already, or by -pid to its group.
 * @throws where there is no such number: kill(2) takes 0, and Node what is none, for our own group
 */
export function sendSignal(pid: number | null | undefined, signal: NodeJS.Signals): void {
  if (!Number.isSafeInteger(pid) || Math.abs(pid ?? 0) < 2) throw new Error(`no pid: ${pid}`);
  if (pid === null || pid === undefined) return;
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
