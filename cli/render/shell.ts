/**
 * Commands to paste: whatever stands in them is quoted, and they reach the fleet that was meant.
 */
import type { ConnectionOptions } from '../ports.ts';

/** A word of a command to paste, quoted for a POSIX shell only where it must be (XCU §2.2.2). */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** How to call fleetctl so that it means the same fleet as this time. */
export function fleetctlCommand({ config, context }: ConnectionOptions): string {
  const words = ['fleetctl'];
  if (config !== null) words.push('--config', shellWord(config));
  if (context !== null) words.push('--context', shellWord(context));
  return words.join(' ');
}
