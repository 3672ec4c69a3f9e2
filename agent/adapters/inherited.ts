/**
 * Closes what the agent inherited and nobody told it about: a descriptor without close-on-exec
 * would pass on to every program, which must get 0, 1 and 2 and nothing else. Node marks its own,
 * so what is left unmarked came from whoever started the agent. Called before anything is opened.
 */
import { closeSync, readdirSync, readFileSync } from 'node:fs';

const STANDARD_STREAMS = 3;

/** open(2) on Linux, where /proc tells; octal as in fdinfo. */
const O_CLOEXEC = 0o2_000_000;

/** @returns the descriptors that were closed; none where the system has no /proc */
export function closeInherited(): readonly number[] {
  let descriptors: readonly number[];
  try {
    descriptors = readdirSync('/proc/self/fd').map(Number);
  } catch {
    return [];
  }
  return descriptors.filter((descriptor) => descriptor >= STANDARD_STREAMS && close(descriptor));
}

function close(descriptor: number): boolean {
  try {
    const info = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1');
    const flags = Number.parseInt(/^flags:\s+([0-7]+)/m.exec(info)?.[1] ?? '', 8);
    if (Number.isNaN(flags) || (flags & O_CLOEXEC) !== 0) return false;
    closeSync(descriptor);
    return true;
  } catch {
    return false; // Gone already: the listing itself had one open.
  }
}
