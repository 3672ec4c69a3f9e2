/**
 * `[role:NAME]` and `[operator:NAME]` of `controller.conf`: who may do what, and where. Default is
 * no, so a mistake here takes rights away and never gives any; but somebody who is refused in the
 * middle of a night had better been told of it when the file was written.
 */
import { notEmpty, wordsOf } from '../../proto/access-values.ts';
import { BUILT_IN_ROLES, isFleetAction, type Role, type RoleHosts } from '../../proto/authority.ts';
import { nearest } from '../../proto/dialect/did-you-mean.ts';
import type { IniDocument, IniSection } from '../../proto/dialect/ini.ts';
import { quoted } from '../../proto/dialect/problem.ts';
import {
  checkKeys,
  isWhole,
  optional,
  type Parser,
  type ReadContext,
  readPartly,
  readValues,
  subjectOf,
  type Values,
} from '../../proto/dialect/settings.ts';
import { boolean, integer, list, text } from '../../proto/dialect/values.ts';
import { IDENTITY_NAME_RULE, isIdentityName } from '../../proto/identity-name.ts';
import type { Runbook } from '../../proto/operation.ts';
import {
  isRole,
  knownRoles,
  readRole,
  roleNames,
  subjectOfKey,
  warnOfUnusedRoles,
} from '../../proto/role-section.ts';
import { hasWildcard } from '../../proto/wildcard.ts';
import { type RoleGroups, readRoleHosts } from './role-hosts.ts';

/** Who may do what, as the file says it. */
export interface Authority {
  /** By name; the built-in ones first, then in the order of the file. */
  readonly roles: ReadonlyMap<string, Role>;
  /** By the name in their certificates: the names of their roles, each of which there is. */
  readonly operators: ReadonlyMap<string, readonly string[]>;
}

/** What roles refer to. */
export interface RoleSurroundings extends RoleGroups {
  readonly runbooks: ReadonlyMap<string, Runbook>;
}

const OPERATOR_PREFIX = 'operator:';

export const isOperator = (section: IniSection): boolean =>
  section.name.startsWith(OPERATOR_PREFIX);

/** Roles and operators that are wrong are told, and left out. */
export function readAuthority(
  document: IniDocument,
  around: RoleSurroundings,
  context: ReadContext,
): Authority {
  const written = [...document.sections.values()]
    .filter(isRole)
    .flatMap((section) => readFleetRole(section, around, context) ?? []);
  const operators = readOperators(document, context);
  // A role whose name somebody mistyped is not the one to be told about.
  const isUnderstood = operators.size > 0 && context.findings.errors.length === 0;
  if (isUnderstood) warnOfUnusedRoles(document, [...operators.values()].flat(), context);
  const roles = [...BUILT_IN_ROLES, ...written].map((role) => [role.name, role] as const);
  return { roles: new Map(roles), operators };
}

/** Names and globs of runbooks; perhaps none. */
const runbookGlobs: Parser<readonly string[]> = {
  expected: 'names of runbooks (deploy, web-*, *), separated by commas',
  parse: (found) => ({ ok: true, value: wordsOf(found) }),
};

const FLEET_ROLE = {
  hosts: optional(text('a selector of hosts, for example web-* or env=prod'), null),
  max_hosts: optional(integer({ min: 1, meaning: 'a number of hosts' }), null),
  reason_required: optional(boolean, false),
  runbooks: optional(notEmpty(runbookGlobs), []),
};

function readFleetRole(
  section: IniSection,
  around: RoleSurroundings,
  context: ReadContext,
): Role | null {
  const base = readRole(section, Object.keys(FLEET_ROLE), context);
  const values = readPartly(section, FLEET_ROLE, context);
  const hosts = values.hosts == null ? null : readRoleHosts(section, values.hosts, around, context);
  const isOfHosts = values.hosts === undefined || values.hosts !== null;
  if (base !== null) checkFleetActions(section, base, isOfHosts, context);
  if (values.runbooks !== undefined) {
    warnOfUnknownRunbooks(section, values.runbooks, around.runbooks, context);
  }
  if (base === null || !isWhole(values, FLEET_ROLE)) return null;
  if (isOfHosts && hosts === null) return null;
  const role = fleetRole(base, hosts, values);
  warnOfNoEffect(section, role, context);
  return role;
}

