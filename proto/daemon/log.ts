/**
 * The daemons' own log: one JSON object a line on stderr, written synchronously so that the last
 * lines before a crash are there. The level comes from `FLEETVISOR_LOG` (default info).
 */
import { writeSync } from 'node:fs';
import { type Logger, pino } from 'pino';

const STDERR = 2;

/** A pipe that somebody made non-blocking, and whose reader is slow: worth a moment, not more. */
const FULL_PIPE_WAIT_MS = 5;
const FULL_PIPE_WAITS_MAX = 20;

export function createLog(
  name: string,
  level: string | undefined,
  write: (line: string) => void = writeToStderr,
): Logger {
  return pino(
    { name, level: level ?? 'info', timestamp: () => `,"time":"${new Date().toISOString()}"` },
    { write },
  );
}

/**
 * Not the way of pino or of `process.stderr`: there the program ends when a line cannot be written,
 * as on a full disk.
 */
export function writeToStderr(text: string): void {
  const bytes = Buffer.from(text);
  let waits = 0;
  for (let from = 0; from < bytes.length; ) {
    try {
      from += writeSync(STDERR, bytes, from);
    } catch (error) {
      waits += 1;
      const isFullPipe = (error as NodeJS.ErrnoException).code === 'EAGAIN';
      // Nobody can be told; what the daemon is there for goes on.
      if (!isFullPipe || waits > FULL_PIPE_WAITS_MAX) return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_PIPE_WAIT_MS);
    }
  }
}
