/**
 * For every RPC a request that would do something, and who may have it done. The answers are written
 * by hand from docs/access.md: whoever is not named is refused.
 */

import type { RpcName } from '../../../controller/core/authorize.ts';
import { encodeAccessQuery } from '../../../proto/codec/authority.ts';
import { encodeAgentMessage } from '../../../proto/codec/link.ts';
import { encodeLogsRequest } from '../../../proto/codec/logs.ts';
import { encodeSteering, encodeSubmission } from '../../../proto/codec/submission.ts';
import { encodeTokenRequest } from '../../../proto/codec/tokens.ts';
import type { LogsRequest } from '../../../proto/log-messages.ts';
import type { OperationId } from '../../../proto/vocabulary.ts';
import { operationRequest } from '../fleet/harness.ts';
import { helloOf } from './agent-stream.ts';
import type { Who } from './callers.ts';
import type { Status } from './rpcs.ts';

/** What requests are about. */
export interface World {
  /** Of a restart of `web` on web-1 by an admin, which has ended. */
  readonly operation: OperationId;
  /** Of a token that nobody has used. */
  readonly token: string;
  /** Of an agent of ours that nobody has seen yet. */
  readonly certificatePem: string;
  readonly csrPemOf: (who: Who) => string;
}

export interface Case {
  readonly rpc: RpcName;
  /** Where one RPC does more than one thing. */
  readonly what?: string;
  readonly request: (world: World, who: Who) => object;
  readonly answers: Partial<Record<Who, Status>>;
}

const AGENTS: Case['answers'] = { agent: 'ok' };
const ADMINS: Case['answers'] = { admin: 'ok' };
const WHO_CHANGE: Case['answers'] = { operator: 'ok', admin: 'ok' };
const WHO_LOOK: Case['answers'] = { viewer: 'ok', ...WHO_CHANGE };
/** To who may see nothing of an operation it is not there. */
const UNSEEN: Case['answers'] = { 'no role': 'not found' };
const ANY_OPERATOR: Case['answers'] = { 'no role': 'ok', ...WHO_LOOK };

const restart = (): object =>
  encodeSubmission({
    kind: 'operation',
    request: operationRequest({ verb: 'restart', hosts: 'web-1', processes: ['web'] }),
  });
const token = {
  kind: 'agent',
  names: 'new-*',
  labels: {},
  replaces: false,
  ttlMs: 60_000,
} as const;
const logs: LogsRequest = {
  ...{ hosts: 'web-1', processes: ['web'], channels: ['stdout'], allowedOnly: false },
  selection: { from: { kind: 'lines', lines: 1 }, sinceMs: null, grep: null, follow: false },
};
const victim = { choice: { holder: { kind: 'agent', name: 'victim-1' } }, reason: 'stolen' };

export const CASES: readonly Case[] = [
  { rpc: 'AgentLink.Connect', request: () => encodeAgentMessage(helloOf('one')), answers: AGENTS },

  { rpc: 'Control.GetVersion', request: () => ({}), answers: ANY_OPERATOR },
  { rpc: 'Control.ListHosts', request: () => ({ hosts: 'web-1' }), answers: WHO_LOOK },
  { rpc: 'Control.ListProcesses', request: () => ({ hosts: 'web-1' }), answers: WHO_LOOK },
  { rpc: 'Control.PlanOperation', request: restart, answers: WHO_CHANGE },
  { rpc: 'Control.SubmitOperation', request: restart, answers: WHO_CHANGE },
  {
    rpc: 'Control.SteerOperation',
    request: ({ operation }) =>
      encodeSteering({ operation, action: 'cancel', kill: false, reason: 'no' }),
    // It has ended.
    answers: { ...UNSEEN, operator: 'failed precondition', admin: 'failed precondition' },
  },
  {
    rpc: 'Control.ExplainTargets',
    request: ({ operation: id }) => ({ id, host: 'web-1' }),
    answers: WHO_LOOK,
  },
  { rpc: 'Control.ListRunbooks', request: () => ({}), answers: ANY_OPERATOR },
  {
    rpc: 'Control.WatchOperation',
    request: ({ operation: id }) => ({ id }),
    answers: { ...UNSEEN, ...WHO_LOOK },
  },
  {
    rpc: 'Control.GetOperation',
    request: ({ operation: id }) => ({ id }),
    answers: { ...UNSEEN, ...WHO_LOOK },
  },
  {
    rpc: 'Control.ListOperations',
    request: () => ({ runningOnly: false, limit: 0 }),
    answers: ANY_OPERATOR,
  },
  { rpc: 'Control.ListEvents', request: () => ({ host: 'web-1', limit: 1 }), answers: WHO_LOOK },
  {
    rpc: 'Control.AskHosts',
    request: () => ({ hosts: 'web-1', question: 'HOST_QUESTION_AVAIL' }),
    answers: WHO_LOOK,
  },
  {
    rpc: 'Control.AskHosts',
    what: 'reread',
    request: () => ({ hosts: 'web-1', question: 'HOST_QUESTION_REREAD' }),
    answers: WHO_CHANGE,
  },
  { rpc: 'Control.ReadLogs', request: () => encodeLogsRequest(logs), answers: WHO_LOOK },

  { rpc: 'Authority.WhoAmI', request: () => ({}), answers: ANY_OPERATOR },
  {
    rpc: 'Authority.CheckAccess',
    request: () => encodeAccessQuery({ ...accessTo('web-1'), as: null }),
    answers: ANY_OPERATOR,
  },
  {
    rpc: 'Authority.CheckAccess',
    what: 'of somebody else',
    request: () => encodeAccessQuery({ ...accessTo('web-1'), as: 'rita' }),
    answers: ADMINS,
  },
  { rpc: 'Authority.CreateToken', request: () => encodeTokenRequest(token), answers: ADMINS },
  { rpc: 'Authority.ListTokens', request: () => ({ all: true }), answers: ADMINS },
  { rpc: 'Authority.RevokeToken', request: ({ token: id }) => ({ id }), answers: ADMINS },
  { rpc: 'Authority.ListCertificates', request: () => ({ all: true }), answers: WHO_LOOK },
  { rpc: 'Authority.RevokeCertificates', request: () => victim, answers: ADMINS },
  { rpc: 'Authority.ListCertificateRequests', request: () => ({}), answers: ADMINS },
  {
    rpc: 'Authority.AddCertificates',
    request: ({ certificatePem }) => ({ certificatesPem: [certificatePem] }),
    // Nobody has asked for it.
    answers: { admin: 'failed precondition' },
  },
  {
    rpc: 'Authority.Renew',
    request: ({ csrPemOf }, who) => ({ csrPem: csrPemOf(who) }),
    answers: { ...AGENTS, ...ANY_OPERATOR },
  },
  {
    rpc: 'Authority.RemoveHost',
    request: () => ({ host: 'doomed-1', reason: 'gone' }),
    answers: ADMINS,
  },
  {
    rpc: 'Authority.ReadmitHost',
    request: () => ({ host: 'doomed-1', reason: 'back' }),
    answers: ADMINS,
  },
  { rpc: 'Authority.ReadAudit', request: () => ({ limit: 1 }), answers: ADMINS },
  { rpc: 'Authority.VerifyAudit', request: () => ({}), answers: ADMINS },
];

function accessTo(hosts: string) {
  return { action: 'restart', signal: null, hosts, processes: [] } as const;
}
