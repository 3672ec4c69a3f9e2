/** What `logs` and `tail` were given, as the controller takes it; refused before it is dialled. */
import { FleetError, type Refusal, refusal } from '../proto/errors.ts';
import type { LogChannel } from '../proto/local-orders.ts';
import type { LogSelection, LogsRequest } from '../proto/log-messages.ts';
import { resolveHosts } from './hosts-expression.ts';
import type { Environment } from './ports.ts';
import { refusalOfEmpty } from './selection.ts';

export interface LogWords {
  readonly verb: 'logs' | 'tail';
  readonly processes: readonly string[];
  /** Null where it was not given, which is refused. */
  readonly hosts: string | null;
  readonly channels: readonly LogChannel[];
  readonly selection: LogSelection;
  readonly allowedOnly: boolean;
}

export async function logsRequest(
  { readText }: Pick<Environment, 'readText'>,
  { verb, processes, hosts, channels, selection, allowedOnly }: LogWords,
): Promise<LogsRequest> {
  if (hosts === null) throw new FleetError(hostsMissing(verb, processes));
  const empty = refusalOfEmpty({ hosts, processes }) ?? refusalOfGrep(selection.grep);
  if (empty !== null) throw new FleetError(empty);
  const resolved = await resolveHosts(hosts, readText);
  return { hosts: resolved, processes, channels, selection, allowedOnly };
}

function hostsMissing(verb: string, processes: readonly string[]): Refusal {
  const named = processes.length === 1 ? processes[0] : 'web';
  return refusal('usage', `${verb} needs --hosts`, {
    cause: 'logs of a whole fleet are more than anybody means by chance',
    fix: `fleetctl ${verb} ${named} --hosts 'prod-*', or --hosts '@*' for the whole fleet`,
  });
}

function refusalOfGrep(grep: string | null): Refusal | null {
  if (grep !== '') return null;
  return refusal('usage', 'the expression of --grep is empty', {
    cause: 'every line contains nothing, as an unset variable of a script would have it',
    fix: 'leave --grep out',
  });
}
