/**
 * `fleetctl op retry`: what an operation that has ended has not done, once more. It is a new
 * operation, with the verb, the strategy and the order of the old one.
 */

import { FleetError } from '../../proto/errors.ts';
import { contradictionInWaiting, type WaitOptions } from '../contradictions.ts';
import { newOperationId } from '../operation-request.ts';
import type { ConnectionOptions, Environment } from '../ports.ts';
import { carryOut } from './carry-out.ts';
import { operationMeant } from './saved.ts';

export interface RetryOptions extends ConnectionOptions, WaitOptions {
  /** Or as much of its beginning as no other operation shares; null: the last one from here. */
  readonly id: string | null;
  readonly reason: string;
  readonly expectHosts: number | null;
  readonly allowedOnly: boolean;
}

export async function retryOperation(
  environment: Environment,
  options: RetryOptions,
): Promise<number> {
  const contradiction = contradictionInWaiting(options);
  if (contradiction !== null) throw new FleetError(contradiction);
  const { reason, expectHosts, allowedOnly } = options;
  using client = await environment.dial(options);
  const of = await operationMeant(environment, client, options.id);
  const id = newOperationId(environment);
  const submission = { kind: 'retry', id, of, reason, expectHosts, allowedOnly } as const;
  // Awaited here: the client must stay open until then.
  return await carryOut({ environment, client, options, submission });
}
