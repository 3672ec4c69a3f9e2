/** Operations that nobody has to spell out: `run` of a runbook, and `op retry`. */
import type { Command } from 'commander';
import type { RunbookFormat } from '../render/runbooks.ts';
import { addCommonOptions, expectOption, type WaitFlags, waitOptions } from './control.ts';
import { type Actions, allowedOnlyOption, connection, OPERATION, withExamples } from './shared.ts';

export function addRetry(parent: Command, { environment, finish }: Actions): void {
  const command = parent
    .command('retry')
    .summary('do what an operation has not done, once more')
    .description(
      'Makes a new operation of the targets of an ended one that failed, were lost or were never attempted, with the same verb, order and strategy.',
    )
    .argument('[id]', OPERATION)
    .addOption(expectOption())
    .addOption(allowedOnlyOption());
  addCommonOptions(command, 'retry').action(async (id?: string) => {
    const { retryOperation } = await import('../commands/operation-retry.ts');
    const flags = command.opts<WaitFlags & { readonly allowedOnly?: boolean }>();
    finish.exitCode = await retryOperation(environment, {
      ...connection(command),
      ...waitOptions(flags),
      id: id ?? null,
      reason: flags.reason ?? '',
      expectHosts: flags.expect ?? null,
      allowedOnly: flags.allowedOnly ?? false,
      output: flags.output,
    });
  });
  withExamples(command, ['fleetctl op retry', 'fleetctl op retry 01a20339-3305 --dry-run']);
}

interface RunFlags extends Omit<WaitFlags, 'output'> {
  readonly list?: boolean;
  readonly output: RunbookFormat;
}

export function addRun(parent: Command, { environment, finish }: Actions): void {
  const command = parent
    .command('run')
    .summary('carry out a runbook, or list them')
    .description(
      'Carries out an operation that is saved as [runbook:NAME] in the configuration of the controller; without a name, lists them.',
    )
    .argument('[runbook]', 'which one')
    .option('--list', 'only list them')
    .addOption(expectOption());
  addCommonOptions(command, 'run', ['table', 'json', 'jsonl', 'name']).action(
    async (runbook?: string) => {
      const { listRunbooks, runRunbook } = await import('../commands/run.ts');
      const flags = command.opts<RunFlags>();
      const { output } = flags;
      finish.exitCode =
        runbook === undefined || flags.list
          ? await listRunbooks(environment, {
              ...connection(command),
              output,
              strayOption: strayOption(flags),
            })
          : await runRunbook(environment, {
              ...connection(command),
              ...waitOptions(flags),
              runbook,
              reason: flags.reason ?? '',
              expectHosts: flags.expect ?? null,
              output,
            });
    },
  );
  withExamples(command, ['fleetctl run', 'fleetctl run restart-web --dry-run']);
}

const OF_CARRYING_OUT = [
  ['dryRun', '--dry-run'],
  ['yes', '--yes'],
  ['detach', '--detach'],
  ['timeout', '--timeout'],
  ['quiet', '--quiet'],
  ['reason', '--reason'],
  ['expect', '--expect'],
] as const;

/** The first option that means nothing to a list. */
function strayOption(flags: RunFlags): string | null {
  return OF_CARRYING_OUT.find(([flag]) => flags[flag] !== undefined)?.[1] ?? null;
}
