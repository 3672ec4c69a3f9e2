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
    { write: (line: string) => write(escapeUnseen(line)) },
  );
}

/**
 * JSON leaves these as they are, and logs are read on terminals: what a host says could act on one
 * (C1), show one word as another (bidirectional controls) or not show at all.
 */
const UNSEEN =
  /[\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

function escapeUnseen(json: string): string {
  return json.replace(UNSEEN, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
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
