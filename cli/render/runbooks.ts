/** Saved operations as a list: what each is for, and what would have to be typed without it. */
import type { Runbook } from '../../proto/operation.ts';
import { requestCommand } from '../submission.ts';
import { type OutputFormat, renderList } from './json.ts';
import { strategyFields } from './operation/json.ts';
import type { Paint } from './paint.ts';
import { cell, renderTable, wholeCell } from './table.ts';
import { escapeUnsafe } from './text.ts';

export type RunbookFormat = OutputFormat | 'name';

export function renderRunbooks(
  runbooks: readonly Runbook[],
  format: RunbookFormat,
  paint: Paint,
): string {
  switch (format) {
    case 'json':
    case 'jsonl':
      return renderList('RunbookList', runbooks.map(runbookFields), format);
    case 'name':
      return runbooks.map(({ name }) => `${escapeUnsafe(name)}\n`).join('');
    case 'table':
      return runbooks.length === 0
        ? 'no runbooks: the configuration of the controller has no [runbook:NAME]\n'
        : runbookTable(runbooks, paint);
  }
}

function runbookTable(runbooks: readonly Runbook[], paint: Paint): string {
  const rows = runbooks.map((runbook) => [
    wholeCell(runbook.name),
    cell(runbook.description === '' ? null : runbook.description),
    wholeCell(requestCommand(runbook)),
  ]);
  return renderTable(['RUNBOOK', 'DESCRIPTION', 'DOES'], rows, paint);
}

function runbookFields(runbook: Runbook): object {
  const { name, description, verb, signal, processes, hosts, order, fullStop, reason } = runbook;
  return {
    name,
    description: description === '' ? null : description,
    verb,
    signal,
    processes,
    hosts,
    order,
    fullStop,
    reason: reason === '' ? null : reason,
    strategy: strategyFields(runbook.strategy),
  };
}
