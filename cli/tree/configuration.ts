/** The commands about the configuration of hosts: `reread`, `avail` and `update`. */
import type { Command } from 'commander';
import type { HostQuestion } from '../../proto/host-questions.ts';
import { addCommonOptions, addWhereOptions, runControl } from './control.ts';
import { type Actions, connection, hostsOption, outputOption, withExamples } from './shared.ts';
import { addPaceOptions, addTroubleOptions } from './strategy.ts';

const WHICH_HOSTS = "required: which hosts; '@*' is the whole fleet";

interface AskingFlags {
  readonly hosts?: string;
  readonly output: 'table' | 'json' | 'jsonl';
}

export function addConfiguration(parent: Command, actions: Actions): void {
  addUpdate(parent, actions);
  addReread(parent, actions);
  addAvail(parent, actions);
}

function addReread(parent: Command, actions: Actions): void {
  const command = parent
    .command('reread')
    .summary('have hosts read their configuration, and show what differs')
    .description('Has hosts read their configuration anew and shows what an update would take up.');
  addQuestion(command, actions, 'reread');
  withExamples(command, [
    "fleetctl reread --hosts 'prod-*'",
    "fleetctl reread --hosts '@*' -o json",
  ]);
}

function addAvail(parent: Command, actions: Actions): void {
  const command = parent
    .command('avail')
    .summary('show what hosts are configured to run')
    .description('Shows the processes of the configuration that each host read last.');
  addQuestion(command, actions, 'avail');
  withExamples(command, ['fleetctl avail --hosts prod-1']);
}

function addUpdate(parent: Command, actions: Actions): void {
  const command = parent
    .command('update')
    .summary('have hosts take up their configuration')
    .description(
      'Has hosts read their configuration and take it up: what is gone is stopped, what is new is started, what changed is restarted where it must be, and nothing else is touched.',
    )
    .argument('[groups...]', 'only these groups; none, or all, for every group');
  addPaceOptions(addWhereOptions(command), 'update');
  addTroubleOptions(command);
  addCommonOptions(command, 'update').action((groups: string[]) =>
    runControl(actions, command, { verb: 'update', signal: null, processes: groups }),
  );
  withExamples(command, [
    "fleetctl update --hosts 'prod-*'",
    'fleetctl update worker --hosts prod-1,prod-2',
    "fleetctl update --hosts 'prod-*' --canary 1 --batch 10%",
    "fleetctl update --hosts '@*' --detach --reason 'new worker'",
  ]);
}

function addQuestion(
  command: Command,
  { environment, finish }: Actions,
  question: HostQuestion,
): void {
  command
    .addOption(hostsOption(WHICH_HOSTS))
    .addOption(outputOption(['table', 'json', 'jsonl']))
    .action(async () => {
      const { askHosts } = await import('../commands/ask-hosts.ts');
      const flags = command.opts<AskingFlags>();
      finish.exitCode = await askHosts(environment, {
        ...connection(command),
        question,
        hosts: flags.hosts ?? null,
        output: flags.output,
      });
    });
}
