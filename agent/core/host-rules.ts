/**
 * What the file of this host says of who may do what here: how far a controller may go (`policy.ts`),
 * and the rights of the host's own users (`local-access.ts`). No controller can change it; what was
 * read of it last survives in what the agent keeps of its configuration, as all the rest.
 */
import type { Role } from '../../proto/authority.ts';

export interface HostRules {
  /** As whom the agent runs; to this one and to root everything is allowed. */
  readonly ownUid: number;
  readonly policy: Policy;
  /** Null: whoever may open the socket may do everything. */
  readonly access: LocalAccess | null;
}

/** What `allow_verbs` can name. That a controller sees how things stand cannot be helped. */
export const POLICY_VERBS = ['start', 'stop', 'restart', 'signal', 'update', 'logs'] as const;
export type PolicyVerb = (typeof POLICY_VERBS)[number];

/** `[policy]`: of each, null is no limit; a list without anything allows nothing. */
export interface Policy {
  readonly verbs: readonly PolicyVerb[] | null;
  /** Patterns as `proto/process-pattern.ts` reads them. */
  readonly processes: readonly string[] | null;
  /** Without `SIG`. */
  readonly signals: readonly string[] | null;
  /** As whom a program may run that a controller starts. */
  readonly users: readonly PolicyUser[] | null;
  /** Where its executable may lie: absolute, without links. */
  readonly directories: readonly string[] | null;
}

export interface PolicyUser {
  readonly name: string;
  readonly uid: number;
}

/** `[role:NAME]` and `[operator:NAME]` of this host's own file. */
export interface LocalAccess {
  /** The built-in ones among them. */
  readonly roles: readonly Role[];
  readonly operators: readonly LocalOperator[];
}

/** `[operator:alice]`, or of a unix group `[operator:%deploy]`. */
export interface LocalOperator {
  readonly kind: 'user' | 'group';
  readonly name: string;
  /** uid or gid. */
  readonly id: number;
  /** Names of roles, each of which there is. */
  readonly roles: readonly string[];
}

export const NO_POLICY: Policy = {
  verbs: null,
  processes: null,
  signals: null,
  users: null,
  directories: null,
};

/** Of a file without any of these sections, where root runs the agent. */
export const NO_RULES: HostRules = { ownUid: 0, policy: NO_POLICY, access: null };
