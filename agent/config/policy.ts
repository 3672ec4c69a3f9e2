/**
 * `[policy]`: how far a controller may go on this host. Without a key there is no such limit; a key
 * without a value is a mistake, but for `allow_verbs`, which then says that a controller may only
 * look on.
 */
import { notEmpty, processPatterns, signals, someOf } from '../../proto/access-values.ts';
import type { IniDocument } from '../../proto/dialect/ini.ts';
import { quoted } from '../../proto/dialect/problem.ts';
import {
  checkKeys,
  optional,
  type Parsed,
  type Parser,
  type ReadContext,
  readValues,
} from '../../proto/dialect/settings.ts';
import { path } from '../../proto/dialect/values.ts';
import { subjectOfKey } from '../../proto/role-section.ts';
import { NO_POLICY, POLICY_VERBS, type Policy, type PolicyUser } from '../core/host-rules.ts';
import { type Accounts, unknownAccount } from './user.ts';

export interface PolicySurroundings {
  readonly accounts: Accounts;
  /** Without links; null where there is no such file. */
  readonly realPath: (path: string) => string | null;
}

/** Null where the section has an error. */
export function readPolicy(
  document: IniDocument,
  around: PolicySurroundings,
  context: ReadContext,
): Policy | null {
  const section = document.sections.get('policy');
  if (section === undefined) return NO_POLICY;
  const table = policyTable(around);
  const known = { known: Object.keys(table), notYet: [], unknownIs: 'error' } as const;
  checkKeys(section, known, context.findings);
  const values = readValues(section, table, context);
  if (values === null) return null;
  const { allow_verbs: verbs, users, directories, ...rest } = values;
  const policy = { verbs, users, directories, ...rest };
  if (policy.signals !== null && verbs !== null && !verbs.includes('signal')) {
    const message = 'has no effect: allow_verbs does not allow signal';
    context.findings.warning(subjectOfKey(section, 'signals', context), message);
  }
  return policy;
}

const INSTEAD = {
  status: 'a controller always sees how things stand',
  reread: 'it goes with update',
  all: 'leave the line out',
  tail: 'reading logs is spelled logs',
};

const policyTable = ({ accounts, realPath }: PolicySurroundings) => ({
  allow_verbs: optional(someOf(POLICY_VERBS, INSTEAD), null),
  processes: optional(notEmpty(processPatterns), null),
  signals: optional(notEmpty(signals), null),
  users: optional(notEmpty(each(userOf(accounts))), null),
  directories: optional(notEmpty(each(directoryOf(realPath))), null),
});

const userOf = ({ user, findUser }: Accounts): Parser<PolicyUser> => ({
  expected: 'names or uids of users',
  parse: (text) => {
    // What the agent runs as needs no look-up, which in a bare container may not even be possible.
    if (text === user.name || text === String(user.uid)) return { ok: true, value: { ...user } };
    const found = findUser(text);
    if (found === null) return { ok: false, why: unknownAccount('user', text) };
    return { ok: true, value: { name: found.name, uid: found.uid } };
  },
});

const anyDirectory = path('directories in which programs lie');

const directoryOf = (realPath: PolicySurroundings['realPath']): Parser<string> => ({
  expected: anyDirectory.expected,
  parse: (text, context) => {
    const parsed = anyDirectory.parse(text, context);
    if (!parsed.ok) return parsed;
    const real = realPath(parsed.value);
    if (real !== null) return { ok: true, value: real };
    const doubt = `there is no directory ${quoted(parsed.value)}, so no program can lie in it`;
    return { ...parsed, doubt };
  },
});

/** Between commas and line ends, for names and paths can have blanks. */
function each<Value>(item: Parser<Value>): Parser<readonly Value[]> {
  return {
    expected: `${item.expected}, separated by commas`,
    parse(found, context): Parsed<readonly Value[]> {
      const texts = found.split(/[,\n]/).map((text) => text.trim());
      const parsed = texts.filter((text) => text !== '').map((text) => item.parse(text, context));
      const wrong = parsed.find((one) => !one.ok);
      if (wrong !== undefined) return wrong as typeof wrong & { readonly ok: false };
      const right = parsed.flatMap((one) => (one.ok ? [one] : []));
      const doubts = right.flatMap(({ doubt }) => doubt ?? []);
      const value = right.map((one) => one.value);
      return { ok: true, value, doubt: doubts.length === 0 ? null : doubts.join('; ') };
    },
  };
}
