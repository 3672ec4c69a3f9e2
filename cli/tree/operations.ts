/** The commands that look after operations: `op list`, `op show` and `op watch`. */
import { type Command, Option } from 'commander';
import { quietOption, timeoutOption } from './control.ts';
import { type Actions, connection, outputOption, withExamples } from './shared.ts';
import { parseLimit } from './values.ts';

/** More than a day of most fleets, and one screen. */
const LIST_LIMIT = 20;

const ID = 'id of an operation, or its beginning';

export function addOperations(parent: Command, actions: Actions): void {
  const operations = parent
    .command('op')
    .summary('look after operations, running and past')
    .description('Looks after operations, running and past.');
  addList(operations, actions);
  addShow(operations, actions);
  addWatch(operations, actions);
  withExamples(operations, [
    'fleetctl op list --running',
    'fleetctl op show 01a20339-3305',
    'fleetctl op watch 01a20339-3305',
  ]);
}

interface ListFlags {
  readonly running?: boolean;
  readonly limit: number;
  readonly output: 'table' | 'wide' | 'json' | 'jsonl' | 'name';
}

function addList(parent: Command, { environment, finish }: Actions): void {
  const command = parent
    .command('list')
    .summary('list operations: running ones first, then the newest')
    .option('--running', 'only those that are not done')
    .addOption(
      new Option('-n, --limit <count>', 'at most so many; 0: all')
        .argParser(parseLimit)
        .default(LIST_LIMIT),
    )
    .addOption(outputOption(['table', 'wide', 'json', 'jsonl', 'name']))
    .action(async () => {
      const { listOperations } = await import('../commands/operation-list.ts');
      const flags = command.opts<ListFlags>();
      finish.exitCode = await listOperations(environment, {
        ...connection(command),
        runningOnly: flags.running ?? false,
        limit: flags.limit,
        output: flags.output,
      });
    });
  withExamples(command, ['fleetctl op list', 'fleetctl op list --running -o name']);
}

function addShow(parent: Command, { environment, finish }: Actions): void {
  const command = parent
    .command('show')
    .summary('show all of an operation, also while it runs')
    .argument('<id>', ID)
    .addOption(outputOption(['table', 'json']))
    .action(async (id: string) => {
      const { showOperation } = await import('../commands/operation-show.ts');
      const { output } = command.opts<{ output: 'table' | 'json' }>();
      finish.exitCode = await showOperation(environment, { ...connection(command), id, output });
    });
  withExamples(command, [
    'fleetctl op show 01a20339-3305',
    'fleetctl op show 01a20339-3305 -o json',
  ]);
}

interface WatchFlags {
  readonly timeout?: number;
  readonly quiet?: boolean;
  readonly output: 'table' | 'json';
}

function addWatch(parent: Command, { environment, finish }: Actions): void {
  const command = parent
    .command('watch')
    .summary('watch an operation to its end')
    .description('Watches an operation to its end; the exit code is that of the operation.')
    .argument('<id>', ID)
    .addOption(timeoutOption())
    .addOption(quietOption())
    .addOption(outputOption(['table', 'json']))
    .action(async (id: string) => {
      const { watchOperation } = await import('../commands/operation-watch.ts');
      const flags = command.opts<WatchFlags>();
      finish.exitCode = await watchOperation(environment, {
        ...connection(command),
        id,
        timeoutMs: flags.timeout ?? null,
        quiet: flags.quiet ?? false,
        output: flags.output,
      });
    });
  withExamples(command, ['fleetctl op watch 01a20339-3305 --timeout 10m']);
}
