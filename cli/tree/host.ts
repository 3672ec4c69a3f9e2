/** `host remove` and `host readmit`. */
import type { Command } from 'commander';
import { type Actions, connection, outputOption, withExamples } from './shared.ts';

interface RemoveFlags {
  readonly reason?: string;
  readonly yes?: boolean;
  readonly output: 'table' | 'json';
}

export function addHost(group: Command, actions: Actions): void {
  addRemove(group, actions);
  addReadmit(group, actions);
  withExamples(group, [
    "fleetctl host remove web-9 --reason 'scrapped'",
    'fleetctl host readmit web-1',
  ]);
}

function addRemove(parent: Command, { environment, finish }: Actions): void {
  const command = parent
    .command('remove')
    .summary('take a host out of the fleet, and let nothing of its name in')
    .description(
      'Takes a host out of the fleet: its certificates count no more, what is known of it is forgotten, and nothing of its name gets in until host readmit. What runs there goes on.',
    )
    .argument('<host>', 'its name')
    .option('--reason <text>', 'why, for those who read the record')
    .option('-y, --yes', 'do not ask')
    .addOption(outputOption(['table', 'json']))
    .action(async (host: string) => {
      const { removeHost } = await import('../commands/authority/membership.ts');
      const flags = command.opts<RemoveFlags>();
      finish.exitCode = await removeHost(environment, {
        ...connection(command),
        host,
        reason: flags.reason ?? '',
        yes: flags.yes ?? false,
        output: flags.output,
      });
    });
}

function addReadmit(parent: Command, { environment, finish }: Actions): void {
  const command = parent
    .command('readmit')
    .summary('let a host come back that was removed, expired or cloned')
    .description(
      'Frees the name of a host that was removed, for a new token; lets one come back whose certificate has expired, within 24 hours.',
    )
    .argument('<host>', 'its name')
    .option('--reason <text>', 'why, for those who read the record')
    .addOption(outputOption(['table', 'json']))
    .action(async (host: string) => {
      const { readmitHost } = await import('../commands/authority/membership.ts');
      const { reason = '', output } = command.opts<RemoveFlags>();
      finish.exitCode = await readmitHost(environment, {
        ...connection(command),
        host,
        reason,
        output,
      });
    });
}
