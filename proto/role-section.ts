/**
 * `[role:NAME]`, as controllers and agents both have it: what may be done to which processes. What
 * only a fleet has (hosts, runbooks) the controller reads beside it. A role that could not mean what
 * it says is an error, for it is read again only when somebody is refused, or is not.
 */
import { notEmpty, processPatterns, signals, someOf } from './access-values.ts';
import { ACTIONS, type Action, BUILT_IN_ROLES, type Role } from './authority.ts';
import { nearest } from './dialect/did-you-mean.ts';
import type { IniDocument, IniSection } from './dialect/ini.ts';
import { quoted, type Subject } from './dialect/problem.ts';
import {
  checkKeys,
  findEntry,
  optional,
  type ReadContext,
  readValues,
  subjectOf,
} from './dialect/settings.ts';
import { IDENTITY_NAME_RULE, isIdentityName } from './identity-name.ts';

const PREFIX = 'role:';

export const isRole = (section: IniSection): boolean => section.name.startsWith(PREFIX);

const roleNameOf = (section: IniSection): string => section.name.slice(PREFIX.length);

/** Every role that is written or built in, also those that are wrong. */
export function roleNames(document: IniDocument): readonly string[] {
  const written = [...document.sections.values()].filter(isRole).map(roleNameOf);
  return [...BUILT_IN_ROLES.map(({ name }) => name), ...written];
}

const INSTEAD = {
  all: 'for everything, give the role admin',
  '*': 'for everything, give the role admin',
  tail: 'reading logs is spelled logs',
  avail: 'it goes with status',
  reread: 'it goes with update',
};

const actions = someOf<Action>(ACTIONS, INSTEAD);

const ROLE = {
  allow: optional(actions, []),
  deny: optional(actions, []),
  processes: optional(notEmpty(processPatterns), []),
  signals: optional(notEmpty(signals), []),
};

/**
 * About the hosts, of which nothing is said here, it allows all.
 * @param others keys of the section that somebody else reads
 * @returns null where something is wrong, which is then told
 */
export function readRole(
  section: IniSection,
  others: readonly string[],
  context: ReadContext,
): Role | null {
  const { findings } = context;
  const known = [...Object.keys(ROLE), ...others];
  checkKeys(section, { known, notYet: [], unknownIs: 'error' }, findings);
  const name = roleNameOf(section);
  if (!isNameOfRole(section, name, context)) return null;
  const values = readValues(section, ROLE, context);
  if (values === null) return null;
  const role: Role = {
    name,
    allow: new Set(values.allow),
    deny: new Set(values.deny),
    processes: values.processes,
    signals: values.signals,
    ...{ hosts: null, maxHosts: null, reasonRequired: false, runbooks: [] },
  };
  warnOfContradictions(section, role, context);
  return role;
}

/** Where a key of a section stands, or would stand. */
export function subjectOfKey(section: IniSection, key: string, context: ReadContext): Subject {
  return { ...subjectOf(section, findEntry(section, key, context.defaults)), key };
}

function isNameOfRole(section: IniSection, name: string, { findings }: ReadContext): boolean {
  const subject = subjectOf(section, null);
  if (!isIdentityName(name)) {
    const message = `expected a name after "role:" (${IDENTITY_NAME_RULE}), found ${quoted(name)}`;
    findings.error(subject, message);
    return false;
  }
  if (!BUILT_IN_ROLES.some((role) => role.name === name)) return true;
  const message = `the role ${name} is built in and cannot be written anew`;
  findings.error(subject, message, `give yours another name, for example [role:${name}-web]`);
  return false;
}

function warnOfContradictions(section: IniSection, role: Role, context: ReadContext): void {
  const { findings } = context;
  const { allow, deny } = role;
  const pointless = [...allow].filter((action) => deny.has(action));
  if (pointless.length > 0) {
    const message = `denies ${pointless.join(', ')}, which allow names too: a deny wins, so that allow has no effect`;
    findings.warning(subjectOfKey(section, 'deny', context), message);
  }
  if (role.signals.length > 0 && !allow.has('signal') && !deny.has('signal')) {
    const message = 'has no effect: the role neither allows nor denies signal';
    findings.warning(subjectOfKey(section, 'signals', context), message);
  }
}

/**
 * `roles` of an operator: each must be there; each counts once.
 * @returns null where one is not there, which is then told
 */
export function knownRoles(
  section: IniSection,
  named: readonly string[],
  known: readonly string[],
  context: ReadContext,
): readonly string[] | null {
  const unknown = [...new Set(named)].filter((name) => !known.includes(name));
  for (const name of unknown) {
    const hint = (): string => {
      const near = nearest(name.toLowerCase(), known);
      if (near !== null) return `did you mean ${near}?`;
      return `there are ${known.join(', ')}; others are written as [role:NAME]`;
    };
    const subject = subjectOfKey(section, 'roles', context);
    context.findings.error(subject, `there is no role ${quoted(name)}`, hint);
  }
  return unknown.length > 0 ? null : [...new Set(named)];
}

/** Told of roles that are written and that nobody has: a name was perhaps mistyped. */
export function warnOfUnusedRoles(
  document: IniDocument,
  used: Iterable<string>,
  { findings }: ReadContext,
): void {
  const given = new Set(used);
  for (const section of document.sections.values()) {
    if (!isRole(section) || given.has(roleNameOf(section))) continue;
    const message = 'nobody has this role';
    const hint = `[operator:alice]\nroles = ${roleNameOf(section)}`;
    findings.warning(subjectOf(section, null), message, hint);
  }
}
