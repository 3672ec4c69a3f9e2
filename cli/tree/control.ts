/**
 * The commands that change something: `start`, `stop`, `restart` and `signal`, and the options that
 * they share with everything else that becomes an operation.
 */
import { type Command, Option } from 'commander';
import { ORDERS, type Order } from '../../proto/operation.ts';
import type { Verb } from '../../proto/vocabulary.ts';
import type { WaitOptions } from '../contradictions.ts';
import {
  type Actions,
  allowedOnlyOption,
  connection,
  hostsOption,
  outputOption,
  PROCESSES,
  withExamples,
} from './shared.ts';
import {
  addPaceOptions,
  addTroubleOptions,
  PACE,
  type StrategyFlags,
  strategyOf,
} from './strategy.ts';
import { parseCount, parseDurationMs } from './values.ts';

const WHERE = 'Where:';

interface ChangingFlags extends StrategyFlags, WaitFlags {
  readonly hosts?: string;
  readonly allowedOnly?: boolean;
  /** Not with `signal` and `update`. */
  readonly order?: Order;
  readonly fullStop?: boolean;
}

/** Of everything that becomes an operation. */
export interface WaitFlags {
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
      .argument('<processes...>', PROCESSES);
    addWhereOptions(command).addOption(orderOption());
    if (verb === 'restart') command.addOption(fullStopOption());
    addPaceOptions(command, verb);
    addTroubleOptions(command);
    addCommonOptions(command, verb).action((processes: string[]) =>
      runControl(actions, command, { verb, signal: null, processes }),
    );
    withExamples(command, [
      `fleetctl ${verb} web --hosts prod-1,prod-2`,
      `fleetctl ${verb} 'web:*' --hosts 'prod-*' --dry-run`,
      `fleetctl ${verb} web --hosts 'prod-*' --canary 1 --batch 20% --max-errors 5%`,
      `fleetctl ${verb} all --hosts '@*' --timeout 5m`,
    ]);
  }
}

/** A signal has no order: everybody gets it at once, or batch by batch. */
export function addSignal(parent: Command, actions: Actions): void {
  const command = parent
    .command('signal')
    .summary('send a signal to processes')
    .argument('<signal>', 'a name as HUP or SIGUSR1')
    .argument('<processes...>', PROCESSES);
  addPaceOptions(addWhereOptions(command), 'signal');
  addTroubleOptions(command);
  addCommonOptions(command, 'signal').action((signal: string, processes: string[]) =>
    runControl(actions, command, { verb: 'signal', signal, processes }),
  );
  withExamples(command, [
    "fleetctl signal HUP nginx --hosts 'prod-web-*'",
    "fleetctl signal HUP nginx --hosts 'prod-web-*' --batch 10 --batch-wait 30s",
  ]);
}

/** `--hosts` is checked by the command, which can say more than that it is missing. */
export function addWhereOptions(command: Command): Command {
  return command
    .addOption(hostsOption("required: which hosts; '@*' is the whole fleet").helpGroup(WHERE))
    .addOption(expectOption().helpGroup(WHERE))
    .addOption(allowedOnlyOption().helpGroup(WHERE));
}

export function expectOption(): Option {
  return new Option('--expect <hosts>', 'refuse to touch another number of hosts').argParser(
    parseCount,
  );
}

/** What fleetctl itself does about something that becomes an operation. */
export function addCommonOptions(
  command: Command,
  verb: Verb | 'retry' | 'run',
  formats: readonly string[] = ['table', 'json'],
): Command {
  return command
    .option('-n, --dry-run', `show what would be done, in order and why, and ${verb} nothing`)
    .option('-y, --yes', 'do not ask, however many hosts it touches')
    .addOption(timeoutOption())
    .option('--detach', 'do not wait: say how to watch it and leave')
    .addOption(quietOption())
    .option('--reason <text>', 'why, for those who read the history')
    .addOption(outputOption(formats));
}

function orderOption(): Option {
  return new Option('--order <order>', 'finish a tier on all hosts first, or each host on its own')
    .choices(ORDERS)
    .default('tier')
    .helpGroup(PACE);
}

function fullStopOption(): Option {
  return new Option(
    '--full-stop',
    'stop everything, last tier first, before anything is started',
  ).helpGroup(PACE);
}

export function timeoutOption(): Option {
  return new Option(
    '--timeout <duration>',
    'wait no longer (30, 30s, 5m, 2h, 3d) and leave with code 124; it goes on',
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
    ...waitOptions(flags),
    hosts: flags.hosts ?? null,
    order: flags.order ?? 'tier',
    fullStop: flags.fullStop ?? false,
    strategy: strategyOf(flags),
    expectHosts: flags.expect ?? null,
    reason: flags.reason ?? '',
    allowedOnly: flags.allowedOnly ?? false,
    output: flags.output,
  });
}

export function waitOptions(flags: Omit<WaitFlags, 'output'>): Omit<WaitOptions, 'output'> {
  return {
    timeoutMs: flags.timeout ?? null,
    dryRun: flags.dryRun ?? false,
    yes: flags.yes ?? false,
    detach: flags.detach ?? false,
    quiet: flags.quiet ?? false,
  };
}
