/**
 * The command line that both daemons share: `-c FILE`, `--check [--strict]`. There is no mode but
 * the foreground; systemd, launchd or rc.d starts them.
 */
import { Command } from 'commander';
import { PRODUCT_VERSION } from '../version.ts';

export interface DaemonArguments {
  readonly configPath: string;
  /** Validate the configuration and exit. */
  readonly isCheck: boolean;
  /** With check: warnings count as errors. */
  readonly isStrict: boolean;
}

/** Prints help or a usage error itself and ends the program with 0 or 2 then. */
export function parseDaemonArguments(
  about: { readonly name: string; readonly description: string; readonly defaultConfig: string },
  args: readonly string[],
): DaemonArguments {
  const command = new Command(about.name)
    .description(about.description)
    .option('-c, --config <file>', 'configuration file', about.defaultConfig)
    .option('--check', 'check the configuration, say what is wrong, and exit', false)
    .option('--strict', 'with --check: warnings count as errors', false)
    .option('-n, --nodaemon', 'stay in the foreground, which is the only mode', true)
    .version(PRODUCT_VERSION, '-v, --version')
    .allowExcessArguments(false)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
  const options = command.parse(args, { from: 'user' }).opts<{
    config: string;
    check: boolean;
    strict: boolean;
  }>();
  return { configPath: options.config, isCheck: options.check, isStrict: options.strict };
}
