/** A log that is read by tests: `error: the journal cannot be written`. */
import type { Log } from '../../agent/ports.ts';

export interface FakeLog extends Log {
  readonly lines: readonly string[];
}

export function fakeLog(): FakeLog {
  const lines: string[] = [];
  const note = (level: string) => (_details: object, text: string) => {
    lines.push(`${level}: ${text}`);
  };
  return { lines, info: note('info'), warn: note('warn'), error: note('error') };
}
