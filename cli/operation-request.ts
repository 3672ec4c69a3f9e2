/**
 * From the command line of a changing verb to the request that the controller gets. Options that
 * contradict one another are refused here, with the reason: ignoring one would do something else
 * than was asked.
 */
import { FleetError, type Refusal, refusal } from '../proto/errors.ts';
import type { OperationRequest, Order } from '../proto/operation.ts';
import { makeOperationId, OPERATION_ID_RANDOM_BYTES } from '../proto/operation-id.ts';
import type { Verb } from '../proto/vocabulary.ts';
import { resolveHosts } from './hosts-expression.ts';
import type { Environment } from './ports.ts';
import { shellWord } from './render/shell.ts';
import { refusalOfEmpty } from './selection.ts';
import { parseSignalName } from './signal-name.ts';

export interface RequestOptions {
  readonly verb: Verb;
  /** As typed; only with `signal`. */
  readonly signal: string | null;
  readonly processes: readonly string[];
  /** Null where it was not given, which is refused. */
  readonly hosts: string | null;
  readonly order: Order;
  readonly fullStop: boolean;
  readonly expectHosts: number | null;
  readonly reason: string;
}

export interface WaitOptions {
  readonly dryRun: boolean;
  readonly detach: boolean;
  readonly quiet: boolean;
  readonly timeoutMs: number | null;
  readonly output: 'table' | 'json';
}

/** Reads files and standard input where the hosts are named there. Throws a `FleetError`. */
export async function readRequest(
  { clock, randomBytes, readText }: Pick<Environment, 'clock' | 'randomBytes' | 'readText'>,
  options: RequestOptions & WaitOptions,
): Promise<OperationRequest> {
  const { verb, processes, order, fullStop, expectHosts, reason } = options;
  const contradiction = contradictionOf(options);
  if (contradiction !== null) throw new FleetError(contradiction);
  if (options.hosts === null) {
    throw new FleetError(hostsMissing(verb, processes));
  }
  const named = verb === 'update' ? 'group' : 'process';
  const empty = refusalOfEmpty({ hosts: options.hosts, processes, named });
  if (empty !== null) throw new FleetError(empty);
  const signal = options.signal === null ? null : parseSignalName(options.signal);
  if (signal !== null && typeof signal !== 'string') throw new FleetError(signal);
  const hosts = await resolveHosts(options.hosts, readText);
  const id = makeOperationId(clock.nowMs(), randomBytes(OPERATION_ID_RANDOM_BYTES));
  return { id, verb, signal, hosts, processes, order, fullStop, expectHosts, reason };
}

function contradictionOf({
  dryRun,
  detach,
  quiet,
  timeoutMs,
  output,
}: WaitOptions): Refusal | null {
  if (dryRun && detach) {
    return contradiction('--dry-run', '--detach', 'a dry run does nothing that could go on');
  }
  if (dryRun && timeoutMs !== null) {
    return contradiction(
      '--dry-run',
      '--timeout',
      'a dry run does nothing that could be waited for',
    );
  }
  if (detach && timeoutMs !== null) {
    return contradiction('--detach', '--timeout', '--detach does not wait at all');
  }
  if (detach && quiet && output === 'json') {
    const cause = '--quiet prints only the id, -o json the whole operation';
    return contradiction('--quiet', '-o json', cause);
  }
  return null;
}

function contradiction(one: string, other: string, cause: string): Refusal {
  return refusal('usage', `${one} and ${other} contradict each other`, {
    cause,
    fix: 'leave one of them out',
  });
}

function hostsMissing(verb: Verb, processes: readonly string[]): Refusal {
  return refusal('usage', `${verb} needs --hosts`, {
    cause: 'what changes something never means the whole fleet by accident',
    fix: `fleetctl ${[verb, ...processes].map(shellWord).join(' ')} --hosts 'prod-*', or --hosts '@*' for the whole fleet`,
  });
}
