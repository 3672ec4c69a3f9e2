/** The commands that look at operations, running and past; in `steering.ts` those that move them. */
import { type Command, Option } from 'commander';
import { quietOption, timeoutOption } from './control.ts';
import { addRetry } from './runs.ts';
import { type Actions, connection, OPERATION, outputOption, withExamples } from './shared.ts';
import { addSteering } from './steering.ts';
import { parseLimit } from './values.ts';

/** More than a day of most fleets, and one screen. */
const LIST_LIMIT = 20;

export function addOperations(operations: Command, actions: Actions): void {
  addList(operations, actions);
  addShow(operations, actions);
  addWatch(operations, actions);
  addSteering(operations, actions);
  addRetry(operations, actions);
  addExplain(operations, actions);
  withExamples(operations, [
    'fleetctl op list --running',
    'fleetctl op watch',
    'fleetctl op cancel 01a20339-3305',
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
    .argument('[id]', OPERATION)
    .addOption(outputOption(['table', 'json']))
    .action(async (id?: string) => {
      const { showOperation } = await import('../commands/operation-show.ts');
      const { output } = command.opts<{ output: 'table' | 'json' }>();
      finish.exitCode = await showOperation(environment, {
        ...connection(command),
        id: id ?? null,
        output,
      });
    });
  withExamples(command, ['fleetctl op show', 'fleetctl op show 01a20339-3305 -o json']);
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
    .description(
      'Watches an operation to its end, or until it is paused and nothing is under way any more; the exit code is that of the operation.',
    )
    .argument('[id]', OPERATION)
    .addOption(timeoutOption())
    .addOption(quietOption())
    .addOption(outputOption(['table', 'json']))
    .action(async (id?: string) => {
      const { watchOperation } = await import('../commands/operation-watch.ts');
      const flags = command.opts<WatchFlags>();
      finish.exitCode = await watchOperation(environment, {
        ...connection(command),
        id: id ?? null,
        timeoutMs: flags.timeout ?? null,
        quiet: flags.quiet ?? false,
        output: flags.output,
      });
    });
  withExamples(command, ['fleetctl op watch', 'fleetctl op watch 01a20339-3305 --timeout 10m']);
}

function addExplain(parent: Command, { environment, finish }: Actions): void {
  const command = parent
    .command('explain')
    .summary('show what happened to its targets on one host, and when')
    .usage('[options] [id] <host[/process]>')
    .argument('<host...>', `a host, or a process on it; before it the ${OPERATION}`)
    .addOption(outputOption(['table', 'json']))
    .action(async (words: string[]) => {
      const { explainOperation } = await import('../commands/operation-explain.ts');
      const { output } = command.opts<{ output: 'table' | 'json' }>();
      finish.exitCode = await explainOperation(environment, {
        ...connection(command),
        words,
        output,
      });
    });
  withExamples(command, [
    'fleetctl op explain prod-web-1',
    'fleetctl op explain 01a20339-3305 prod-web-1/web:web_0',
  ]);
}
