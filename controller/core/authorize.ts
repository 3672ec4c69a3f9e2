/**
 * Who may call what. One row for each RPC of the .proto files (a test reads them and fails on a
 * missing one); what stands in no row is refused. A row says whose certificates count, and which
 * action somebody must be allowed somewhere; on what exactly is judged where the request is known
 * (`access.ts`).
 */
import { type Action, isFleetAction } from '../../proto/authority.ts';
import { type Refusal, refusal } from '../../proto/errors.ts';
import type { Holder, IdentityKind } from '../../proto/identity-name.ts';
import { type Access, accessOf, judgeFleetAction, mayAnywhere } from './access.ts';
import type { FleetState } from './state.ts';

interface RpcRule {
  /** Empty: there is no certificate, and the call proves in another way who makes it. */
  readonly kinds: readonly IdentityKind[];
  /** Of operators; null: being one is enough, or it is judged target by target. */
  readonly action: Action | null;
}

const AGENTS: RpcRule = { kinds: ['agent'], action: null };
const ANY_OPERATOR: RpcRule = { kinds: ['operator'], action: null };
const NEWCOMERS: RpcRule = { kinds: [], action: null };
const operatorsWho = (action: Action): RpcRule => ({ kinds: ['operator'], action });

export const RPC_RULES = {
  'AgentLink.Connect': AGENTS,
  'Control.GetVersion': ANY_OPERATOR,
  'Control.ListHosts': operatorsWho('status'),
  'Control.ListProcesses': operatorsWho('status'),
  'Control.PlanOperation': ANY_OPERATOR,
  'Control.SubmitOperation': ANY_OPERATOR,
  'Control.SteerOperation': ANY_OPERATOR,
  'Control.ExplainTargets': operatorsWho('status'),
  'Control.ListRunbooks': ANY_OPERATOR,
  // Whoever submitted an operation may see it.
  'Control.WatchOperation': ANY_OPERATOR,
  'Control.GetOperation': ANY_OPERATOR,
  'Control.ListOperations': ANY_OPERATOR,
  'Control.ListEvents': operatorsWho('status'),
  'Control.AskHosts': ANY_OPERATOR,
  'Control.ReadLogs': operatorsWho('logs'),
  'Authority.WhoAmI': ANY_OPERATOR,
  // About somebody else it takes the right to read the audit.
  'Authority.CheckAccess': ANY_OPERATOR,
  'Authority.CreateToken': operatorsWho('enrol'),
  'Authority.ListTokens': operatorsWho('enrol'),
  'Authority.RevokeToken': operatorsWho('enrol'),
  'Authority.ListCertificates': operatorsWho('status'),
  'Authority.RevokeCertificates': operatorsWho('revoke'),
  'Authority.ListCertificateRequests': operatorsWho('enrol'),
  'Authority.AddCertificates': operatorsWho('enrol'),
  'Authority.Renew': { kinds: ['agent', 'operator'], action: null },
  'Authority.RemoveHost': operatorsWho('revoke'),
  'Authority.ReadmitHost': operatorsWho('revoke'),
  'Authority.ReadAudit': operatorsWho('audit'),
  'Authority.VerifyAudit': operatorsWho('audit'),
  'Enrollment.Enrol': NEWCOMERS,
  'Enrollment.Return': NEWCOMERS,
} as const satisfies Readonly<Record<string, RpcRule>>;

export type RpcName = keyof typeof RPC_RULES;

/** @returns why the call is refused, or null */
export function authorize(
  state: FleetState,
  rpc: RpcName,
  caller: Holder,
  wallMs: number,
): Refusal | null {
  const { kinds, action }: RpcRule = RPC_RULES[rpc];
  if (!kinds.includes(caller.kind)) return wrongKind(rpc, kinds, caller);
  if (caller.kind !== 'operator') return null;
  if (!state.operators.has(caller.name)) return unknownOperator(caller.name);
  if (action === null) return null;
  const access = accessOf(state, caller.name, wallMs);
  return mayAnywhere(access, action) ? null : notAllowed(access, action);
}

function wrongKind(rpc: RpcName, kinds: readonly IdentityKind[], caller: Holder): Refusal {
  const wanted = kinds.join(' or ') || 'newcomer';
  return refusal(
    'denied',
    `${rpc} is for ${kinds.map((kind) => `${kind}s`).join(' and ') || 'newcomers'}; this certificate is ${caller.kind} "${caller.name}"`,
    {
      cause: 'the certificate in use was issued for another purpose',
      fix: `use the certificate of an ${wanted}`,
    },
  );
}

function unknownOperator(name: string): Refusal {
  return refusal('denied', `operator "${name}" may do nothing here`, {
    cause: `controller.conf has no section [operator:${name}]`,
    fix: 'have it added by whoever runs the controller',
  });
}

function notAllowed(access: Access, action: Action): Refusal {
  const verdict = judgeFleetAction(access, action);
  const because = verdict.isAllowed ? '' : verdict.because;
  const where = isFleetAction(action) ? '' : ' on anything';
  return refusal('denied', `operator "${access.operator}" may not ${PHRASES[action]}${where}`, {
    cause: because,
    fix: 'see what you may do with: fleetctl auth whoami',
  });
}

/** After "may not". */
const PHRASES: Readonly<Record<Action, string>> = {
  status: 'see the status',
  logs: 'read logs',
  start: 'start',
  stop: 'stop',
  restart: 'restart',
  signal: 'signal',
  update: 'update',
  enrol: 'let anybody into the fleet',
  revoke: 'take anybody out of the fleet',
  audit: 'read the audit',
};
