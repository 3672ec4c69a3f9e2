/**
 * The body of a live view: blocks of rows, each with the log lines that explain it. What does not
 * fit the screen gives way in the order in which it can be missed: log lines, details, and then the last rows.
 */

import { neutraliseLogLine, plural } from '../text.ts';
import type { LiveTarget } from './model.ts';

export interface Block {
  readonly rows: readonly string[];
  /** What there was no room for on the row. */
  readonly details: readonly string[];
  /** Safe to print, oldest first; empty where nothing is to be explained. */
  readonly logs: readonly string[];
  readonly isProblem: boolean;
}

/** What one looks at: how wide, and when. */
export interface LiveScreen {
  readonly columns: number;
  readonly rows: number;
  /** Monotonic time. */
  readonly nowMs: number;
  /** How to call it, for commands to paste. */
  readonly fleetctl: string;
}

/** The error is nearly always among the last. */
const LOG_LINES_MAX = 5;

export function fitBlocks(blocks: readonly Block[], linesMax: number): readonly string[] {
  const rowCount = blocks.reduce((sum, { rows }) => sum + rows.length, 0);
  if (rowCount > linesMax) {
    const shown = blocks.flatMap(({ rows }) => rows).slice(0, Math.max(0, linesMax - 1));
    return [...shown, `… and ${plural(rowCount - shown.length, 'more row')}`].slice(0, linesMax);
  }
  let left = linesMax - rowCount;
  const take = (lines: readonly string[], max: number): readonly string[] => {
    const count = Math.min(left, lines.length, max);
    left -= count;
    return lines.slice(lines.length - count);
  };
  const details = blocks.map((block) => take(block.details, left));
  return blocks.flatMap(({ rows, logs }, index) => [
    ...rows,
    ...(details[index] ?? []),
    ...take(logs, LOG_LINES_MAX),
  ]);
}

export function logOf({ target }: LiveTarget): readonly string[] {
  return target.logTail.map((line) => `    ${neutraliseLogLine(line)}`);
}
