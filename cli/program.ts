/**
 * The tree of commands: names, arguments, options and help, nothing else. Every action imports its
 * command only when it runs, since `fleetctl --help` must not wait for grpc-js.
 */
import { Command, InvalidArgumentError, Option } from 'commander';
import { PRODUCT_VERSION } from '../proto/version.ts';
import type { Verb } from '../proto/vocabulary.ts';
import type { ConnectionOptions, Environment } from './ports.ts';

/** An action reports its exit code here; parsing alone leaves 0. */
export interface Finish {
  exitCode: number;
}

export function createProgram(environment: Environment, finish: Finish): Command {
  const program = new Command('fleetctl')
    .description('Starts, stops, restarts and watches processes on many hosts.')
    .version(`fleetctl ${PRODUCT_VERSION}`, '-V, --version', 'show the version of fleetctl')
    .option('--config <file>', 'configuration file (default: ~/.config/fleetctl/config)')
    .option('--context <name>', 'which [context:NAME] of the configuration')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: environment.stdout.write,
      writeErr: environment.stderr.write,
      // A usage error is thrown as well, and printed where all errors are.
      outputError: () => {},
    })
    .exitOverride()
    .helpCommand('help [command]', 'show help for a command');
  const actions: Actions = { environment, finish };

  addStatus(program, actions);
  addStartStopRestart(program, actions);
  addSignal(program, actions);
  addHosts(program, actions);
  addOperation(program, actions);
  addVersion(program, actions);
  return withExamples(program, [
    'fleetctl status',
    "fleetctl restart 'web:*' --hosts 'prod-*'",
    'fleetctl restart web --hosts prod-1,prod-2 --dry-run',
    "fleetctl signal HUP nginx --hosts 'prod-web-*' --reason 'new certificate'",
  ]);
}

interface Actions {
  readonly environment: Environment;
  readonly finish: Finish;
}

const PROCESSES = 'process names, group:name, group:*, globs, or all';

function addStatus(parent: Command, { environment, finish }: Actions): void {
  const command = parent
    .command('status')
    .summary('show processes and whether they run')
    .description('Shows processes. Exit code 3 unless all of them are RUNNING.')
    .argument('[processes...]', PROCESSES)
    .addOption(hostsOption('only on these hosts'))
    .addOption(output(['table', 'json', 'jsonl']))
    .action(async (processes: string[]) => {
      const { status } = await import('./commands/status.ts');
      const options = command.opts<{ hosts?: string; output: 'table' | 'json' | 'jsonl' }>();
      finish.exitCode = await status(environment, {
        ...connection(command),
        processes,
        hosts: options.hosts ?? null,
        output: options.output,
      });
    });
  withExamples(command, ['fleetctl status', "fleetctl status 'web:*' --hosts 'prod-*' -o json"]);
}

function addStartStopRestart(parent: Command, actions: Actions): void {
  for (const verb of ['start', 'stop', 'restart'] as const) {
    const command = changing(parent.command(verb), verb)
      .summary(`${verb} processes`)
      .argument('<processes...>', PROCESSES)
      .action((processes: string[]) =>
        runControl(actions, command, { verb, signal: null, processes }),
      );
    withExamples(command, [
      `fleetctl ${verb} web --hosts prod-1,prod-2`,
      `fleetctl ${verb} 'web:*' --hosts 'prod-*' --dry-run`,
      `fleetctl ${verb} all --hosts '@*'`,
    ]);
  }
}

function addSignal(parent: Command, actions: Actions): void {
  const command = changing(parent.command('signal'), 'signal')
    .summary('send a signal to processes')
    .argument('<signal>', 'a name as HUP or SIGUSR1')
    .argument('<processes...>', PROCESSES)
    .action((signal: string, processes: string[]) =>
      runControl(actions, command, { verb: 'signal', signal, processes }),
    );
  withExamples(command, ["fleetctl signal HUP nginx --hosts 'prod-web-*'"]);
}

