/**
 * Logs on their way to stdout: to a file or a pipe as they are, to a terminal without anything that
 * it would obey. Whoever can write into a log must not be able to move the cursor of whoever reads it.
 */
import type { LogOutput } from '../local/ports.ts';
import { neutraliseLog } from '../render/text.ts';

/** @returns for one log from its first chunk to its last: a character may be cut in two between */
export function logWriter({ write, isTerminal }: LogOutput): (chunk: Uint8Array) => Promise<void> {
  if (!isTerminal) return write;
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  return (chunk) => write(encoder.encode(neutraliseLog(decoder.decode(chunk, { stream: true }))));
}
