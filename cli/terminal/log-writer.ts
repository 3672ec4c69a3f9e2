/**
 * Logs on their way to stdout: to a file or a pipe as they are, to a terminal without anything that
 * it would obey. Whoever can write into a log must not be able to move the cursor of whoever reads it.
 */
import type { LogOutput } from '../local/ports.ts';
import { harmlessLog } from '../render/harmless-log.ts';

/** @returns for one log from its first chunk to its last */
export function logWriter({ write, isTerminal }: LogOutput): (chunk: Uint8Array) => Promise<void> {
  if (!isTerminal) return write;
  const harmless = harmlessLog();
  return (chunk) => write(harmless(chunk));
}
