/** The commands that change something: `start`, `stop`, `restart` and `signal`. */
import { type Command, Option } from 'commander';
import { ORDERS, type Order } from '../../proto/operation.ts';
import type { Verb } from '../../proto/vocabulary.ts';
import {
  type Actions,
  connection,
  hostsOption,
  outputOption,
  PROCESSES,
  withExamples,
} from './shared.ts';
import { parseCount, parseDurationMs } from './values.ts';

interface ChangingFlags {
  readonly hosts?: string;
  /** Not with `signal` and `update`. */
  readonly order?: Order;
  readonly fullStop?: boolean;
  readonly expect?: number;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly timeout?: number;
  readonly detach?: boolean;
  readonly quiet?: boolean;
  readonly reason?: string;
  readonly output: 'table' | 'json';
}

export function addStartStopRestart(parent: Command, actions: Actions): void {
  for (const verb of ['start', 'stop', 'restart'] as const) {
    const command = parent
      .command(verb)
      .summary(`${verb} processes`)
      .argument('<processes...>', PROCESSES)
      .addOption(hostsOption("required: which hosts; '@*' is the whole fleet"))
      .addOption(orderOption());
    if (verb === 'restart') {
      command.option('--full-stop', 'stop everything, last tier first, before anything is started');
    }
    addCommonOptions(command, verb).action((processes: string[]) =>
      runControl(actions, command, { verb, signal: null, processes }),
    );
    withExamples(command, [
      `fleetctl ${verb} web --hosts prod-1,prod-2`,
      `fleetctl ${verb} 'web:*' --hosts 'prod-*' --dry-run`,
      `fleetctl ${verb} all --hosts '@*' --timeout 5m`,
    ]);
  }
}

/** A signal has no order: everybody gets it at once. */
export function addSignal(parent: Command, actions: Actions): void {
  const command = parent
    .command('signal')
    .summary('send a signal to processes')
    .argument('<signal>', 'a name as HUP or SIGUSR1')
    .argument('<processes...>', PROCESSES)
    .addOption(hostsOption("required: which hosts; '@*' is the whole fleet"));
  addCommonOptions(command, 'signal').action((signal: string, processes: string[]) =>
    runControl(actions, command, { verb: 'signal', signal, processes }),
  );
  withExamples(command, ["fleetctl signal HUP nginx --hosts 'prod-web-*'"]);
}

/** `--hosts` is checked by the command, which can say more than that it is missing. */
export function addCommonOptions(command: Command, verb: Verb): Command {
  return command
    .addOption(
      new Option('--expect <hosts>', 'refuse to touch another number of hosts').argParser(
        parseCount,
      ),
    )
    .option('-n, --dry-run', `show what would be done, in order and why, and ${verb} nothing`)
    .option('-y, --yes', 'do not ask, however many hosts it touches')
    .addOption(timeoutOption())
    .option('--detach', 'do not wait: say how to watch it and leave')
    .addOption(quietOption())
    .option('--reason <text>', 'why, for those who read the history')
    .addOption(outputOption(['table', 'json']));
}

function orderOption(): Option {
  return new Option('--order <order>', 'finish a tier on all hosts first, or each host on its own')
    .choices(ORDERS)
    .default('tier');
}

export function timeoutOption(): Option {
  return new Option(
    '--timeout <duration>',
    'wait no longer (30, 30s, 5m, 2h) and leave with code 124; it goes on',
  ).argParser(parseDurationMs);
}

export function quietOption(): Option {
  return new Option('-q, --quiet', 'say nothing but what went wrong; with --detach, only the id');
}

export async function runControl(
  { environment, finish }: Actions,
  command: Command,
  what: {
    readonly verb: Verb;
    readonly signal: string | null;
    readonly processes: readonly string[];
  },
): Promise<void> {
  const { control } = await import('../commands/control.ts');
  const flags = command.opts<ChangingFlags>();
  finish.exitCode = await control(environment, {
    ...connection(command),
    ...what,
    hosts: flags.hosts ?? null,
    order: flags.order ?? 'tier',
    fullStop: flags.fullStop ?? false,
    expectHosts: flags.expect ?? null,
    timeoutMs: flags.timeout ?? null,
    dryRun: flags.dryRun ?? false,
    yes: flags.yes ?? false,
    detach: flags.detach ?? false,
    quiet: flags.quiet ?? false,
    reason: flags.reason ?? '',
    output: flags.output,
  });
}
