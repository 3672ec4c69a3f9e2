/**
 * What one operator may do, target by target: the heart of who may do what. Default is no; what one of
 * the operator's roles denies is denied, whatever another allows; and every answer names the rule that
 * it follows from, since "permission denied" helps nobody.
 */
import { type Action, isFleetAction, type Role } from '../../proto/authority.ts';
import type { ProcessName, ProcessStatus } from '../../proto/vocabulary.ts';
import { type HeldRole, heldRole, isAbout, once, processesOf } from './held-role.ts';
import { type Host, statusesOf } from './host.ts';
import { viewOf } from './select.ts';
import type { FleetState } from './state.ts';

/** The rights of one operator in the fleet as it is now. */
export interface Access {
  readonly operator: string;
  /** In the order of `roles =`. */
  readonly roles: readonly HeldRole[];
  /** What follows from the roles alone: worked out once, and asked of each target of the fleet. */
  readonly standing: (action: Action) => Standing;
}

/** The roles that have a say about an action somewhere. */
interface Standing {
  readonly denying: readonly HeldRole[];
  /** The most generous first, so that what several allow counts against the one that limits it least. */
  readonly allowing: readonly HeldRole[];
  /** Nothing limits it, so that nothing needs to be judged. */
  readonly isEverywhere: boolean;
}

/** What is to be done. */
export interface Act {
  readonly action: Action;
  /** Only with `signal`; null there: some signal or other. */
  readonly signal: string | null;
  readonly hasReason: boolean;
}

/** `role`: which allows it. */
export type Verdict =
  | { readonly isAllowed: true; readonly role: Role }
  | { readonly isAllowed: false; readonly because: string };

/** Of an operator who is not configured (any more): no role, so nothing. */
export function accessOf(
  state: Pick<FleetState, 'hosts' | 'hostGroups' | 'operations' | 'roles' | 'operators'>,
  operator: string,
  wallMs: number,
): Access {
  const names = state.operators.get(operator) ?? [];
  const roles = names.flatMap((name) => state.roles.get(name) ?? []);
  const fleet = once(() => viewOf(state, wallMs));
  return accessBy(
    operator,
    roles.map((role) => heldRole(role, fleet)),
  );
}

export function accessBy(operator: string, roles: readonly HeldRole[]): Access {
  const known = new Map<Action, Standing>();
  const standing = (action: Action): Standing => {
    const found = known.get(action) ?? standingOf(roles, action);
    known.set(action, found);
    return found;
  };
  return { operator, roles, standing };
}

/**
 * @param about these processes of the host together, each of which must be allowed; null: the host as
 *   a whole, whatever runs there
 */
export function judge(
  access: Access,
  act: Act,
  host: Host,
  about: readonly ProcessStatus[] | null,
): Verdict {
  const decision = decide(access, act, host, about);
  switch (decision.kind) {
    case 'allowed':
      return { isAllowed: true, role: decision.role };
    case 'denied':
      return no(`role "${decision.role.name}" denies ${actText(act)}${scopeText(decision.role)}`);
    case 'no role':
      return no(noRoleText(access, act));
    case 'missed':
      return no(missText(decision, act));
  }
}

type Decision =
  | { readonly kind: 'allowed' | 'denied'; readonly role: Role }
  | { readonly kind: 'no role' }
  | Missed;

/** A role allows this action, and not here. */
interface Missed {
  readonly kind: 'missed';
  readonly role: Role;
  readonly miss: Miss;
}

/** Without a word: most of what may not be seen is counted, and nobody is told why. */
function decide(
  access: Access,
  act: Act,
  host: Host,
  about: readonly ProcessStatus[] | null,
): Decision {
  const { denying, allowing } = access.standing(act.action);
  const denier = denying.find((held) => isDenied(held, act, host, about));
  if (denier !== undefined) return { kind: 'denied', role: denier.role };
  // The rule that it came closest to.
  let closest: Missed | null = null;
  for (const held of allowing) {
    const { role } = held;
    const miss = missOf(held, act, host, about);
    if (miss === null) return { kind: 'allowed', role };
    const isCloser = closest === null || RANKS.indexOf(miss) > RANKS.indexOf(closest.miss);
    if (isCloser) closest = { kind: 'missed', role, miss };
  }
  return closest ?? { kind: 'no role' };
}

const LOOK: Act = { action: 'status', signal: null, hasReason: false };

/**
 * Whether somebody may know of this at all. Who may see something of a host sees that there is one;
 * and who sees hosts, not processes, also one that runs nothing.
 */
export function maySee(access: Access, host: Host, about: ProcessStatus | null): boolean {
  if (about === null) return seenProcesses(access, host) !== null;
  return mayEverywhere(access, 'status') || maySeeThese(access, host, [about]);
}

/**
 * Which of its processes somebody may know of, the host being judged once for all of them.
 * @returns null: there is no such host for that one
 */
