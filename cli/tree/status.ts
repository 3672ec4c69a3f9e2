/** The commands that look at processes: `status` and `describe`. */
import { type Command, Option } from 'commander';
import {
  type Actions,
  connection,
  hostsOption,
  outputOption,
  PROCESSES,
  withExamples,
} from './shared.ts';
import { parseDurationMs } from './values.ts';

/** As `watch` (procps) looks by default. */
const WATCH_INTERVAL = '2s';

interface StatusFlags {
  readonly hosts?: string;
  readonly output: 'table' | 'wide' | 'json' | 'jsonl' | 'name';
  readonly watch?: Watching;
}

export function addStatus(parent: Command, { environment, finish }: Actions): void {
  const command = parent
    .command('status')
    .summary('show processes and whether they run')
    .description(
      'Shows processes. Exit code 3 unless all of them are RUNNING, and healthy if checked.',
    )
    .argument('[processes...]', PROCESSES)
    .addOption(hostsOption('only on these hosts'))
    .addOption(
      new Option('-w, --watch [seconds]', 'go on showing it, every 2 seconds or as said')
        .preset(WATCH_INTERVAL)
        .argParser(parseWatch),
    )
    .addOption(outputOption(['table', 'wide', 'json', 'jsonl', 'name']))
    .action(async (processes: string[]) => {
      const { status } = await import('../commands/status.ts');
      const flags = command.opts<StatusFlags>();
      finish.exitCode = await status(environment, {
        ...connection(command),
        processes: [...(flags.watch?.processes ?? []), ...processes],
        hosts: flags.hosts ?? null,
        output: flags.output,
        watchIntervalMs: flags.watch?.intervalMs ?? null,
      });
    });
  withExamples(command, [
    'fleetctl status',
    "fleetctl status 'web:*' --hosts 'prod-*' --watch",
    'fleetctl status -o json',
  ]);
}

export function addDescribe(parent: Command, { environment, finish }: Actions): void {
  const command = parent
    .command('describe')
    .summary('show everything that is known of a host or a process')
    .argument('<host[/process]>', 'a host, or one process on it')
    .addOption(outputOption(['table', 'json']))
    .action(async (subject: string) => {
      const { describe } = await import('../commands/describe.ts');
      const { output } = command.opts<{ output: 'table' | 'json' }>();
      finish.exitCode = await describe(environment, { ...connection(command), subject, output });
    });
  withExamples(command, ['fleetctl describe prod-1', 'fleetctl describe prod-1/web:web_0']);
}

/** What `-w` was followed by. */
interface Watching {
  readonly intervalMs: number;
  readonly processes: readonly string[];
}

/** In `status -w web` the parser takes `web` for the seconds; it is a process all the same. */
function parseWatch(text: string): Watching {
  if (/^[-+.\d]/.test(text)) return { intervalMs: parseDurationMs(text), processes: [] };
  return { intervalMs: parseDurationMs(WATCH_INTERVAL), processes: [text] };
}
