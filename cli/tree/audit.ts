/** `audit list`, `audit verify` and `audit export`. */
import { type Command, Option } from 'commander';
import type { Since } from '../since.ts';
import { type Actions, connection, outputOption, withExamples } from './shared.ts';
import { parseSince } from './since.ts';
import { parseLimit } from './values.ts';

/** Of most fleets some days, and about one screen. */
const LIST_LIMIT = 50;

export function addAudit(group: Command, actions: Actions): void {
  addList(group, actions);
  addVerify(group, actions);
  addExport(group, actions);
  withExamples(group, [
    'fleetctl audit list --refused --since 1d',
    'fleetctl audit verify',
    'fleetctl audit export > audit.jsonl',
  ]);
}

interface ListFlags {
  readonly actor?: string;
  readonly action?: string;
  readonly refused?: boolean;
  readonly since?: Since;
  readonly limit: number;
  readonly output: 'table' | 'wide' | 'json' | 'jsonl';
}

function addList(parent: Command, { environment, finish }: Actions): void {
  const command = parent
    .command('list')
    .summary('list who did what, and who was refused what: the newest first')
    .option('--actor <name>', 'only of this operator or host')
    .option('--action <action>', 'only this: restart, cert revoke, …')
    .option('--refused', 'only what was refused')
    .addOption(sinceOption())
    .addOption(
      new Option('-n, --limit <count>', 'at most so many; 0: all, the oldest first')
        .argParser(parseLimit)
        .default(LIST_LIMIT),
    )
    .addOption(outputOption(['table', 'wide', 'json', 'jsonl']))
    .action(async () => {
      const { listAudit } = await import('../commands/authority/audit.ts');
      const flags = command.opts<ListFlags>();
      finish.exitCode = await listAudit(environment, {
        ...connection(command),
        actor: flags.actor ?? null,
        action: flags.action ?? null,
        refusedOnly: flags.refused ?? false,
        since: flags.since ?? null,
        limit: flags.limit,
        output: flags.output,
      });
    });
  withExamples(command, [
    'fleetctl audit list --refused --since 1d',
    'fleetctl audit list --actor alice --action restart -o json',
  ]);
}

function addVerify(parent: Command, { environment, finish }: Actions): void {
  const command = parent
    .command('verify')
    .summary('check that nothing on record was changed, taken out or cut off')
    .description(
      'Checks that nothing on record was changed or taken out. Exit code 0 if it is sound, 1 if not. Only a head that was written down elsewhere shows that its end was cut off.',
    )
    .option('--head <seq:hash>', 'a row as it was written down elsewhere')
    .addOption(outputOption(['table', 'json']))
    .action(async () => {
      const { verifyAudit } = await import('../commands/authority/audit.ts');
      const { head, output } = command.opts<{ head?: string; output: 'table' | 'json' }>();
      finish.exitCode = await verifyAudit(environment, {
        ...connection(command),
        head: head ?? null,
        output,
      });
    });
}

function addExport(parent: Command, { environment, finish }: Actions): void {
  const command = parent
    .command('export')
    .summary('print all that is on record, one JSON object a line, the oldest first')
    .addOption(sinceOption())
    .action(async () => {
      const { exportAudit } = await import('../commands/authority/audit.ts');
      const { since } = command.opts<{ since?: Since }>();
      finish.exitCode = await exportAudit(environment, {
        ...connection(command),
        since: since ?? null,
      });
    });
}

function sinceOption(): Option {
  return new Option(
    '--since <time>',
    'only since then: 10m, 2h, 1d ago, or a time (RFC 3339)',
  ).argParser(parseSince);
}
