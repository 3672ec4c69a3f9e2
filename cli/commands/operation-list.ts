/** `fleetctl op list`: operations, running ones first, then the newest. */
import type { OperationSummary } from '../../proto/operation.ts';
import type { ConnectionOptions, Environment } from '../ports.ts';
import { renderList } from '../render/json.ts';
import { operationListItem } from '../render/operation/json.ts';
import { renderOperationTable, renderWideOperationTable } from '../render/operation/list.ts';
import { painter } from '../render/paint.ts';

export interface ListOptions extends ConnectionOptions {
  readonly runningOnly: boolean;
  /** 0: as many as there are. */
  readonly limit: number;
  readonly output: 'table' | 'wide' | 'json' | 'jsonl' | 'name';
}

/** None is an answer, too: exit code 0. */
export async function listOperations(
  environment: Environment,
  options: ListOptions,
): Promise<number> {
  using client = await environment.dial(options);
  environment.stdout.write(render(await client.listOperations(options), environment, options));
  return 0;
}

function render(
  summaries: readonly OperationSummary[],
  { clock, stdout }: Environment,
  { output, runningOnly }: ListOptions,
): string {
  switch (output) {
    case 'json':
    case 'jsonl':
      return renderList('OperationList', summaries.map(operationListItem), output);
    case 'name':
      return summaries.map(({ id }) => `${id}\n`).join('');
    case 'table':
    case 'wide': {
      if (summaries.length === 0) return runningOnly ? 'nothing is running\n' : 'no operations\n';
      const table = output === 'wide' ? renderWideOperationTable : renderOperationTable;
      return table(summaries, clock.nowMs(), painter(stdout.colours));
    }
  }
}