export function seenProcesses(
  access: Access,
  host: Host,
): Pick<ReadonlySet<ProcessName>, 'has'> | null {
  const { processes } = host;
  if (mayEverywhere(access, 'status') || maySeeThese(access, host, null)) return processes;
  const seen = new Set<ProcessName>();
  for (const status of processes.values()) {
    if (maySeeThese(access, host, [status])) seen.add(status.process);
  }
  return seen.size > 0 ? seen : null;
}

function maySeeThese(access: Access, host: Host, about: readonly ProcessStatus[] | null): boolean {
  return decide(access, LOOK, host, about).kind === 'allowed';
}

/** What is about the whole fleet: no role that allows it has hosts or processes. */
export function judgeFleetAction(access: Access, action: Action): Verdict {
  const act: Act = { action, signal: null, hasReason: true };
  const denying = access.roles.find(({ role }) => role.deny.has(action));
  if (denying !== undefined) return no(`role "${denying.role.name}" denies ${action}`);
  const allowing = access.roles.find(({ role }) => role.allow.has(action));
  if (allowing === undefined) return no(noRoleText(access, act));
  return { isAllowed: true, role: allowing.role };
}

/** Whether there can be anything at all on which this is allowed. */
export function mayAnywhere(access: Access, action: Action): boolean {
  if (isFleetAction(action)) return judgeFleetAction(access, action).isAllowed;
  return access.roles.some(({ role }) => role.allow.has(action));
}

/** Nothing limits it, so that nothing needs to be judged. */
export function mayEverywhere(access: Access, action: Action): boolean {
  return access.standing(action).isEverywhere;
}

function standingOf(roles: readonly HeldRole[], action: Action): Standing {
  const denying = roles.filter(({ role }) => role.deny.has(action));
  const allowing = generousFirst(roles.filter(({ role }) => role.allow.has(action)));
  const isUnlimited = ({ role }: HeldRole): boolean =>
    role.hosts === null && role.processes.length === 0;
  return { denying, allowing, isEverywhere: denying.length === 0 && allowing.some(isUnlimited) };
}

const no = (because: string): Verdict => ({ isAllowed: false, because });

function isDenied(
  held: HeldRole,
  { action, signal }: Act,
  host: Host,
  about: readonly ProcessStatus[] | null,
): boolean {
  const { role } = held;
  if (!isAbout(held, host)) return false;
  const isOtherSignal =
    signal !== null && role.signals.length > 0 && !role.signals.includes(signal);
  if (isOtherSignal) return false;
  if (role.processes.length === 0) return true;
  // Whatever the configuration of the host says next may be what this role denies.
  if (about === null && action !== 'status') return true;
  const denied = processesOf(held, host, about);
  return (about ?? statusesOf(host)).some(({ process }) => denied.has(process));
}

/** Why a role that allows this action does not allow it here; the later, the closer it came. */
const RANKS = ['hosts', 'processes', 'signals', 'reason'] as const;
type Miss = (typeof RANKS)[number];

function missOf(
  held: HeldRole,
  { action, signal, hasReason }: Act,
  host: Host,
  about: readonly ProcessStatus[] | null,
): Miss | null {
  const { role } = held;
  if (!isAbout(held, host)) return 'hosts';
  if (role.processes.length > 0) {
    if (about === null) return 'processes';
    const allowed = processesOf(held, host, about);
    if (about.some(({ process }) => !allowed.has(process))) return 'processes';
  }
  if (signal !== null && role.signals.length > 0 && !role.signals.includes(signal)) {
    return 'signals';
  }
  const isLooking = action === 'status' || action === 'logs';
  return role.reasonRequired && !hasReason && !isLooking ? 'reason' : null;
}

function missText({ role, miss }: Missed, { action }: Act): string {
  const only = `role "${role.name}" allows ${action} only with`;
  switch (miss) {
    case 'hosts':
      return `${only} hosts = ${role.hosts?.text}`;
    case 'processes':
      return `${only} processes = ${role.processes.join(', ')}`;
    case 'signals':
      return `${only} signals = ${role.signals.join(', ')}`;
    case 'reason':
      return `role "${role.name}" wants a reason for ${action} (--reason)`;
  }
}

function generousFirst(roles: readonly HeldRole[]): readonly HeldRole[] {
  const limitOf = ({ role }: HeldRole): number => role.maxHosts ?? Number.POSITIVE_INFINITY;
  const compare = (one: number, other: number): number =>
    one === other ? 0 : other > one ? 1 : -1;
  return [...roles].sort((one, other) => compare(limitOf(one), limitOf(other)));
}

function noRoleText({ operator, roles }: Access, { action }: Act): string {
  const names = roles.map(({ role }) => role.name).join(', ');
  return names === ''
    ? `${operator} has no role`
    : `none of the roles of ${operator} (${names}) allows ${action}`;
}

const actText = ({ action, signal }: Act): string =>
  signal === null ? action : `${action} ${signal}`;

function scopeText({ hosts, processes }: Role): string {
  const parts = [
    ...(hosts === null ? [] : [`hosts = ${hosts.text}`]),
    ...(processes.length === 0 ? [] : [`processes = ${processes.join(', ')}`]),
  ];
  return parts.length === 0 ? '' : ` with ${parts.join(', ')}`;
}
