/** The commands that look at the fleet itself: `hosts` and `version`. */
import { type Command, Option } from 'commander';
import { FleetError, refusal } from '../../proto/errors.ts';
import { type Actions, connection, hostsOption, outputOption, withExamples } from './shared.ts';
import { parseCount } from './values.ts';

interface HostsFlags {
  readonly hosts?: string;
  readonly expect?: number;
  readonly output: 'table' | 'wide' | 'json' | 'jsonl' | 'name';
}

export function addHosts(parent: Command, { environment, finish }: Actions): void {
  const command = parent
    .command('hosts')
    .summary('show hosts and whether they are connected')
    .description('Shows hosts and whether they are connected: what a selector means.')
    .argument('[selector]', 'only these hosts')
    .addOption(hostsOption('the same selector, as the other commands have it'))
    .addOption(
      new Option('--expect <hosts>', 'refuse another number of hosts').argParser(parseCount),
    )
    .addOption(outputOption(['table', 'wide', 'json', 'jsonl', 'name']))
    .action(async (selector: string | undefined) => {
      const flags = command.opts<HostsFlags>();
      if (selector !== undefined && flags.hosts !== undefined) throw selectedTwice();
      const { hosts } = await import('../commands/hosts.ts');
      finish.exitCode = await hosts(environment, {
        ...connection(command),
        selector: selector ?? flags.hosts ?? null,
        expect: flags.expect ?? null,
        output: flags.output,
      });
    });
  withExamples(command, [
    'fleetctl hosts',
    "fleetctl hosts 'prod-*!prod-db-1' --expect 12",
    "fleetctl hosts 'env=prod' -o name",
  ]);
}

export function addVersion(parent: Command, { environment, finish }: Actions): void {
  const command = parent
    .command('version')
    .summary('show the versions of fleetctl and of the controller')
    .addOption(outputOption(['table', 'json']))
    .action(async () => {
      const { version } = await import('../commands/version.ts');
      const { output } = command.opts<{ output: 'table' | 'json' }>();
      finish.exitCode = await version(environment, { ...connection(command), output });
    });
}

function selectedTwice(): FleetError {
  return new FleetError(
    refusal('usage', 'hosts are selected twice, by an argument and by --hosts', {
      fix: 'leave one of them out; SELECTOR,SELECTOR joins two',
    }),
  );
}
