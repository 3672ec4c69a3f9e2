/** From the command line of a changing verb to the request that the controller gets. */
import { FleetError, type Refusal, refusal } from '../proto/errors.ts';
import type { OperationRequest, Order } from '../proto/operation.ts';
import { makeOperationId, OPERATION_ID_RANDOM_BYTES } from '../proto/operation-id.ts';
import { parseSignalName } from '../proto/signal-name.ts';
import type { Strategy } from '../proto/strategy.ts';
import type { OperationId, Verb } from '../proto/vocabulary.ts';
import {
  contradictionInStrategy,
  contradictionInWaiting,
  type WaitOptions,
} from './contradictions.ts';
import { resolveHosts } from './hosts-expression.ts';
import type { Environment } from './ports.ts';
import { shellWord } from './render/shell.ts';
import { refusalOfEmpty } from './selection.ts';

export interface RequestOptions {
  readonly verb: Verb;
  /** As typed; only with `signal`. */
  readonly signal: string | null;
  readonly processes: readonly string[];
  /** Null where it was not given, which is refused. */
  readonly hosts: string | null;
  readonly order: Order;
  readonly fullStop: boolean;
  readonly strategy: Strategy;
  readonly expectHosts: number | null;
  readonly reason: string;
  readonly allowedOnly: boolean;
}

/** Reads files and standard input where the hosts are named there. Throws a `FleetError`. */
export async function readRequest(
  environment: Pick<Environment, 'clock' | 'randomBytes' | 'readText'>,
  options: RequestOptions & WaitOptions,
): Promise<OperationRequest> {
  const { verb, processes, order, fullStop, strategy, expectHosts, reason, allowedOnly } = options;
  const contradiction =
    contradictionInWaiting(options) ?? contradictionInStrategy(strategy, fullStop);
  if (contradiction !== null) throw new FleetError(contradiction);
  if (options.hosts === null) {
    throw new FleetError(hostsMissing(verb, processes));
  }
  const named = verb === 'update' ? 'group' : 'process';
  const empty = refusalOfEmpty({ hosts: options.hosts, processes, named });
  if (empty !== null) throw new FleetError(empty);
  const signal = options.signal === null ? null : parseSignalName(options.signal);
  if (signal !== null && typeof signal !== 'string') throw new FleetError(signal);
  const hosts = await resolveHosts(options.hosts, environment.readText);
  const id = newOperationId(environment);
  const plain = { id, verb, signal, hosts, processes, order, fullStop, strategy };
  return { ...plain, expectHosts, reason, allowedOnly };
}

export function newOperationId({
  clock,
  randomBytes,
}: Pick<Environment, 'clock' | 'randomBytes'>): OperationId {
  return makeOperationId(clock.nowMs(), randomBytes(OPERATION_ID_RANDOM_BYTES));
}

function hostsMissing(verb: Verb, processes: readonly string[]): Refusal {
  return refusal('usage', `${verb} needs --hosts`, {
    cause: 'what changes something never means the whole fleet by accident',
    fix: `fleetctl ${[verb, ...processes].map(shellWord).join(' ')} --hosts 'prod-*', or --hosts '@*' for the whole fleet`,
  });
}
