/**
 * Which sections of a `supervisord.conf` have a meaning here, and which keys those may have that are
 * Supervisor's but not served yet. What comes later is told once, not once for each section; a
 * mistyped name is told wherever it stands, as Supervisor, which ignores it, does not.
 */
import { nearest } from '../../proto/dialect/did-you-mean.ts';
import type { IniDocument, IniSection } from '../../proto/dialect/ini.ts';
import type { Findings } from '../../proto/dialect/problem.ts';
import { checkKeys, subjectOf } from '../../proto/dialect/settings.ts';
import { LATER_OF_SUPERVISOR } from './program-table.ts';

interface SectionKind {
  /** Whether a name follows: `[program:x]`. */
  readonly isNamed: 'yes' | 'no' | 'maybe';
  /** Besides those of a program, where it has them; null: others look at them, or any may be there. */
  readonly keys: readonly string[] | null;
  readonly isProgram?: true;
  /** What does not work yet without it; null: nothing is missing. */
  readonly missing: string | null;
}

/** `programKeys` are those that are read in `[program:x]`. */
export function checkSections(
  document: IniDocument,
  programKeys: readonly string[],
  findings: Findings,
): void {
  for (const section of document.sections.values()) {
    const colon = section.name.indexOf(':');
    const name = colon === -1 ? section.name : section.name.slice(0, colon);
    const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
    const isNamed = colon === -1 ? 'no' : 'yes';
    if (kind === undefined || (kind.isNamed !== 'maybe' && kind.isNamed !== isNamed)) {
      const near = nearest(name, Object.keys(KINDS));
      // A limit that was mistyped must not be none.
      const severity = near !== null && OF_RIGHTS.has(near) ? 'error' : 'warning';
      const message = 'this section is not known and has no effect';
      findings[severity](
        subjectOf(section, null),
        message,
        near && `did you mean ${spelling(near)}?`,
      );
    } else {
      checkKind(section, kind, { programKeys, findings });
    }
  }
}

function checkKind(
  section: IniSection,
  { keys, missing, isProgram }: SectionKind,
  around: { readonly programKeys: readonly string[]; readonly findings: Findings },
): void {
  const { programKeys, findings } = around;
  if (keys !== null) {
    const known = isProgram ? [...keys, ...programKeys, ...LATER_OF_SUPERVISOR] : keys;
    checkKeys(section, { known, notYet: [], unknownIs: 'warning' }, findings);
  }
  if (missing !== null) {
    const message = `${missing} in a later version; this section has no effect yet (told once)`;
    findings.noticeOnce(`later: ${missing}`, subjectOf(section, null), message);
  }
}

const read = (isNamed: SectionKind['isNamed']): SectionKind => ({
  isNamed,
  keys: null,
  missing: null,
});

const HTTP_SERVER = {
  isNamed: 'maybe',
  missing: "Supervisor's XML-RPC interface and web page come",
} as const;
const LOGIN = ['username', 'password'];

const KINDS: Readonly<Record<string, SectionKind>> = {
  agent: read('no'),
  policy: read('no'),
  role: read('yes'),
  operator: read('yes'),
  supervisord: read('no'),
  include: read('no'),
  program: read('yes'),
  group: read('yes'),
  unix_http_server: { ...HTTP_SERVER, keys: ['file', 'chmod', 'chown', ...LOGIN] },
  inet_http_server: { ...HTTP_SERVER, keys: ['port', ...LOGIN] },
  // Its keys are arguments of whatever it names.
  rpcinterface: { ...HTTP_SERVER, isNamed: 'yes', keys: null },
  // Of the client, which supervisord does not read either: nothing is missing.
  supervisorctl: {
    isNamed: 'no',
    keys: ['serverurl', 'prompt', 'history_file', ...LOGIN],
    missing: null,
  },
  ctlplugin: { isNamed: 'yes', keys: null, missing: 'commands of plugins come' },
  eventlistener: {
    isNamed: 'yes',
    isProgram: true,
    keys: ['events', 'buffer_size', 'result_handler'],
    missing: 'event listeners come',
  },
  'fcgi-program': {
    isNamed: 'yes',
    isProgram: true,
    keys: ['socket', 'socket_backlog', 'socket_owner', 'socket_mode'],
    missing: 'FastCGI programs come',
  },
};

const OF_RIGHTS: ReadonlySet<string> = new Set(['policy', 'role', 'operator']);

const spelling = (kind: string): string =>
  KINDS[kind]?.isNamed === 'yes' ? `[${kind}:NAME]` : `[${kind}]`;
