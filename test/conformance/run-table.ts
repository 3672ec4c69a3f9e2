/**
 * Runs rows side by side. A row that differs is run once more alone before it is called different:
 * with many daemons on few processors a second can be late.
 */
import { inParallel } from './in-parallel.ts';
import { rowLine, skippedLine } from './report.ts';
import type { Row } from './row.ts';
import { type Bench, type RowResult, runRow } from './run-row.ts';

export interface TableOptions {
  readonly atOnce: number;
  /** No second try. */
  readonly isOnce: boolean;
  readonly say: (text: string) => void;
}

export async function runTable(
  bench: Bench,
  rows: readonly Row[],
  { atOnce, isOnce, say }: TableOptions,
): Promise<readonly RowResult[]> {
  const isRoot = process.getuid?.() === 0;
  const runnable = rows.filter((row) => isRoot || row.needsRoot !== true);
  for (const row of rows.filter((one) => !runnable.includes(one))) {
    say(skippedLine(row, 'needs root'));
  }
  const first = await inParallel(
    runnable,
    atOnce,
    (row, index) => runRow(bench, row, String(index)),
    (result) => {
      if (isOnce || result.judgement.verdict !== 'different') say(rowLine(result));
    },
  );
  const results: RowResult[] = [];
  for (const [index, result] of first.entries()) {
    const isSettled = isOnce || result.judgement.verdict !== 'different';
    results.push(isSettled ? result : await again(bench, result, `${index}-again`, say));
  }
  return results;
}

async function again(
  bench: Bench,
  before: RowResult,
  place: string,
  say: TableOptions['say'],
): Promise<RowResult> {
  const result = await runRow(bench, before.row, place);
  const isDifferent = result.judgement.verdict === 'different';
  say(`${rowLine(result)}${isDifferent ? '' : ' (at the second try, alone)'}`);
  return result;
}
