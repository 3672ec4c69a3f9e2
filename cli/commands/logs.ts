/** `fleetctl logs`: what programs on many hosts print, merged line by line, each with where it is from. */
import type { LogChannel } from '../../proto/local-orders.ts';
import type { LogStart } from '../../proto/log-messages.ts';
import { logsRequest } from '../log-request.ts';
import type { ConnectionOptions, Environment } from '../ports.ts';
import { jsonlRenderer } from '../render/logs/jsonl.ts';
import { prefixedRenderer } from '../render/logs/prefixed.ts';
import { type Since, timeOf } from '../since.ts';
import { readLogs } from '../watch/read-logs.ts';

export interface LogsOptions extends ConnectionOptions {
  readonly processes: readonly string[];
  readonly hosts: string | null;
  readonly channels: readonly LogChannel[];
  /** Null where it was not given. */
  readonly lines: number | null;
  readonly since: Since | null;
  readonly grep: string | null;
  readonly follow: boolean;
  readonly allowedOnly: boolean;
  readonly output: 'text' | 'jsonl';
}

/** As `tail` has it. */
const LINES = 10;

export async function logs(environment: Environment, options: LogsOptions): Promise<number> {
  const { processes, hosts, channels, since, grep, follow, allowedOnly, output } = options;
  const selection = {
    from: startOf(options),
    sinceMs: timeOf(since, environment.clock),
    grep,
    follow,
  };
  const words = { verb: 'logs', processes, hosts, channels, selection, allowedOnly } as const;
  const request = await logsRequest(environment, words);
  const { isTerminal } = environment.logOutput;
  const { colours } = environment.stdout;
  const render =
    output === 'jsonl' ? jsonlRenderer : prefixedRenderer({ isTerminal, colours, follow });
  using client = await environment.dial(options);
  return await readLogs(environment, { client, request, render });
}

/** Who names a time wants all that came after it. */
function startOf({ lines, since }: LogsOptions): LogStart {
  const unsaid = since === null ? LINES : Number.MAX_SAFE_INTEGER;
  return { kind: 'lines', lines: lines ?? unsaid };
}
