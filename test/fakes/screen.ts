/**
 * A terminal of the size of a test: what a person sees after a program has written. It knows the
 * control functions that `cli/terminal/painter.ts` uses, and fails on any other. When it is resized it
 * wraps lines anew and keeps what left it at the top, as VTE, kitty, iTerm and tmux do.
 */
import assert from 'node:assert/strict';
import type { Output, Terminal } from '../../cli/ports.ts';
import { displayWidth } from '../../cli/render/text.ts';

export interface FakeScreen {
  readonly output: Output;
  readonly terminal: Terminal;
  /** One text each, as written. */
  readonly writes: string[];
  readonly resize: (columns: number, rows: number) => void;
  /** Ctrl-Z, what the shell then writes, and `fg`. */
  readonly resume: (shellWrites: string) => void;
  /** Without what is blank at the end of a row, or below. */
  readonly visible: () => readonly string[];
  /** What scrolled away, and then what is visible. */
  readonly everything: () => readonly string[];
  readonly cursor: () => { readonly row: number; readonly column: number };
  readonly isCursorHidden: () => boolean;
}

interface Row {
  /** A wide character is followed by an empty cell. */
  cells: string[];
  /** The line goes on in the next row. */
  goesOn: boolean;
}

/** Text, or one control: a character below space, or `ESC [ parameters letter`. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it reads
const TOKENS = /\u001b\[([?\d;]*)([A-Za-z])|[\u0000-\u001f]|[^\u0000-\u001f]+/g;

const graphemes = new Intl.Segmenter();

export function fakeScreen(columns: number, rows: number): FakeScreen {
  const size = { columns, rows };
  const history: Row[] = [];
  let grid: Row[] = Array.from({ length: rows }, blank);
  let cursor = { row: 0, column: 0 };
  let isHidden = false;
  let isUpdating = false;
  const writes: string[] = [];
  const listeners = new Set<() => void>();
  const resumeListeners = new Set<() => void>();

  const rowAt = (row: number): Row => grid[row] ?? assert.fail(`there is no row ${row}`);
  const lineFeed = () => {
    if (cursor.row === size.rows - 1) {
      history.push(...grid.splice(0, 1));
      grid.push(blank());
    } else cursor.row += 1;
    // As the terminal's driver does for a program (`onlcr`).
    cursor.column = 0;
  };
  const print = (text: string) => {
    for (const { segment } of graphemes.segment(text)) {
      const width = displayWidth(segment);
      if (cursor.column + width > size.columns) {
        rowAt(cursor.row).goesOn = true;
        lineFeed();
      }
      const { cells } = rowAt(cursor.row);
      while (cells.length < cursor.column) cells.push(' ');
      cells.splice(cursor.column, width, ...(width === 2 ? [segment, ''] : [segment]));
      cursor.column += width;
    }
  };
  const control = (parameters: string, letter: string) => {
    switch (`${letter === 'A' ? '' : parameters}${letter}`) {
      case 'A':
        cursor.row = Math.max(0, cursor.row - Number(parameters || 1));
        return;
      case 'B':
        cursor.row = Math.min(size.rows - 1, cursor.row + 1);
        return;
      case '2K':
        grid[cursor.row] = blank();
        return;
      case 'J':
        assert.equal(cursor.column, 0, 'whole rows');
        // Erasing the screen from its top saves it to the history, as in tmux.
        if (cursor.row === 0) history.push(...grid.filter((row) => !isBlank(row)));
        for (let row = cursor.row; row < size.rows; row += 1) grid[row] = blank();
        return;
      case '?25l':
      case '?25h':
        isHidden = letter === 'l';
        return;
      case '?2026h':
      case '?2026l':
        isUpdating = letter === 'h';
        return;
      case 'm':
        return;
      default:
        assert.fail(`a control function that no frame needs: ${parameters}${letter}`);
    }
  };
  const write = (text: string) => {
    writes.push(text);
    for (const [token, parameters = '', letter] of text.matchAll(TOKENS)) {
      if (letter !== undefined) control(parameters, letter);
      else if (token === '\n') lineFeed();
      else if (token === '\r') cursor.column = 0;
      else print(token);
    }
    assert.equal(isUpdating, false, 'a write ends with the update that it began');
  };

  const resize = (newColumns: number, newRows: number) => {
    // Blank rows below the cursor are nobody's text.
    while (grid.length - 1 > cursor.row && isBlank(grid.at(-1))) grid.pop();
    const wrapped = rewrap([...history, ...grid], history.length + cursor.row, newColumns);
    const top = Math.max(0, wrapped.rows.length - newRows);
    history.splice(0, history.length, ...wrapped.rows.slice(0, top));
    grid = wrapped.rows.slice(top);
    while (grid.length < newRows) grid.push(blank());
    cursor = { row: Math.max(0, wrapped.cursorRow - top), column: 0 };
    size.columns = newColumns;
    size.rows = newRows;
    for (const listener of [...listeners]) listener();
  };
  return {
    output: { write, colours: false },
    terminal: {
      columns: () => size.columns,
      rows: () => size.rows,
      onResize: (callback) => {
        listeners.add(callback);
        return { [Symbol.dispose]: () => void listeners.delete(callback) };
      },
      onResume: (callback) => {
        resumeListeners.add(callback);
        return { [Symbol.dispose]: () => void resumeListeners.delete(callback) };
      },
    },
    writes,
    resize,
    resume: (shellWrites) => {
      write(shellWrites);
      for (const listener of [...resumeListeners]) listener();
    },
    visible: () => shown(grid),
    everything: () => shown([...history, ...grid]),
    cursor: () => ({ ...cursor }),
    isCursorHidden: () => isHidden,
  };
}

/** Only for a cursor in the first column, where the painter leaves it. */
function rewrap(
  rows: readonly Row[],
  cursorRow: number,
  columns: number,
): { readonly rows: Row[]; readonly cursorRow: number } {
  const wrapped: Row[] = [];
  let newCursorRow = 0;
  for (let index = 0; index < rows.length; index += 1) {
    if (index === cursorRow) newCursorRow = wrapped.length;
    const cells: string[] = [...(rows[index]?.cells ?? [])];
    while (rows[index]?.goesOn) cells.push(...(rows[++index]?.cells ?? []));
    do {
      // A wide character is not cut in two.
      const end = cells[columns] === '' ? columns - 1 : columns;
      wrapped.push({ cells: cells.splice(0, end), goesOn: cells.length > 0 });
    } while (cells.length > 0);
  }
  return { rows: wrapped, cursorRow: newCursorRow };
}

function shown(rows: readonly Row[]): readonly string[] {
  const texts = rows.map(({ cells }) => cells.join('').trimEnd());
  while (texts.at(-1) === '') texts.pop();
  return texts;
}

function blank(): Row {
  return { cells: [], goesOn: false };
}

function isBlank(row: Row | undefined): boolean {
  return row === undefined || shown([row]).length === 0;
}
