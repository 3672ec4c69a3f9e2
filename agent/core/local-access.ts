/**
 * What a user of this host may do through the agent's socket. Without any `[operator:]` section that
 * is everything, for the socket's mode decides then who gets in at all. With one, whoever is not
 * named may do nothing, and neither may whoever did not prove who they are; root and the agent's own
 * user may do everything, as they could without asking the agent.
 */
import type { Action, Role } from '../../proto/authority.ts';
import { type Refusal, refusal } from '../../proto/errors.ts';
import { groupBy } from '../../proto/group-by.ts';
import { matchProcesses } from '../../proto/process-pattern.ts';
import type { ProcessName, ProcessStatus } from '../../proto/vocabulary.ts';
import type { HostRules } from './host-rules.ts';

/** Who asks, as far as the agent can tell. */
export interface LocalCaller {
  /** For events and the log: `alice`, or `root (sudo by alice)`. */
  readonly name: string;
  /** Null: they did not prove who they are. */
  readonly uid: number | null;
  /** Only where `[operator:%GROUP]` counts. */
  readonly gids: readonly number[];
}

export type Rights =
  | { readonly kind: 'all' }
  | { readonly kind: 'unproven' }
  | { readonly kind: 'roles'; readonly who: string; readonly roles: readonly Role[] };

export function rightsOf({ access, ownUid }: HostRules, { name, uid, gids }: LocalCaller): Rights {
  if (access === null || uid === 0 || uid === ownUid) return { kind: 'all' };
  if (uid === null) return { kind: 'unproven' };
  const held = access.operators
    .filter(({ kind, id }) => (kind === 'user' ? id === uid : gids.includes(id)))
    .flatMap(({ roles }) => roles);
  const roles = access.roles.filter((role) => held.includes(role.name));
  return { kind: 'roles', who: name, roles };
}

/** Whether it matters of which groups somebody is. */
export function areGroupsWanted({ access }: HostRules): boolean {
  return access?.operators.some(({ kind }) => kind === 'group') ?? false;
}

/** What is to be done. */
export interface LocalAct {
  readonly action: Action;
  /** Only with `signal`. */
  readonly signal: string | null;
}

/** Why this may not be done to all of these; null: it may. */
export function refusalOf(
  rights: Rights,
  act: LocalAct,
  about: readonly ProcessName[],
  statuses: readonly ProcessStatus[],
): Refusal | null {
  if (rights.kind === 'all') return null;
  if (rights.kind === 'unproven') return UNPROVEN;
  const judge = judgeOf(rights, act, statuses);
  const denied = about.flatMap((process) => {
    const because = judge(process);
    return because === null ? [] : [{ process, because }];
  });
  const [first] = denied;
  if (first === undefined) return null;
  const lines = [...groupBy(denied, ({ because }) => because)].map(
    ([because, targets]) => `${because}: ${namesText(targets.map(({ process }) => process))}`,
  );
  const what =
    denied.length === 1 ? first.process : `${denied.length} of ${about.length} processes`;
  return denial(`${rights.who} may not ${actText(act)} ${what}`, lines.join('; '));
}

/** Those of these processes to which it may be done. */
export function allowedOf(
  rights: Rights,
  act: LocalAct,
  statuses: readonly ProcessStatus[],
): readonly ProcessStatus[] {
  if (rights.kind === 'all') return statuses;
  if (rights.kind === 'unproven') return [];
  const judge = judgeOf(rights, act, statuses);
  return statuses.filter(({ process }) => judge(process) === null);
}

/** Why there is nothing at all to which this may be done; null: there can be something. */
export function refusalAnywhere(rights: Rights, action: Action): Refusal | null {
  if (rights.kind === 'all') return null;
  if (rights.kind === 'unproven') return UNPROVEN;
  const message = `${rights.who} may not ${BROADLY[action] ?? action}`;
  const denying = rights.roles.find((role) => deniesAll(role, action));
  if (denying !== undefined) return denial(message, denyText(denying, action));
  if (rights.roles.some(({ allow }) => allow.has(action))) return null;
  return denial(message, noRoleText(rights, action));
}

/** Why this may not be done whatever it concerns; null: it may. */
export function refusalEverywhere(rights: Rights, action: Action): Refusal | null {
  const nowhere = refusalAnywhere(rights, action);
  if (nowhere !== null || rights.kind !== 'roles') return nowhere;
  const message = `${rights.who} may not ${actionText(action)} everything`;
  const denying = rights.roles.find(({ deny }) => deny.has(action));
  if (denying !== undefined) return denial(message, denyText(denying, action));
  const limited = rights.roles.filter(({ allow }) => allow.has(action));
  if (limited.some(({ processes }) => processes.length === 0)) return null;
  return denial(message, limited.map((role) => limitText(role, action)).join('; '));
}

