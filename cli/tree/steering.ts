/** `op pause`, `op resume` and `op cancel`. */
import type { Command } from 'commander';
import type { Steering } from '../../proto/operation.ts';
import { type Actions, connection, OPERATION, outputOption, withExamples } from './shared.ts';

interface SteerFlags {
  /** Only with `cancel`. */
  readonly kill?: boolean;
  /** Not with `pause`. */
  readonly watch?: boolean;
  readonly quiet?: boolean;
  readonly reason?: string;
  readonly output: 'table' | 'json';
}

export function addSteering(parent: Command, actions: Actions): void {
  addPause(parent, actions);
  addResume(parent, actions);
  addCancel(parent, actions);
}

function addPause(parent: Command, actions: Actions): void {
  const command = parent
    .command('pause')
    .summary('begin nothing more of an operation, until it is resumed')
    .description('Begins nothing more of an operation; what is under way goes on.');
  addCommonPart(command, actions, 'pause');
  withExamples(command, [
    'fleetctl op pause',
    "fleetctl op pause 01a20339-3305 --reason 'looking at prod-web-2'",
  ]);
}

function addResume(parent: Command, actions: Actions): void {
  const command = parent
    .command('resume')
    .summary('go on with a paused operation')
    .description(
      'Goes on with a paused operation. What it had paused itself for does not count any more.',
    )
    .option('-w, --watch', 'watch it then, as op watch does');
  addCommonPart(command, actions, 'resume');
  withExamples(command, ['fleetctl op resume', 'fleetctl op resume 01a20339-3305 --watch']);
}

function addCancel(parent: Command, actions: Actions): void {
  const command = parent
    .command('cancel')
    .summary('end an operation early')
    .description(
      'Begins nothing more of an operation, for good. What is under way is finished; nothing is undone, and nothing that a restart stopped is left down.',
    )
    .option('--kill', 'do not wait for what is under way to come up or to end')
    .option('-w, --watch', 'watch it then, as op watch does');
  addCommonPart(command, actions, 'cancel');
  withExamples(command, [
    'fleetctl op cancel',
    "fleetctl op cancel 01a20339-3305 --kill --reason 'wrong build'",
  ]);
}

function addCommonPart(
  command: Command,
  { environment, finish }: Actions,
  action: Steering['action'],
): void {
  command
    .argument('[id]', OPERATION)
    .option('-q, --quiet', 'say nothing but what went wrong')
    .option('--reason <text>', 'why, for those who look at it')
    .addOption(outputOption(['table', 'json']))
    .action(async (id?: string) => {
      const { steerOperation } = await import('../commands/operation-steer.ts');
      const flags = command.opts<SteerFlags>();
      finish.exitCode = await steerOperation(environment, {
        ...connection(command),
        id: id ?? null,
        action,
        kill: flags.kill ?? false,
        watch: flags.watch ?? false,
        quiet: flags.quiet ?? false,
        reason: flags.reason ?? '',
        output: flags.output,
      });
    });
}
