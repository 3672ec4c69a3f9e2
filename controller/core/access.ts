/**
 * What one operator may do, target by target: the heart of who may do what. Default is no; what one of
 * the operator's roles denies is denied, whatever another allows; and every answer names the rule that
 * it follows from, since "permission denied" helps nobody.
 */
import { type Action, isFleetAction, type Role } from '../../proto/authority.ts';
import { processMatcher } from '../../proto/process-pattern.ts';
import type { HostId, ProcessName, ProcessStatus } from '../../proto/vocabulary.ts';
import type { Host } from './host.ts';
import { statusesOf } from './host.ts';
import { viewOf } from './select.ts';
import { membersOf } from './selector/members.ts';
import type { FleetState } from './state.ts';

/** The rights of one operator in the fleet as it is now. */
export interface Access {
  readonly operator: string;
  /** In the order of `roles =`. */
  readonly roles: readonly HeldRole[];
}

interface HeldRole {
  readonly role: Role;
  /**
   * Null: every host. Looked up when it is first asked: of a fleet that takes long, and whether
   * somebody may do a thing anywhere is asked of each call, and of each stream every second.
   */
  readonly hosts: () => ReadonlySet<HostId> | null;
  /** What its `processes` mean on a host; read once for all hosts. */
  readonly matching: () => ReturnType<typeof processMatcher>;
  /** Of each host that was asked about, what the role is about there. */
  readonly processes: Map<HostId, ReadonlySet<ProcessName>>;
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
  const held = roles.map((role): HeldRole => {
    const { hosts } = role;
    const members = once(() => (hosts === null ? null : membersOf(hosts.selector, fleet())));
    const matching = once(() => processMatcher(role.processes));
    return { role, hosts: members, matching, processes: new Map() };
  });
  return { operator, roles: held };
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
  const denying = access.roles.find((held) => isDenied(held, act, host, about));
  if (denying !== undefined) {
    return no(`role "${denying.role.name}" denies ${actText(act)}${scopeText(denying.role)}`);
  }
  const allowing = access.roles.filter(({ role }) => role.allow.has(act.action));
  if (allowing.length === 0) return no(noRoleText(access, act));
  const misses: Miss[] = [];
  for (const held of generousFirst(allowing)) {
    const miss = missOf(held, act, host, about);
    if (miss === null) return { isAllowed: true, role: held.role };
    misses.push(miss);
  }
  // The rule that it came closest to.
  const [closest] = misses.sort((one, other) => rankOf(other) - rankOf(one));
  return no(closest?.text ?? '');
}

const LOOK: Act = { action: 'status', signal: null, hasReason: false };

/**
 * Whether somebody may know of this at all. Who may see something of a host sees that there is one;
 * and who sees hosts, not processes, also one that runs nothing.
 */
export function maySee(access: Access, host: Host, about: ProcessStatus | null): boolean {
  if (mayEverywhere(access, 'status')) return true;
  if (about !== null) return judge(access, LOOK, host, [about]).isAllowed;
  if (judge(access, LOOK, host, null).isAllowed) return true;
  return statusesOf(host).some((status) => judge(access, LOOK, host, [status]).isAllowed);
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
export function mayEverywhere({ roles }: Access, action: Action): boolean {
  const isUnlimited = ({ role }: HeldRole): boolean =>
    role.allow.has(action) && role.hosts === null && role.processes.length === 0;
  return roles.some(isUnlimited) && !roles.some(({ role }) => role.deny.has(action));
}

const no = (because: string): Verdict => ({ isAllowed: false, because });

function isDenied(
  held: HeldRole,
  { action, signal }: Act,
  host: Host,
  about: readonly ProcessStatus[] | null,
): boolean {
  const { role } = held;
  if (!role.deny.has(action) || !isAbout(held, host)) return false;
  const isOtherSignal =
    signal !== null && role.signals.length > 0 && !role.signals.includes(signal);
  if (isOtherSignal) return false;
  if (role.processes.length === 0) return true;
  // Whatever the configuration of the host says next may be what this role denies.
  if (about === null && action !== 'status') return true;
  const denied = processesOf(held, host, about);
  return (about ?? statusesOf(host)).some(({ process }) => denied.has(process));
}

/** Why a role that allows this action does not allow it here. */
interface Miss {
  readonly kind: 'hosts' | 'processes' | 'signals' | 'reason';
  readonly text: string;
}

const RANKS: readonly Miss['kind'][] = ['hosts', 'processes', 'signals', 'reason'];
const rankOf = ({ kind }: Miss): number => RANKS.indexOf(kind);

function missOf(
  held: HeldRole,
  { action, signal, hasReason }: Act,
  host: Host,
  about: readonly ProcessStatus[] | null,
): Miss | null {
  const { role } = held;
  const only = `role "${role.name}" allows ${action} only with`;
  if (!isAbout(held, host)) return { kind: 'hosts', text: `${only} hosts = ${role.hosts?.text}` };
  if (role.processes.length > 0) {
    const allowed = processesOf(held, host, about);
    if (about === null || about.some(({ process }) => !allowed.has(process))) {
      return { kind: 'processes', text: `${only} processes = ${role.processes.join(', ')}` };
    }
  }
  if (signal !== null && role.signals.length > 0 && !role.signals.includes(signal)) {
    return { kind: 'signals', text: `${only} signals = ${role.signals.join(', ')}` };
  }
  if (role.reasonRequired && !hasReason && action !== 'status' && action !== 'logs') {
    return { kind: 'reason', text: `role "${role.name}" wants a reason for ${action} (--reason)` };
  }
  return null;
}

function isAbout({ hosts }: HeldRole, { host }: Host): boolean {
  const members = hosts();
  return members === null || members.has(host);
}

function once<Value>(find: () => Value): () => Value {
  let found: { readonly value: Value } | null = null;
  return () => {
    found ??= { value: find() };
    return found.value;
  };
}

/**
 * What a role with `processes` is about on one host. Processes that are not there (any more, or yet)
 * are judged by their name.
 */
function processesOf(
  held: HeldRole,
  host: Host,
  about: readonly ProcessStatus[] | null,
): ReadonlySet<ProcessName> {
  const known = held.processes.get(host.host);
  const isKnown =
    known !== undefined && (about ?? []).every(({ process }) => host.processes.has(process));
  if (isKnown) return known;
  const strangers = (about ?? []).filter(({ process }) => !host.processes.has(process));
  const statuses = [...statusesOf(host), ...strangers];
  const names = new Set(
    held
      .matching()(statuses)
      .map(({ process }) => process),
  );
  if (strangers.length === 0) held.processes.set(host.host, names);
  return names;
}

/** So that what several roles allow is counted against the one that limits it least. */
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
