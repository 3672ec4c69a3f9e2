/** `fleetctl tail`: the end of logs on many hosts as they are, byte for byte, and with `-f` what comes. */
import type { LogStart } from '../../proto/log-messages.ts';
import { logsRequest } from '../log-request.ts';
import type { ConnectionOptions, Environment } from '../ports.ts';
import { rawRenderer } from '../render/logs/raw.ts';
import { readLogs } from '../watch/read-logs.ts';

export interface TailOptions extends ConnectionOptions {
  readonly processes: readonly string[];
  readonly hosts: string | null;
  readonly from: LogStart;
  readonly follow: boolean;
  /** Instead of stdout. */
  readonly stderr: boolean;
  readonly allowedOnly: boolean;
}

export async function tail(environment: Environment, options: TailOptions): Promise<number> {
  const { processes, hosts, from, follow, allowedOnly } = options;
  const channels = [options.stderr ? 'stderr' : 'stdout'] as const;
  const selection = { from, sinceMs: null, grep: null, follow };
  const words = { verb: 'tail', processes, hosts, channels, selection, allowedOnly } as const;
  const request = await logsRequest(environment, words);
  const { isTerminal } = environment.logOutput;
  const render = rawRenderer({ isTerminal, colours: environment.stdout.colours, follow });
  using client = await environment.dial(options);
  return await readLogs(environment, { client, request, render });
}