/** What concerns the agent itself, and so all of its processes. */
export function refusalUnlessAdmin(rights: Rights, what: string): Refusal | null {
  if (rights.kind === 'all') return null;
  if (rights.kind === 'unproven') return UNPROVEN;
  const denying = rights.roles.find(({ deny }) => deny.size > 0);
  const isAdmin = rights.roles.some(({ name }) => name === 'admin');
  if (isAdmin && denying === undefined) return null;
  const cause = isAdmin
    ? `role "${denying?.name}" denies ${[...(denying?.deny ?? [])].join(', ')}`
    : `it concerns the agent itself, which is the role admin's; ${rolesText(rights)}`;
  return denial(`${rights.who} may not ${what}`, cause);
}

const BROADLY: Partial<Record<Action, string>> = {
  status: 'see how things stand',
  logs: 'read logs',
  signal: 'send signals',
};

/** With other signals, or to other processes, it could still be allowed. */
function deniesAll({ deny, processes, signals }: Role, action: Action): boolean {
  const isLimited = processes.length > 0 || (action === 'signal' && signals.length > 0);
  return deny.has(action) && !isLimited;
}

type Limited = Extract<Rights, { readonly kind: 'roles' }>;

/** Why it may not be done to a process; null: it may. Patterns are held against all of them once. */
function judgeOf(
  rights: Limited,
  { action, signal }: LocalAct,
  statuses: readonly ProcessStatus[],
): (process: ProcessName) => string | null {
  const scoped = rights.roles.map((role) => ({ role, about: scopeOf(role, statuses) }));
  const isAbout = (about: ReadonlySet<ProcessName> | null, process: ProcessName): boolean =>
    about === null || about.has(process);
  const isSignal = ({ signals }: Role): boolean =>
    signal === null || signals.length === 0 || signals.includes(signal);
  const allowing = scoped.filter(({ role }) => role.allow.has(action));
  const denying = scoped.filter(({ role }) => role.deny.has(action) && isSignal(role));
  return (process) => {
    const denied = denying.find(({ about }) => isAbout(about, process));
    if (denied !== undefined) return denyText(denied.role, action);
    const near = allowing.filter(({ about }) => isAbout(about, process));
    if (near.some(({ role }) => isSignal(role))) return null;
    const [closest] = near;
    if (closest !== undefined) {
      const { name, signals } = closest.role;
      return `role "${name}" allows ${action} only with signals = ${signals.join(', ')}`;
    }
    if (allowing.length === 0) return noRoleText(rights, action);
    return allowing.map(({ role }) => limitText(role, action)).join('; ');
  };
}

/** Null: every process. */
function scopeOf(
  { processes }: Role,
  statuses: readonly ProcessStatus[],
): ReadonlySet<ProcessName> | null {
  if (processes.length === 0) return null;
  const [matched = []] = matchProcesses(processes, [statuses]).byHost;
  return new Set(matched.map(({ process }) => process));
}

const limitText = ({ name, processes }: Role, action: Action): string =>
  `role "${name}" allows ${action} only with processes = ${processes.join(', ')}`;

function denyText({ name, processes }: Role, action: Action): string {
  const scope = processes.length === 0 ? '' : ` with processes = ${processes.join(', ')}`;
  return `role "${name}" denies ${action}${scope}`;
}

function noRoleText(rights: Limited, action: Action): string {
  return rights.roles.length === 0
    ? rolesText(rights)
    : `none of the roles of ${rights.who} (${namesOf(rights)}) allows ${action}`;
}

const rolesText = (rights: Limited): string =>
  rights.roles.length === 0
    ? `${rights.who} has no role on this host`
    : `${rights.who} has ${namesOf(rights)}`;

const namesOf = ({ roles }: Limited): string => roles.map(({ name }) => name).join(', ');

const actText = ({ action, signal }: LocalAct): string =>
  signal === null ? actionText(action) : `send ${signal} to`;

/** Completes "may not …"; the name of a process can follow. */
function actionText(action: Action): string {
  if (action === 'status') return 'see the status of';
  return action === 'logs' ? 'read the logs of' : action;
}

const NAMES_SHOWN_MAX = 20;

function namesText(names: readonly ProcessName[]): string {
  const more = names.length - NAMES_SHOWN_MAX;
  const shown = names.slice(0, NAMES_SHOWN_MAX).join(', ');
  return more > 0 ? `${shown} and ${more} more` : shown;
}

const FIX = 'who may do what on this host stands in [operator:NAME] and [role:NAME] of agent.conf';

const denial = (message: string, cause: string): Refusal =>
  refusal('denied', message, { cause, fix: FIX });

const UNPROVEN = refusal('unauthenticated', 'who asks could not be told, and so may do nothing', {
  cause: 'this host says who may do what ([operator:NAME] of agent.conf)',
  fix: 'use the fleetctl of this release, on the host itself and not from within a container',
});
