/** Real log files, and a source that reads one of them by hand: no timers, and time as it is told. */
import { mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { LogSource, type SourceOptions, type Step } from '../../agent/fleet-logs/log-source.ts';
import { LogTimes } from '../../agent/fleet-logs/log-times.ts';
import type { LogSelection } from '../../proto/log-messages.ts';
import { knownProcessName } from '../../proto/vocabulary.ts';

export function logPathFor(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'agent-logs-'));
  context.after(() => rmSync(folder, { recursive: true }));
  return join(folder, 'x.log');
}

export const lastLines = (lines: number, more: Partial<LogSelection> = {}): LogSelection => {
  return { from: { kind: 'lines', lines }, sinceMs: null, grep: null, follow: false, ...more };
};

export const lastBytes = (bytes: number, more: Partial<LogSelection> = {}): LogSelection => {
  return { ...lastLines(0, more), from: { kind: 'bytes', bytes } };
};

export const ALL_LINES = Number.MAX_SAFE_INTEGER;

interface Told {
  readonly text: string;
  readonly skippedBytes: number;
  /** Whether that is not all. */
  readonly skippedMore: boolean;
  readonly blocks: readonly Buffer[];
  /** What it stopped for. */
  readonly last: Step['kind'];
}

export interface HandReader {
  readonly source: LogSource;
  /** Until there is no more for now, or no more room. */
  tell(more?: { readonly nowMs?: number; readonly roomBytes?: number }): Told;
}

export function handReader(
  path: string,
  selection: LogSelection,
  more: Partial<SourceOptions> = {},
): HandReader {
  const source = new LogSource({
    process: knownProcessName('web'),
    channel: 'stdout',
    path,
    pathNow: () => path,
    isStamped: false,
    selection,
    grep: null,
    times: new LogTimes(),
    ...more,
  });
  return {
    source,
    tell: ({ nowMs = 0, roomBytes = Number.MAX_SAFE_INTEGER } = {}) => {
      const blocks: Buffer[] = [];
      let skippedBytes = 0;
      let skippedMore = false;
      let room = roomBytes;
      const told = (last: Step['kind']): Told => {
        const text = Buffer.concat(blocks).toString();
        return { text, skippedBytes, skippedMore, blocks, last };
      };
      for (;;) {
        const step = source.step({ roomBytes: room, nowMs: () => nowMs });
        if (step.kind === 'block') {
          blocks.push(Buffer.from(step.data));
          skippedBytes += step.skippedBytes;
          skippedMore ||= step.skippedMore;
          room -= step.data.length;
        } else if (step.kind !== 'working') {
          return told(step.kind);
        }
        if (room === 0) return told('full');
      }
    },
  };
}

/** As if it had been written to last at that time. */
export function writtenAt(path: string, wallMs: number): void {
  utimesSync(path, wallMs / 1_000, wallMs / 1_000);
}
