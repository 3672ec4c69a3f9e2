/**
 * Who one is, and what one may do, in the `Authority` service ⇄ the vocabulary. An action that this
 * version does not know is malformed: what is not understood must not be taken for allowed.
 */
import {
  ACTIONS,
  type AccessDecision,
  type AccessQuery,
  type AccessReport,
  type Action,
  type RoleSummary,
  type WhoIAm,
} from '../authority.ts';
import type {
  AccessDecision as WireDecision,
  AccessDecision__Output as WireDecisionOutput,
} from '../gen/fleet/v1/AccessDecision.ts';
import type {
  CheckAccessRequest as WireAccessQuery,
  CheckAccessRequest__Output as WireAccessQueryOutput,
} from '../gen/fleet/v1/CheckAccessRequest.ts';
import type {
  CheckAccessResponse as WireAccessReport,
  CheckAccessResponse__Output as WireAccessReportOutput,
} from '../gen/fleet/v1/CheckAccessResponse.ts';
import type { Role as WireRole, Role__Output as WireRoleOutput } from '../gen/fleet/v1/Role.ts';
import type {
  WhoAmIResponse as WireWhoIAm,
  WhoAmIResponse__Output as WireWhoIAmOutput,
} from '../gen/fleet/v1/WhoAmIResponse.ts';
import { SIGNAL_LENGTH_MAX } from '../text-limits.ts';
import { hostId, knownProcessName } from '../vocabulary.ts';
import { exact, oneOf, orNull, present, short } from './fields.ts';

export function encodeWhoIAm({ roles, address, ...who }: WhoIAm): WireWhoIAm {
  return { ...who, roles: roles.map(encodeRole), ...present('address', address) };
}

export function decodeWhoIAm(wire: WireWhoIAmOutput): WhoIAm {
  return {
    fleet: wire.fleet,
    name: wire.name,
    fingerprint: wire.fingerprint,
    certificateEndsAtMs: exact('time', wire.certificateEndsAtMs),
    address: orNull(wire.address),
    roles: wire.roles.map(decodeRole),
  };
}

function encodeRole({ hosts, maxHosts, ...role }: RoleSummary): WireRole {
  return {
    name: role.name,
    isBuiltIn: role.isBuiltIn,
    allow: [...role.allow],
    deny: [...role.deny],
    processes: [...role.processes],
    signals: [...role.signals],
    reasonRequired: role.reasonRequired,
    runbooks: [...role.runbooks],
    ...present('hosts', hosts),
    ...present('maxHosts', maxHosts),
  };
}

function decodeRole(wire: WireRoleOutput): RoleSummary {
  return {
    name: wire.name,
    isBuiltIn: wire.isBuiltIn,
    allow: wire.allow.map(decodeAction),
    deny: wire.deny.map(decodeAction),
    hosts: orNull(wire.hosts),
    processes: wire.processes,
    signals: wire.signals,
    maxHosts: orNull(wire.maxHosts),
    reasonRequired: wire.reasonRequired,
    runbooks: wire.runbooks,
  };
}

export function encodeAccessQuery({ signal, as, ...query }: AccessQuery): WireAccessQuery {
  return {
    action: query.action,
    hosts: query.hosts,
    processes: [...query.processes],
    ...present('signal', signal),
    ...present('as', as),
  };
}

export function decodeAccessQuery(wire: WireAccessQueryOutput): AccessQuery {
  const { signal, as } = wire;
  return {
    action: decodeAction(wire.action),
    signal: signal === undefined ? null : short('a signal', signal, SIGNAL_LENGTH_MAX),
    hosts: wire.hosts,
    processes: wire.processes,
    as: as === undefined ? null : short('an operator', as),
  };
}

export function encodeAccessReport({ decisions, ...report }: AccessReport): WireAccessReport {
  return { ...report, decisions: decisions.map(encodeDecision) };
}

export function decodeAccessReport(wire: WireAccessReportOutput): AccessReport {
  const { operator, isAllowed, because, withheld } = wire;
  const decisions = wire.decisions.map(decodeDecision);
  return { operator, isAllowed, because, decisions, withheld };
}

function encodeDecision({ host, process, isAllowed, because }: AccessDecision): WireDecision {
  return { host, process, isAllowed, because };
}

function decodeDecision({ host, process, isAllowed, because }: WireDecisionOutput): AccessDecision {
  return { host: hostId(host), process: knownProcessName(process), isAllowed, because };
}

const decodeAction = (text: string): Action => oneOf('action', ACTIONS, text);
