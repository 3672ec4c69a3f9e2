/** `fleetctl start`, `stop`, `restart`, `signal` and `update`. */
import type { WaitOptions } from '../contradictions.ts';
import { type RequestOptions, readRequest } from '../operation-request.ts';
import type { ConnectionOptions, Environment } from '../ports.ts';
import { carryOut } from './carry-out.ts';

export interface ControlOptions extends ConnectionOptions, RequestOptions, WaitOptions {}

export async function control(environment: Environment, options: ControlOptions): Promise<number> {
  const request = await readRequest(environment, options);
  using client = await environment.dial(options);
  const submission = { kind: 'operation', request } as const;
  // Awaited here: the client must stay open until then.
  return await carryOut({ environment, client, options, submission });
}
