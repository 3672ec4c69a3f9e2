/** The command line of `fleet-agent join`. */
import { Command, Option } from 'commander';
import { assertNoSecret } from '../../proto/pki/token-file.ts';

export interface JoinArguments {
  /** `-`: standard input. */
  readonly tokenFile: string;
  readonly configPath: string;
  /** Null: as the configuration says, or this machine's name. */
  readonly host: string | null;
  /** Null: as the configuration says. */
  readonly directory: string | null;
  readonly mayReplace: boolean;
}

/** Beside the configuration: `/etc/fleetvisor/pki`, where that one is in its usual place. */
export const DEFAULT_PKI_DIRECTORY = 'pki';

/**
 * Prints help or a usage error itself, and exits with 0 or 2 then.
 * @throws FleetError where a join string is among them
 */
export function parseJoinArguments(
  args: readonly string[],
  defaults: { readonly configPath: string; readonly exit: (code: number) => never },
): JoinArguments {
  assertNoSecret(args);
  const command = new Command('fleet-agent join')
    .description('Lets this host into a fleet: makes its key here and gets a certificate for it.')
    .requiredOption(
      '--token-file <file>',
      'holds what fleetctl token create printed; - for standard input',
    )
    .option('-c, --configuration <file>', `configuration file (default: ${defaults.configPath})`)
    .addOption(new Option('--config <file>').hideHelp())
    .option('--host <name>', 'the name of this host in the fleet (default: that of the machine)')
    .option(
      '--dir <directory>',
      `for the three files (default: ${DEFAULT_PKI_DIRECTORY} beside the configuration)`,
    )
    .option('--replace', 'replace a certificate that still works')
    .allowExcessArguments(false)
    .exitOverride((error) => defaults.exit(error.exitCode === 0 ? 0 : 2));
  const options = command.parse(args, { from: 'user' }).opts<{
    tokenFile: string;
    configuration?: string;
    config?: string;
    host?: string;
    dir?: string;
    replace?: true;
  }>();
  return {
    tokenFile: options.tokenFile,
    configPath: options.configuration ?? options.config ?? defaults.configPath,
    host: options.host ?? null,
    directory: options.dir ?? null,
    mayReplace: options.replace === true,
  };
}
