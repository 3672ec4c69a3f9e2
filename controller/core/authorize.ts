/**
 * Who may call what. One row for each RPC of the .proto files (a test reads them and fails on a
 * missing one); what stands in no row is refused. Agents may only open their stream; people are
 * operators whom the configuration names.
 */
import { type Refusal, refusal } from '../../proto/errors.ts';

/** As the certificate says: `spiffe://fleet/KIND/NAME`. */
export interface Caller {
  readonly kind: 'controller' | 'agent' | 'operator';
  readonly name: string;
}

export type RpcName =
  | 'AgentLink.Connect'
  | 'Control.GetVersion'
  | 'Control.ListHosts'
  | 'Control.ListProcesses'
  | 'Control.PlanOperation'
  | 'Control.SubmitOperation'
  | 'Control.SteerOperation'
  | 'Control.ExplainTargets'
  | 'Control.ListRunbooks'
  | 'Control.WatchOperation'
  | 'Control.GetOperation'
  | 'Control.ListOperations'
  | 'Control.ListEvents'
  | 'Control.AskHosts'
  | 'Control.ReadLogs';

export const ALLOWED_KIND = {
  'AgentLink.Connect': 'agent',
  'Control.GetVersion': 'operator',
  'Control.ListHosts': 'operator',
  'Control.ListProcesses': 'operator',
  'Control.PlanOperation': 'operator',
  'Control.SubmitOperation': 'operator',
  'Control.SteerOperation': 'operator',
  'Control.ExplainTargets': 'operator',
  'Control.ListRunbooks': 'operator',
  'Control.WatchOperation': 'operator',
  'Control.GetOperation': 'operator',
  'Control.ListOperations': 'operator',
  'Control.ListEvents': 'operator',
  'Control.AskHosts': 'operator',
  'Control.ReadLogs': 'operator',
} as const satisfies Record<RpcName, Caller['kind']>;

/** @returns why the call is refused, or null */
export function authorize(
  rpc: RpcName,
  caller: Caller,
  operators: ReadonlySet<string>,
): Refusal | null {
  const wanted = ALLOWED_KIND[rpc];
  if (caller.kind !== wanted) {
    return refusal(
      'denied',
      `${rpc} is for ${wanted}s; this certificate is ${caller.kind} "${caller.name}"`,
      {
        cause: 'the certificate in use was issued for another purpose',
        fix: `use a certificate made by: fleet-certs issue ${wanted} NAME`,
      },
    );
  }
  if (caller.kind === 'operator' && !operators.has(caller.name)) {
    return refusal('denied', `operator "${caller.name}" may do nothing here`, {
      cause: `controller.conf has no section [operator:${caller.name}], or one that does not make it an admin`,
      fix: 'have it added by whoever runs the controller',
    });
  }
  return null;
}
