/**
 * Ends whatever a scenario has started and left behind: children of a daemon that was killed, their
 * children, keepers. They are known by a variable that everything in a scenario inherits.
 */
import { readdirSync, readFileSync } from 'node:fs';

export const MARK = 'CONFORMANCE_SCENARIO';

/** A program may be between fork and exec, or about to start another one. */
const ROUNDS_MAX = 20;

export async function endLeftovers(scenario: string): Promise<void> {
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const pids = findMarked(scenario);
    if (pids.length === 0) return;
    for (const pid of pids) endProcess(pid);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function findMarked(scenario: string): readonly number[] {
  const mark = `${MARK}=${scenario}`;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => readEnvironment(name).split('\0').includes(mark))
    .map(Number);
}

/** Empty for a process that has just gone, or is somebody else's. */
function readEnvironment(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    return '';
  }
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has gone by itself.
  }
}
