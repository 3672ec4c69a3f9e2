/**
 * What people may do, and where: actions, roles, and what the controller answers who asks about
 * them. A role allows actions on hosts and processes; an operator has roles; what no role allows is
 * not allowed, and what one of them denies is denied whatever another allows.
 */
import type { Selector } from './selector/syntax.ts';
import type { HostId, ProcessName } from './vocabulary.ts';

/** As `allow` and `deny` spell them. The last three are about the whole fleet, never about a part. */
export const ACTIONS = [
  'status',
  'logs',
  'start',
  'stop',
  'restart',
  'signal',
  'update',
  'enrol',
  'revoke',
  'audit',
] as const;
export type Action = (typeof ACTIONS)[number];

const FLEET_ACTIONS = ['enrol', 'revoke', 'audit'] as const satisfies readonly Action[];
export type FleetAction = (typeof FLEET_ACTIONS)[number];

export function isAction(text: string): text is Action {
  return (ACTIONS as readonly string[]).includes(text);
}

export function isFleetAction(action: Action): action is FleetAction {
  return (FLEET_ACTIONS as readonly Action[]).includes(action);
}

/** `[role:NAME]`, or a built-in one. */
export interface Role {
  readonly name: string;
  readonly allow: ReadonlySet<Action>;
  /** Here, to all who have this role, whatever other roles they have. */
  readonly deny: ReadonlySet<Action>;
  /** Null: every host. On a host itself always null. */
  readonly hosts: RoleHosts | null;
  /** Patterns as `proto/process-pattern.ts` reads them; none: every process. */
  readonly processes: readonly string[];
  /** With `signal`, without `SIG`; none: every one. */
  readonly signals: readonly string[];
  /** How many hosts one operation may touch by this role; null: no limit. */
  readonly maxHosts: number | null;
  /** What changes something needs a reason. */
  readonly reasonRequired: boolean;
  /** Globs of names: these may be run, whatever they do and wherever. */
  readonly runbooks: readonly string[];
}

export interface RoleHosts {
  /** As written. */
  readonly text: string;
  readonly selector: Selector;
}

const LOOKING = ['status', 'logs'] as const satisfies readonly Action[];
const OPERATING = [
  ...LOOKING,
  ...(['start', 'stop', 'restart', 'signal', 'update'] as const),
] as const satisfies readonly Action[];

/** There without being written; none of them can be redefined. */
export const BUILT_IN_ROLES: readonly Role[] = [
  builtIn('viewer', LOOKING, []),
  builtIn('operator', OPERATING, ['*']),
  builtIn('admin', ACTIONS, ['*']),
];

function builtIn(name: string, allow: readonly Action[], runbooks: readonly string[]): Role {
  return {
    name,
    allow: new Set(allow),
    deny: new Set(),
    hosts: null,
    processes: [],
    signals: [],
    maxHosts: null,
    reasonRequired: false,
    runbooks,
  };
}

/** For `auth whoami`: a role in the words of the configuration. */
export interface RoleSummary {
  readonly name: string;
  readonly isBuiltIn: boolean;
  /** In the order of `ACTIONS`. */
  readonly allow: readonly Action[];
  readonly deny: readonly Action[];
  /** As written; null: every host. */
  readonly hosts: string | null;
  readonly processes: readonly string[];
  readonly signals: readonly string[];
  readonly maxHosts: number | null;
  readonly reasonRequired: boolean;
  readonly runbooks: readonly string[];
}

/** Whom the controller takes the caller for, and what that one may do. */
export interface WhoIAm {
  readonly fleet: string;
  readonly name: string;
  /** SHA-256 of the certificate in use, `AB:CD:…`. */
  readonly fingerprint: string;
  readonly certificateEndsAtMs: number;
  /** IP address as the controller sees it; null where the connection is gone already. */
  readonly address: string | null;
  readonly roles: readonly RoleSummary[];
}

/** `fleetctl auth can VERB PROCESSES --hosts S [--as NAME]` */
export interface AccessQuery {
  readonly action: Action;
  /** Only with `signal`; null: some signal or other. */
  readonly signal: string | null;
  /** A selector; empty with actions about the whole fleet. */
  readonly hosts: string;
  /** Patterns; none: every process. */
  readonly processes: readonly string[];
  /** Another operator's name; null: the caller's own. */
  readonly as: string | null;
}

/** What may be done to one process of one host, and by which rule that is so. */
export interface AccessDecision {
  readonly host: HostId;
  readonly process: ProcessName;
  readonly isAllowed: boolean;
  /** `role "web-oncall"` where it is allowed; else which rule stands against it. */
  readonly because: string;
}

export interface AccessReport {
  /** Whose rights these are. */
  readonly operator: string;
  /** Of an action about the whole fleet, one decision without host and process. */
  readonly isAllowed: boolean;
  /** Why, where there is no target to tell of. */
  readonly because: string;
  /** In natural order; none with an action about the whole fleet. */
  readonly decisions: readonly AccessDecision[];
  /** Targets that are not told, since whoever asks may not see them; none of them is allowed. */
  readonly withheld: number;
}
