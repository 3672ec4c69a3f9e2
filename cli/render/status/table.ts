/** A table of `fleetctl status` before it is laid out, so that two of them can be compared. */
import type { Paint } from '../paint.ts';
import { type Cell, renderTable } from '../table.ts';

export interface StatusTable {
  readonly header: readonly string[];
  readonly rows: readonly StatusRow[];
}

interface StatusRow {
  /** What it is about; the same in the next table. */
  readonly key: string;
  /** What it says, but for what time alone changes. */
  readonly content: string;
  readonly cells: readonly Cell[];
  /** Stands on a line of its own below the row; safe to print. Empty: nothing does. */
  readonly below: string;
}

/** The header, then the lines of each row. */
export function statusLines(
  { header, rows }: StatusTable,
  paint: Paint,
): readonly (readonly string[])[] {
  const text = renderTable(
    header,
    rows.map(({ cells }) => cells),
    paint,
  );
  const lines = text.split('\n');
  return [
    [lines[0] ?? ''],
    ...rows.map(({ below }, row) => [lines[row + 1] ?? '', ...(below === '' ? [] : [below])]),
  ];
}

export function renderStatusTable(table: StatusTable, paint: Paint): string {
  return statusLines(table, paint)
    .flat()
    .map((line) => `${line}\n`)
    .join('');
}
