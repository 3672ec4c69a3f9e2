/** What the commands of the tree have in common: options that mean the same everywhere, and examples. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ConnectionOptions, Environment } from '../ports.ts';

/** An action reports its exit code here; parsing alone leaves 0. */
export interface Finish {
  exitCode: number;
}

export interface Actions {
  readonly environment: Environment;
  readonly finish: Finish;
}

export const PROCESSES = 'process names, group:name, group:*, globs, or all';

export const OPERATION = 'id of an operation, or its beginning; none, or last: your last one here';

export function connection(command: Command): ConnectionOptions {
  const { config, context } = command.optsWithGlobals<{ config?: string; context?: string }>();
  return { config: config ?? null, context: context ?? null };
}

export function outputOption(formats: readonly string[]): Option {
  return new Option('-o, --output <format>', 'how to print').choices(formats).default('table');
}

export function allowedOnlyOption(): Option {
  return new Option('--allowed-only', 'leave out what you may not do, instead of being refused');
}

/** Given twice, one of the two would be forgotten, and nobody could tell which. */
export function hostsOption(description: string): Option {
  return new Option('--hosts <selector>', description).argParser((text, before?: string) => {
    if (before === undefined) return text;
    throw new InvalidArgumentError(`It is given twice: say --hosts '${before},${text}'.`);
  });
}

/** Examples come first: most people look for one to change. */
export function withExamples(command: Command, examples: readonly string[]): Command {
  const lines = examples.map((example) => `  ${example}`);
  return command.addHelpText('before', `Examples:\n${lines.join('\n')}\n`);
}
