/** Lays rows out in columns as kubectl does: no borders, header in capitals, three spaces between. */
import type { Paint, Tone } from './paint.ts';
import { displayWidth, escapeUnsafe, neutralise } from './text.ts';

export interface Cell {
  /** Made safe here, so that no caller can forget it. */
  readonly text: string;
  readonly tone: Tone | null;
  /** However long it is, nothing of it may be missing. */
  readonly isWhole: boolean;
}

export function cell(text: string | number | null, tone: Tone | null = null): Cell {
  return { text: text === null ? '-' : String(text), tone, isWhole: false };
}

/** For what would say something else if a part of it were missing, such as a list of hosts. */
export function wholeCell(text: string): Cell {
  return { text, tone: null, isWhole: true };
}

export const GAP = '   ';

/** Beyond this a cell sticks out of its column, rather than push the whole column apart. */
const ALIGNED_WIDTH_MAX = 60;

export function renderTable(
  header: readonly string[],
  rows: readonly (readonly Cell[])[],
  paint: Paint,
): string {
  const lines = [header.map((text) => cell(text)), ...rows].map((row) => row.map(measured));
  const widths = header.map((_, column) =>
    Math.min(
      lines.reduce((widest, row) => Math.max(widest, row[column]?.width ?? 0), 0),
      ALIGNED_WIDTH_MAX,
    ),
  );
  return lines.map((row) => `${renderRow(row, widths, paint)}\n`).join('');
}

interface MeasuredCell {
  readonly text: string;
  readonly tone: Tone | null;
  readonly width: number;
}

function measured({ text, tone, isWhole }: Cell): MeasuredCell {
  const safe = isWhole ? escapeUnsafe(text) : neutralise(text);
  return { text: safe, tone, width: displayWidth(safe) };
}

function renderRow(row: readonly MeasuredCell[], widths: readonly number[], paint: Paint): string {
  let line = '';
  let pending = '';
  // Padding is written only once something follows it, so no line ends in spaces.
  for (const [column, { text, tone, width }] of row.entries()) {
    if (text !== '') line += pending + paint(text, tone);
    const padding = ' '.repeat(Math.max(0, (widths[column] ?? 0) - width)) + GAP;
    pending = text === '' ? pending + padding : padding;
  }
  return line;
}
