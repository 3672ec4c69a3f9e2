/**
 * Closes what the agent inherited and nobody told it about: a descriptor without close-on-exec
 * would pass on to every program, which must get 0, 1 and 2 and nothing else. Node marks its own,
 * so what is left unmarked came from whoever started the agent. Called before anything is opened.
 */
import { closeSync, readdirSync, readFileSync } from 'node:fs';

const STANDARD_STREAMS = 3;

/** open(2) on Linux, where /proc tells; octal as in fdinfo. */
const O_CLOEXEC = 0o2_000_000;

/** Does nothing where the system has no /proc. */
export function closeInherited(): void {
  let descriptors: readonly number[];
  try {
    descriptors = readdirSync('/proc/self/fd').map(Number);
  } catch {
    return;
  }
  for (const descriptor of descriptors) {
    if (descriptor >= STANDARD_STREAMS) closeIfUnmarked(descriptor);
  }
}

function closeIfUnmarked(descriptor: number): void {
  try {
    const info = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1');
    const flags = Number.parseInt(/^flags:\s+([0-7]+)/m.exec(info)?.[1] ?? '', 8);
    if (Number.isNaN(flags) || (flags & O_CLOEXEC) !== 0) return;
    closeSync(descriptor);
  } catch {
    // Gone already: the listing itself had one open.
  }
}
