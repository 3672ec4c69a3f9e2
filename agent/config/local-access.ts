/**
 * `[role:NAME]`, `[operator:USER]` and `[operator:%GROUP]` of the agent's own file: what this host's
 * users may do through its socket. Roles are written as on the controller, but for what only a fleet
 * has. Without any operator nothing is judged, and the mode of the socket says it all.
 */
import { BUILT_IN_ROLES, isFleetAction, type Role } from '../../proto/authority.ts';
import type { IniDocument, IniSection } from '../../proto/dialect/ini.ts';
import { quoted } from '../../proto/dialect/problem.ts';
import {
  checkKeys,
  optional,
  type ReadContext,
  readValues,
  subjectOf,
} from '../../proto/dialect/settings.ts';
import { list } from '../../proto/dialect/values.ts';
import {
  isRole,
  knownRoles,
  readRole,
  roleNames,
  subjectOfKey,
  warnOfUnusedRoles,
} from '../../proto/role-section.ts';
import type { LocalAccess, LocalOperator } from '../core/host-rules.ts';
import type { LocalSocket } from './local-socket.ts';
import { type Accounts, unknownAccount } from './user.ts';

const PREFIX = 'operator:';

/** Null: nothing is judged. What is wrong is told, and left out. */
export function readLocalAccess(
  document: IniDocument,
  accounts: Accounts,
  context: ReadContext,
): LocalAccess | null {
  const sections = [...document.sections.values()];
  const written = sections
    .filter(isRole)
    .flatMap((section) => readLocalRole(section, context) ?? []);
  const named = sections.filter(({ name }) => name.startsWith(PREFIX));
  if (named.length === 0) {
    warnOfUnusedRoles(document, [], context);
    return null;
  }
  const known = roleNames(document);
  const operators = named.flatMap(
    (section) => readOperator(section, { known, accounts, context }) ?? [],
  );
  const given = operators.flatMap(({ roles }) => roles);
  warnOfUnusedRoles(document, given, context);
  return { roles: [...BUILT_IN_ROLES, ...written], operators };
}

/** Whoever is named would have to get in first. */
export function warnOfClosedSocket(
  document: IniDocument,
  { mode, owner }: LocalSocket,
  { findings }: ReadContext,
): void {
  const [first] = [...document.sections.values()].filter(({ name }) => name.startsWith(PREFIX));
  if (first === undefined || owner !== null || (mode & ANYBODY_ELSE_CONNECTS) !== 0) return;
  const message = "only root and the agent's own user can open the socket, who may do all anyway";
  findings.warning(subjectOf(first, null), message, '[agent]\nsocket_mode = 0777');
}

/** Who may connect is who may write to it (unix(7)). */
const ANYBODY_ELSE_CONNECTS = 0o022;

/** They are read on a controller, and would be missed here. */
const OF_FLEETS = ['hosts', 'max_hosts', 'reason_required', 'runbooks'];

function readLocalRole(section: IniSection, context: ReadContext): Role | null {
  const { findings } = context;
  const role = readRole(section, OF_FLEETS, context);
  for (const key of OF_FLEETS.filter((one) => section.entries.has(one))) {
    const message = 'is about a fleet, and has a meaning in controller.conf only';
    findings.error(subjectOfKey(section, key, context), message);
  }
  if (role === null) return null;
  for (const [key, actions] of Object.entries({ allow: role.allow, deny: role.deny })) {
    const whole = [...actions].filter(isFleetAction);
    if (whole.length === 0) continue;
    const message = `${whole.join(', ')}: of a fleet only, and has a meaning in controller.conf only`;
    findings.error(subjectOfKey(section, key, context), message);
  }
  if (role.allow.size === 0 && role.deny.size === 0) {
    const message = 'this role neither allows nor denies anything';
    findings.warning(subjectOf(section, null), message, 'allow = status, logs');
  }
  return role;
}

const OPERATOR = { roles: optional(list('names of roles, separated by commas'), null) };

interface Around {
  readonly known: readonly string[];
  readonly accounts: Accounts;
  readonly context: ReadContext;
}

function readOperator(
  section: IniSection,
  { known, accounts, context }: Around,
): LocalOperator | null {
  const { findings } = context;
  const keys = { known: Object.keys(OPERATOR), notYet: [], unknownIs: 'error' } as const;
  checkKeys(section, keys, findings);
  const account = accountOf(section, accounts, context);
  const values = readValues(section, OPERATOR, context);
  if (values === null) return null;
  const named = values.roles ?? [];
  if (named.length === 0) {
    const message = `has no roles, so ${quoted(section.name.slice(PREFIX.length))} may do nothing`;
    findings.warning(subjectOf(section, null), message, 'roles = viewer');
  }
  const roles = knownRoles(section, named, known, context);
  return account === null || roles === null ? null : { ...account, roles };
}

/** By number, which is what the kernel tells of a caller. */
function accountOf(
  section: IniSection,
  { user, findUser, findGroup }: Accounts,
  { findings }: ReadContext,
): Pick<LocalOperator, 'kind' | 'name' | 'id'> | null {
  const text = section.name.slice(PREFIX.length);
  const subject = subjectOf(section, null);
  const kind = text.startsWith('%') ? 'group' : 'user';
  const name = kind === 'group' ? text.slice(1) : text;
  if (name === '') {
    findings.error(subject, 'expected a user or a %group of this host after "operator:"');
    return null;
  }
  const own = name === user.name ? user.uid : null;
  const id = kind === 'group' ? findGroup(name) : (own ?? findUser(name)?.uid ?? null);
  if (id === null) findings.error(subject, unknownAccount(kind, name));
  return id === null ? null : { kind, name, id };
}
