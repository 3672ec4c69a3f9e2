/** Lays rows out in columns as kubectl does: no borders, header in capitals, three spaces between. */
import type { Paint, Tone } from './paint.ts';
import { displayWidth, neutralise, padToWidth } from './text.ts';

export interface Cell {
  /** Neutralised here, so that no caller can forget it. */
  readonly text: string;
  readonly tone: Tone | null;
}

export function cell(text: string | number | null, tone: Tone | null = null): Cell {
  return { text: text === null ? '-' : String(text), tone };
}

const GAP = '   ';

export function renderTable(
  header: readonly string[],
  rows: readonly (readonly Cell[])[],
  paint: Paint,
): string {
  const lines = [header.map((text) => cell(text)), ...rows].map((row) =>
    row.map(({ text, tone }) => ({ text: neutralise(text), tone })),
  );
  const widths = header.map((_, column) =>
    lines.reduce((widest, row) => Math.max(widest, displayWidth(row[column]?.text ?? '')), 0),
  );
  return lines.map((row) => `${renderRow(row, widths, paint)}\n`).join('');
}

function renderRow(row: readonly Cell[], widths: readonly number[], paint: Paint): string {
  let line = '';
  let pending = '';
  // Padding is written only once something follows it, so no line ends in spaces.
  for (const [column, { text, tone }] of row.entries()) {
    if (text !== '') line += pending + paint(text, tone);
    const padding = padToWidth(text, widths[column] ?? 0).slice(text.length) + GAP;
    pending = text === '' ? pending + padding : padding;
  }
  return line;
}
