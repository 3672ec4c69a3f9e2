/**
 * The command line that both daemons share: `-c FILE`, `--check [--strict]`; and further flags of
 * one of them, which stand for settings of its file. There is no mode but the foreground; systemd,
 * launchd or rc.d starts them.
 */
import { Command, Option } from 'commander';
import { PRODUCT_VERSION } from '../version.ts';

export interface DaemonArguments {
  readonly configPath: string;
  /** Validate the configuration and exit. */
  readonly isCheck: boolean;
  /** With check: warnings count as errors. */
  readonly isStrict: boolean;
  /** Of the flags for settings, those that were given, by the setting that each stands for. */
  readonly settings: ReadonlyMap<string, GivenSetting>;
}

export interface GivenSetting {
  /** As people know it: `--logfile`. */
  readonly flag: string;
  /** Of a flag without one: `true`. */
  readonly value: string;
}

/** A flag that stands for a setting of the name of its long form. */
export interface SettingFlag {
  /** As commander has it: `-l, --logfile <file>`. */
  readonly flags: string;
  readonly summary: string;
}

export interface DaemonProgram {
  readonly name: string;
  readonly description: string;
  readonly defaultConfig: string;
  readonly settingFlags: readonly SettingFlag[];
  /** What else the program does, by its first word; told in the help, and read elsewhere. */
  readonly commands: readonly { readonly usage: string; readonly summary: string }[];
}

/** Prints help or a usage error itself and ends the program with 0 or 2 then. */
export function parseDaemonArguments(
  program: DaemonProgram,
  args: readonly string[],
): DaemonArguments {
  const settings = new Map<string, GivenSetting>();
  const command = new Command(program.name)
    .description(program.description)
    .option('-c, --configuration <file>', `configuration file (default: ${program.defaultConfig})`)
    .addOption(new Option('--config <file>').hideHelp())
    .option('--check', 'check the configuration, say what is wrong, and exit')
    .option('--strict', 'with --check: warnings count as errors')
    .option('-n, --nodaemon', 'stay in the foreground, which is the only mode');
  for (const { flags, summary } of program.settingFlags) {
    const option = new Option(flags, summary);
    const setting = option.name();
    command.addOption(option).on(`option:${setting}`, (value: string | null) => {
      settings.set(setting, { flag: `--${setting}`, value: value ?? 'true' });
    });
  }
  command
    .addHelpText('after', commandsText(program))
    .version(PRODUCT_VERSION, '-v, --version')
    .addOption(new Option('-?').hideHelp())
    .on('option:?', () => command.help())
    .allowExcessArguments(false)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
  const options = command.parse(args, { from: 'user' }).opts<{
    configuration?: string;
    config?: string;
    check?: true;
    strict?: true;
  }>();
  return {
    configPath: options.configuration ?? options.config ?? program.defaultConfig,
    isCheck: options.check === true,
    isStrict: options.strict === true,
    settings,
  };
}

function commandsText({ name, commands }: DaemonProgram): string {
  const width = Math.max(...commands.map(({ usage }) => usage.length));
  const lines = commands.map(({ usage, summary }) => `  ${usage.padEnd(width)}  ${summary}`);
  return ['', 'Commands:', ...lines, '', `More of each: ${name} COMMAND --help`].join('\n');
}
