/** The commands that read logs: `logs` and `tail`. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { LOG_CHANNELS } from '../../proto/local-orders.ts';
import type { Since } from '../since.ts';
import {
  type Actions,
  allowedOnlyOption,
  connection,
  hostsOption,
  PROCESSES,
  withExamples,
} from './shared.ts';
import { parseSince } from './since.ts';

const WHICH_HOSTS = "required: on which hosts; '@*' is the whole fleet";
const FOLLOW = 'go on showing what comes, until Ctrl-C';
/** As `tail` has it. */
const TAIL_LINES = 10;

interface LogsFlags {
  readonly hosts?: string;
  readonly follow?: boolean;
  readonly lines?: number;
  readonly since?: Since;
  readonly grep?: string;
  readonly stdout?: boolean;
  readonly stderr?: boolean;
  readonly allowedOnly?: boolean;
  readonly output: 'text' | 'jsonl';
}

export function addLogs(parent: Command, { environment, finish }: Actions): void {
  const command = parent
    .command('logs')
    .summary('show what processes print, of many hosts as one')
    .description(
      'Shows what processes print, merged line by line: "host process | line", with ! for stderr.',
    )
    .argument('<processes...>', PROCESSES)
    .addOption(hostsOption(WHICH_HOSTS))
    .option('-f, --follow', FOLLOW)
    .addOption(
      linesOption('begin with the last so many of each log, or all; default 10, all with --since'),
    )
    .addOption(
      new Option(
        '--since <time>',
        'only since then: 10m, 2h, 1d ago, or a time (RFC 3339)',
      ).argParser(parseSince),
    )
    .option('--grep <regex>', 'only lines that contain it (RE2; begin with (?i) to ignore case)')
    .option('--stdout', 'only what is printed to stdout')
    .option('--stderr', 'only what is printed to stderr')
    .addOption(allowedOnlyOption())
    .addOption(
      new Option('-o, --output <format>', 'how to print')
        .choices(['text', 'jsonl'])
        .default('text'),
    )
    .action(async (processes: string[]) => {
      const { logs } = await import('../commands/logs.ts');
      const flags = command.opts<LogsFlags>();
      const named = LOG_CHANNELS.filter((channel) => flags[channel]);
      finish.exitCode = await logs(environment, {
        ...connection(command),
        processes,
        hosts: flags.hosts ?? null,
        channels: named.length === 0 ? LOG_CHANNELS : named,
        lines: flags.lines ?? null,
        since: flags.since ?? null,
        grep: flags.grep ?? null,
        follow: flags.follow ?? false,
        allowedOnly: flags.allowedOnly ?? false,
        output: flags.output,
      });
    });
  withExamples(command, [
    "fleetctl logs -f 'web:*' --hosts 'prod-*'",
    "fleetctl logs all --hosts 'prod-*' --since 10m --grep 'ERROR|WARN'",
    "fleetctl logs db --hosts '@*' --stderr -n 100 -o jsonl",
  ]);
}

interface TailFlags {
  readonly hosts?: string;
  readonly follow?: boolean;
  readonly lines?: number;
  readonly bytes?: number;
  readonly stderr?: boolean;
  readonly allowedOnly?: boolean;
}

export function addTail(parent: Command, { environment, finish }: Actions): void {
  const command = parent
    .command('tail')
    .summary('show the end of logs as they are')
    .description('Shows the end of logs byte for byte, as tail does of files.')
    .argument('<processes...>', PROCESSES)
    .addOption(hostsOption(WHICH_HOSTS))
    .option('-f, --follow', FOLLOW)
    .addOption(linesOption(`the last so many lines, or all; default ${TAIL_LINES}`))
    .addOption(
      new Option('-c, --bytes <count>', 'the last so many bytes instead')
        .argParser((text) => parseWhole(text, 'a whole number'))
        .conflicts('lines'),
    )
    .option('--stderr', 'what is printed to stderr instead of stdout')
    .addOption(allowedOnlyOption())
    .action(async (processes: string[]) => {
      const { tail } = await import('../commands/tail.ts');
      const { hosts, follow, lines, bytes, stderr, allowedOnly } = command.opts<TailFlags>();
      finish.exitCode = await tail(environment, {
        ...connection(command),
        processes,
        hosts: hosts ?? null,
        from:
          bytes === undefined
            ? { kind: 'lines', lines: lines ?? TAIL_LINES }
            : { kind: 'bytes', bytes },
        follow: follow ?? false,
        stderr: stderr ?? false,
        allowedOnly: allowedOnly ?? false,
      });
    });
  withExamples(command, [
    'fleetctl tail web --hosts prod-1',
    "fleetctl tail -f web db --hosts 'prod-*'",
    'fleetctl tail -c 100000 web --hosts prod-1 --stderr > web.err',
  ]);
}

function linesOption(description: string): Option {
  return new Option('-n, --lines <count>', description).argParser((text) =>
    text === 'all' ? Number.MAX_SAFE_INTEGER : parseWhole(text, 'all or a whole number'),
  );
}

/** Fifteen digits are exact numbers still, and more than any log has. */
function parseWhole(text: string, expected: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError(`Expected is ${expected}.`);
}
