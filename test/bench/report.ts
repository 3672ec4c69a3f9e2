/** What the benches found, as a table that says of each budget whether it is kept. */
import type { Budget, Finding } from './bench.ts';
import type { Spread } from './spread.ts';

export function ratioOf({ ours, peer }: Finding): number | null {
  return peer === null ? null : ours.median / peer.spread.median;
}

/** Null where there is no budget, or no peer to hold it against. */
export function isWithinBudget(finding: Finding): boolean | null {
  const { budget, ours } = finding;
  switch (budget?.kind) {
    case undefined:
      return null;
    case 'atMost':
      return ours.median <= budget.value;
    case 'atLeast':
      return ours.median >= budget.value;
    case 'ratioAtMost': {
      const ratio = ratioOf(finding);
      return ratio === null ? null : ratio <= budget.ratio;
    }
    case 'timesFaster': {
      const ratio = ratioOf(finding);
      return ratio === null ? null : 1 / ratio >= budget.times;
    }
  }
}

const HEADINGS = ['what', 'ours', 'peer or floor', 'ratio', 'budget', 'within'];

export function renderTable(findings: readonly Finding[]): string {
  const rows = [HEADINGS, ...findings.map(cellsOf)];
  const widths = HEADINGS.map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}

function cellsOf(finding: Finding): readonly string[] {
  const { what, unit, ours, peer, budget } = finding;
  const ratio = ratioOf(finding);
  const isWithin = isWithinBudget(finding);
  return [
    what,
    spreadText(ours, unit),
    peer === null ? '-' : `${peer.name} ${spreadText(peer.spread, unit)}`,
    ratio === null ? '-' : `${ratio < 0.1 ? ratio.toPrecision(2) : ratio.toFixed(2)} ×`,
    budget === null ? '-' : budgetText(budget, unit),
    isWithin === null ? '-' : isWithin ? 'yes' : 'NO',
  ];
}

function budgetText(budget: Budget, unit: string): string {
  switch (budget.kind) {
    case 'atMost':
      return `≤ ${numberText(budget.value)} ${unit}`;
    case 'atLeast':
      return `≥ ${numberText(budget.value)} ${unit}`;
    case 'ratioAtMost':
      return `≤ ${budget.ratio} ×`;
    case 'timesFaster':
      return `≤ 1/${budget.times} ×`;
  }
}

function spreadText({ median, min, max }: Spread, unit: string): string {
  return `${numberText(median)} ${unit} (${numberText(min)}–${numberText(max)})`;
}

/** Three digits are more than any of these measurements is good for. */
function numberText(value: number): string {
  if (value >= 1_000) return Math.round(value).toLocaleString('en');
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