function fleetRole(base: Role, hosts: RoleHosts | null, values: Values<typeof FLEET_ROLE>): Role {
  return {
    ...base,
    hosts,
    maxHosts: values.max_hosts,
    reasonRequired: values.reason_required,
    runbooks: values.runbooks,
  };
}

/** There is no part of a fleet on whose hosts alone a certificate could be issued. */
function checkFleetActions(
  section: IniSection,
  { allow, deny, processes }: Role,
  isOfHosts: boolean,
  context: ReadContext,
): void {
  const limits = [
    ...(isOfHosts ? ['hosts'] : []),
    ...(processes.length > 0 ? ['processes'] : []),
  ].join(' and ');
  if (limits === '') return;
  for (const [key, named] of Object.entries({ allow, deny })) {
    const whole = [...named].filter(isFleetAction);
    if (whole.length === 0) continue;
    const [is, them] = whole.length === 1 ? ['is', 'it'] : ['are', 'them'];
    const message = `${whole.join(', ')} ${is} about the whole fleet, and this role is limited by ${limits}`;
    const hint = `write ${them} into a role of their own, without ${limits}`;
    context.findings.error(subjectOfKey(section, key, context), message, hint);
  }
}

function warnOfUnknownRunbooks(
  section: IniSection,
  globs: readonly string[],
  runbooks: ReadonlyMap<string, Runbook>,
  context: ReadContext,
): void {
  for (const name of globs.filter((glob) => !hasWildcard(glob) && !runbooks.has(glob))) {
    const hint = (): string => {
      const near = nearest(name, runbooks.keys());
      return near === null ? `[runbook:${name}] would be one` : `did you mean ${near}?`;
    };
    const subject = subjectOfKey(section, 'runbooks', context);
    context.findings.warning(subject, `there is no runbook ${quoted(name)}`, hint);
  }
}

function warnOfNoEffect(section: IniSection, role: Role, context: ReadContext): void {
  const { allow, deny, runbooks } = role;
  const { warning } = context.findings;
  if (allow.size === 0 && deny.size === 0 && runbooks.length === 0) {
    const message = 'this role neither allows nor denies anything';
    return warning(subjectOf(section, null), message, 'allow = status, logs');
  }
  const isLooking = [...allow].every((action) => action === 'status' || action === 'logs');
  if (!isLooking || runbooks.length > 0) return;
  const limits = [
    ...(role.maxHosts === null ? [] : ['max_hosts']),
    ...(role.reasonRequired ? ['reason_required'] : []),
  ];
  for (const key of limits) {
    const message = 'has no effect: the role allows nothing that changes anything';
    warning(subjectOfKey(section, key, context), message);
  }
}

const OPERATOR = { roles: optional(list('names of roles, separated by commas'), null) };

function readOperators(
  document: IniDocument,
  context: ReadContext,
): ReadonlyMap<string, readonly string[]> {
  const known = roleNames(document);
  const sections = [...document.sections.values()].filter(isOperator);
  const operators = new Map<string, readonly string[]>();
  for (const section of sections) {
    const name = section.name.slice(OPERATOR_PREFIX.length);
    checkOperatorName(section, name, context);
    const rows = { known: Object.keys(OPERATOR), notYet: [], unknownIs: 'error' } as const;
    checkKeys(section, rows, context.findings);
    const values = readValues(section, OPERATOR, context);
    if (values === null) continue;
    const named = values.roles ?? [];
    if (named.length === 0) {
      const message = 'has no roles, so this operator may do nothing';
      const subject =
        values.roles === null ? subjectOf(section, null) : subjectOfKey(section, 'roles', context);
      context.findings.warning(subject, message, 'roles = viewer');
    }
    operators.set(name, knownRoles(section, named, known, context) ?? []);
  }
  return operators;
}

/** As certificates have it; a name that none can have would be refused for ever. */
function checkOperatorName(section: IniSection, name: string, { findings }: ReadContext): void {
  if (isIdentityName(name)) return;
  const lower = name.toLowerCase();
  const message = `no certificate can be issued to ${quoted(name)}: names of operators have ${IDENTITY_NAME_RULE}`;
  const hint = isIdentityName(lower) ? `did you mean [operator:${lower}]?` : null;
  findings.error(subjectOf(section, null), message, hint);
}
