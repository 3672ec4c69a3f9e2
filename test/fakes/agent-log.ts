/** A log that is read by tests: `error: the journal cannot be written`. */
import type { Log } from '../../agent/ports.ts';

export interface FakeLog extends Log {
  readonly lines: readonly string[];
  /** What stands beside the text of each. */
  readonly details: readonly Readonly<Record<string, unknown>>[];
}

export function fakeLog(): FakeLog {
  const lines: string[] = [];
  const details: Record<string, unknown>[] = [];
  const note = (level: string) => (beside: object, text: string) => {
    lines.push(`${level}: ${text}`);
    details.push({ ...beside });
  };
  return { lines, details, info: note('info'), warn: note('warn'), error: note('error') };
}
