/**
 * Keeps a few lines at the bottom of a terminal up to date without flicker: only lines that changed
 * are written, in one write that the terminal shows at once. What stands above is never touched and
 * the screen never cleared, so the scrollback stays the history of the shell.
 *
 * Between two writes the cursor stands, visible, on the row below the frame. Whatever ends the
 * program there, nothing has to be put back.
 */
import type { Output, Terminal } from '../ports.ts';
import { cutToWidth, paintedWidth, rowsOf } from '../render/fit.ts';
import { plural } from '../render/text.ts';

export interface Painter {
  /** Replaces the frame. Lines that are too long are cut, those that are too many are counted. */
  readonly paint: (lines: readonly string[]) => void;
  /** Replaces the frame by lines that stay, whole; the next frame stands below them. */
  readonly finish: (lines: readonly string[]) => void;
  /** The frame stays as it is, without what was typed below it, such as the `^C` of a Ctrl-C. */
  readonly keep: () => void;
  /** The next frame is painted where the cursor is now, whole; the one before is left as it is. */
  readonly startOver: () => void;
}

export interface Screen {
  readonly columns: number;
  readonly rows: number;
}

/** What ECMA-48 §8.3 and the terminals since call these. */
const CURSOR_UP = (rows: number) => (rows === 0 ? '' : `\u001b[${rows}A`);
const CURSOR_DOWN = '\u001b[B';
const ERASE_LINE = '\u001b[2K';
const ERASE_BELOW = '\u001b[J';
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
/** Synchronized update: terminals that know it show the result alone, others ignore it. */
const BEGIN_UPDATE = '\u001b[?2026h';
const END_UPDATE = '\u001b[?2026l';

/** @param output the one that is shown on `terminal` */
export function createPainter(output: Output, terminal: Terminal): Painter {
  let frame: Frame = { lines: [], screen: screenOf(terminal) };

  const replaceFrame = (text: string, next: Frame) => {
    frame = next;
    output.write(`${BEGIN_UPDATE}${HIDE_CURSOR}${text}${SHOW_CURSOR}${END_UPDATE}`);
  };
  return {
    paint: (lines) => {
      const screen = screenOf(terminal);
      const next = { lines: fitted(lines, screen), screen };
      if (isSame(frame, next)) return;
      replaceFrame(rewritten(frame, next), next);
    },
    finish: (lines) => {
      const screen = screenOf(terminal);
      replaceFrame(wiped(frame, screen) + whole(lines), { lines: [], screen });
    },
    keep: () => output.write(`\r${ERASE_LINE}`),
    startOver: () => {
      frame = { lines: [], screen: screenOf(terminal) };
    },
  };
}

/** Terminals that do not know their size say 0; then the size that all programs expect. */
export function screenOf(terminal: Terminal): Screen {
  return { columns: terminal.columns() || 80, rows: terminal.rows() || 24 };
}

/** The cursor stands in the first column of the row after the last line. */
interface Frame {
  readonly lines: readonly string[];
  /** When it was painted. */
  readonly screen: Screen;
}

/** The last column stays free, since writing there makes terminals wrap, each in its own way. */
function fitted(lines: readonly string[], { columns, rows }: Screen): readonly string[] {
  const linesMax = rows - 1;
  const shown =
    lines.length <= linesMax
      ? lines
      : [
          ...lines.slice(0, linesMax - 1),
          `… and ${plural(lines.length - linesMax + 1, 'more line')}`,
        ].slice(0, linesMax);
  return shown.map((line) => cutToWidth(line, columns - 1));
}

/**
 * Rows that the frame takes now. A terminal that became narrower has wrapped the lines that no
 * longer fitted. (The few that cut lines instead lose as many rows above the frame; no terminal
 * says which sort it is.) Rows that left the screen at its top are out of reach; the cursor stops.
 */
function rowsTaken({ lines, screen }: Frame, now: Screen): number {
  const isNarrower = now.columns < screen.columns;
  return lines.reduce((sum, line) => sum + (isNarrower ? rowsOf(line, now.columns) : 1), 0);
}

/** A line that covers the one before it needs no erasing, which could be seen as a blink. */
function rewritten(frame: Frame, next: Frame): string {
  if (!isSameScreen(frame.screen, next.screen))
    return wiped(frame, next.screen) + whole(next.lines);
  const text = next.lines.map((line, row) => {
    const before = frame.lines[row];
    if (line === before) return '\n';
    const covers = before !== undefined && paintedWidth(line) >= paintedWidth(before);
    // As a whole: of what is erased from within a line, tmux keeps blanks, and wraps them as text
    // when the terminal becomes narrower.
    return `\r${covers ? '' : ERASE_LINE}${line}\n`;
  });
  return `\r${CURSOR_UP(frame.lines.length)}${text.join('')}\r${ERASE_BELOW}`;
}

function whole(lines: readonly string[]): string {
  return `${lines.map((line) => `${line}\n`).join('')}${ERASE_BELOW}`;
}

/**
 * Row by row, which also parts a row that was wrapped from the next, whereas tmux takes erasing
 * from the top of the screen for `clear`, and keeps a copy in its history.
 */
function wiped(frame: Frame, screen: Screen): string {
  const rows = rowsTaken(frame, screen);
  const toTop = CURSOR_UP(rows);
  return `\r${toTop}${`${ERASE_LINE}${CURSOR_DOWN}`.repeat(rows)}${ERASE_LINE}${toTop}`;
}

function isSame(left: Frame, right: Frame): boolean {
  return (
    isSameScreen(left.screen, right.screen) &&
    left.lines.length === right.lines.length &&
    left.lines.every((line, row) => line === right.lines[row])
  );
}

function isSameScreen(left: Screen, right: Screen): boolean {
  return left.columns === right.columns && left.rows === right.rows;
}