function addHosts(parent: Command, { environment, finish }: Actions): void {
  const command = parent
    .command('hosts')
    .summary('show hosts and whether they are connected')
    .argument('[selector]', 'only these hosts')
    .addOption(output(['table', 'json', 'jsonl']))
    .action(async (selector: string | undefined) => {
      const { hosts } = await import('./commands/hosts.ts');
      const options = command.opts<{ output: 'table' | 'json' | 'jsonl' }>();
      finish.exitCode = await hosts(environment, {
        ...connection(command),
        selector: selector ?? null,
        output: options.output,
      });
    });
  withExamples(command, ['fleetctl hosts', "fleetctl hosts 'prod-*' -o json"]);
}

function addOperation(parent: Command, { environment, finish }: Actions): void {
  const operation = parent.command('op').summary('look after operations that were submitted');
  const command = operation
    .command('watch')
    .summary('watch an operation to its end')
    .description('Watches an operation to its end; the exit code is that of the operation.')
    .argument('<id>', 'as printed when fleetctl turned away from it')
    .addOption(output(['table', 'json']))
    .action(async (id: string) => {
      const { watch } = await import('./commands/operation.ts');
      const options = command.opts<{ output: 'table' | 'json' }>();
      finish.exitCode = await watch(environment, {
        ...connection(command),
        id,
        output: options.output,
      });
    });
}

function addVersion(parent: Command, { environment, finish }: Actions): void {
  const command = parent
    .command('version')
    .summary('show the versions of fleetctl and of the controller')
    .addOption(output(['table', 'json']))
    .action(async () => {
      const { version } = await import('./commands/version.ts');
      const options = command.opts<{ output: 'table' | 'json' }>();
      finish.exitCode = await version(environment, {
        ...connection(command),
        output: options.output,
      });
    });
}

interface ChangingFlags {
  readonly hosts?: string;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly reason?: string;
  readonly output: 'table' | 'json';
}

/** `--hosts` is checked by the command, which can say more than that it is missing. */
function changing(command: Command, verb: Verb): Command {
  return command
    .addOption(hostsOption("required: which hosts; '@*' is the whole fleet"))
    .option('-n, --dry-run', `show what would be done, in order, and ${verb} nothing`)
    .option('-y, --yes', 'do not ask, however many hosts it touches')
    .option('--reason <text>', 'why, for those who read the history')
    .addOption(output(['table', 'json']));
}

async function runControl(
  { environment, finish }: Actions,
  command: Command,
  what: {
    readonly verb: Verb;
    readonly signal: string | null;
    readonly processes: readonly string[];
  },
): Promise<void> {
  const { control } = await import('./commands/control.ts');
  const flags = command.opts<ChangingFlags>();
  finish.exitCode = await control(environment, {
    ...connection(command),
    ...what,
    hosts: flags.hosts ?? null,
    yes: flags.yes ?? false,
    dryRun: flags.dryRun ?? false,
    reason: flags.reason ?? '',
    output: flags.output,
  });
}

function connection(command: Command): ConnectionOptions {
  const { config, context } = command.optsWithGlobals<{ config?: string; context?: string }>();
  return { config: config ?? null, context: context ?? null };
}

function output(formats: readonly string[]): Option {
  return new Option('-o, --output <format>', 'how to print').choices(formats).default('table');
}

/** Given twice, one of the two would be forgotten, and nobody could tell which. */
function hostsOption(description: string): Option {
  return new Option('--hosts <selector>', description).argParser((text, before?: string) => {
    if (before === undefined) return text;
    throw new InvalidArgumentError(`It is given twice: say --hosts '${before},${text}'.`);
  });
}

/** Examples come first: most people look for one to change. */
function withExamples(command: Command, examples: readonly string[]): Command {
  const lines = examples.map((example) => `  ${example}`);
  return command.addHelpText('before', `Examples:\n${lines.join('\n')}\n`);
}
