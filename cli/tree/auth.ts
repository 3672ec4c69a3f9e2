/** `auth whoami` and `auth can`. */
import type { Command } from 'commander';
import {
  type Actions,
  connection,
  hostsOption,
  outputOption,
  PROCESSES,
  withExamples,
} from './shared.ts';

interface CanFlags {
  readonly hosts?: string;
  readonly signal?: string;
  readonly as?: string;
  readonly output: 'table' | 'json';
}

export function addAuth(group: Command, actions: Actions): void {
  addWhoAmI(group, actions);
  addCan(group, actions);
  withExamples(group, [
    'fleetctl auth whoami',
    "fleetctl auth can restart 'web:*' --hosts 'prod-*'",
  ]);
}

function addWhoAmI(parent: Command, { environment, finish }: Actions): void {
  const command = parent
    .command('whoami')
    .summary('show whom the controller takes you for, and your roles')
    .addOption(outputOption(['table', 'json']))
    .action(async () => {
      const { whoAmI } = await import('../commands/authority/auth.ts');
      const { output } = command.opts<{ output: 'table' | 'json' }>();
      finish.exitCode = await whoAmI(environment, { ...connection(command), output });
    });
}

function addCan(parent: Command, { environment, finish }: Actions): void {
  const command = parent
    .command('can')
    .summary('show what you may do where, and by which rule')
    .description(
      'Shows what you, or somebody else, may do to which processes, and by which rule. Exit code 0 if all of it is allowed, 5 if not.',
    )
    .argument('<verb>', 'as roles have it: status, logs, start, …, enrol, revoke, audit')
    .argument('[processes...]', `${PROCESSES}; none for all`)
    .addOption(hostsOption('on which hosts; not with enrol, revoke and audit'))
    .option('--signal <name>', 'with the verb signal: this one')
    .option('--as <operator>', 'what somebody else may do')
    .addOption(outputOption(['table', 'json']))
    .action(async (verb: string, processes: string[]) => {
      const { can } = await import('../commands/authority/auth.ts');
      const flags = command.opts<CanFlags>();
      finish.exitCode = await can(environment, {
        ...connection(command),
        verb,
        signal: flags.signal ?? null,
        processes,
        hosts: flags.hosts ?? null,
        as: flags.as ?? null,
        output: flags.output,
      });
    });
  withExamples(command, [
    "fleetctl auth can restart 'web:*' --hosts 'prod-*'",
    "fleetctl auth can signal nginx --signal HUP --hosts '@*' --as bob",
    'fleetctl auth can enrol',
  ]);
}
