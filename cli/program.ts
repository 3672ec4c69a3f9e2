/**
 * The tree of commands: names, arguments, options and help, nothing else. Every action imports its
 * command only when it runs, since `fleetctl --help` must not wait for grpc-js.
 */
import { Command, CommanderError } from 'commander';
import { PRODUCT_VERSION } from '../proto/version.ts';
import type { Environment } from './ports.ts';
import { addConfiguration } from './tree/configuration.ts';
import { addSignal, addStartStopRestart } from './tree/control.ts';
import { addGroups } from './tree/groups.ts';
import { addHosts, addVersion } from './tree/hosts.ts';
import { addLogin } from './tree/login.ts';
import { addLogs, addTail } from './tree/logs.ts';
import { addRun } from './tree/runs.ts';
import { type Finish, withExamples } from './tree/shared.ts';
import { addDescribe, addStatus } from './tree/status.ts';
import { usageError } from './usage-error.ts';

/** @returns the exit code */
export async function runProgram(
  words: readonly string[],
  environment: Environment,
): Promise<number> {
  const finish: Finish = { exitCode: 0 };
  try {
    const program = await createProgram(environment, finish, words);
    await program.parseAsync(words, { from: 'user' });
    return finish.exitCode;
  } catch (caught) {
    // Only after `--help` and `--version`: other endings of the parser are usage errors by then.
    if (caught instanceof CommanderError) return caught.exitCode;
    throw caught;
  }
}

async function createProgram(
  environment: Environment,
  finish: Finish,
  words: readonly string[],
): Promise<Command> {
  const program = new Command('fleetctl')
    .description('Starts, stops, restarts and watches processes on many hosts.')
    .version(`fleetctl ${PRODUCT_VERSION}`, '-V, --version', 'show the version of fleetctl')
    .option('--config <file>', 'configuration file (default: ~/.config/fleetctl/config)')
    .option('--context <name>', 'which [context:NAME] of the configuration')
    .option('--local', 'this host only, without a controller, as supervisorctl: see --local help')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: environment.stdout.write,
      writeErr: environment.stderr.write,
      // A usage error is thrown as well, and printed where all errors are.
      outputError: () => {},
    })
    .helpCommand('help [command]', 'show help for a command');
  const actions = { environment, finish };
  addStatus(program, actions);
  addDescribe(program, actions);
  addLogs(program, actions);
  addTail(program, actions);
  addStartStopRestart(program, actions);
  addSignal(program, actions);
  addConfiguration(program, actions);
  addRun(program, actions);
  addHosts(program, actions);
  await addGroups(program, actions, words);
  addLogin(program, actions);
  addVersion(program, actions);
  nameHelp(program, 'fleetctl');
  return withExamples(program, [
    'fleetctl status',
    "fleetctl restart 'web:*' --hosts 'prod-*'",
    'fleetctl restart web --hosts prod-1,prod-2 --dry-run',
    "fleetctl logs -f 'web:*' --hosts 'prod-*'",
    "fleetctl signal HUP nginx --hosts 'prod-web-*' --reason 'new certificate'",
    'fleetctl --local status',
  ]);
}

function optionsOf(command: Command): readonly string[] {
  const own = command.options.flatMap(({ long }) => long ?? []);
  return command.parent === null ? own : [...own, ...optionsOf(command.parent)];
}

/** A usage error of a command names the help of that very command. */
function nameHelp(command: Command, path: string): void {
  command.exitOverride((exit) => {
    throw usageError(exit, path, optionsOf(command));
  });
  for (const child of command.commands) nameHelp(child, `${path} ${child.name()}`);
}
