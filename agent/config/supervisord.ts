/**
 * What a `supervisord.conf` says outside its programs: which of its sections have a meaning here,
 * and the part of `[supervisord]` that concerns the programs. The rest of that section is about
 * Supervisor's own daemon (log, pid file, going to the background) and is passed over.
 */
import { nearest } from '../../proto/dialect/did-you-mean.ts';
import type { IniDocument, IniSection } from '../../proto/dialect/ini.ts';
import { type Findings, quoted } from '../../proto/dialect/problem.ts';
import type { Reading } from '../../proto/dialect/read-document.ts';
import {
  checkKeys,
  optional,
  type ReadContext,
  readValues,
  subjectOf,
} from '../../proto/dialect/settings.ts';
import { environment, expandHome, integer, text, umask } from '../../proto/dialect/values.ts';
import { type AgentUser, sameUser } from './values.ts';

export interface SupervisordSettings {
  /** For every program. */
  readonly environment: ReadonlyMap<string, string>;
  readonly childLogDir: string | null;
  readonly minFds: number;
  /** For programs that say nothing else; null: as the agent was started. */
  readonly umask: number | null;
}

/** By the part before the colon. */
const READ: ReadonlySet<string> = new Set(['agent', 'supervisord', 'include', 'program', 'group']);
const NAMED: ReadonlySet<string> = new Set(['program', 'group']);
const NOT_YET: ReadonlySet<string> = new Set([
  'unix_http_server',
  'inet_http_server',
  'supervisorctl',
  'rpcinterface',
  'ctlplugin',
  'eventlistener',
  'fcgi-program',
]);

/** Warns of sections that nothing reads, as Supervisor, which ignores them, does not. */
export function checkSections(document: IniDocument, findings: Findings): void {
  for (const section of document.sections.values()) {
    const colon = section.name.indexOf(':');
    const kind = colon === -1 ? section.name : section.name.slice(0, colon);
    if (READ.has(kind) && NAMED.has(kind) === (colon !== -1)) continue;
    const subject = subjectOf(section, null);
    if (NOT_YET.has(kind)) {
      findings.warning(subject, 'this section is not supported yet and has no effect');
    } else {
      findings.warning(subject, 'this section is not known and has no effect', () => meant(kind));
    }
  }
}

function meant(kind: string): string | null {
  const near = nearest(kind, READ);
  if (near === null) return null;
  return `did you mean [${NAMED.has(near) ? `${near}:NAME` : near}]?`;
}

const OF_THE_DAEMON = [
  'logfile',
  'logfile_maxbytes',
  'logfile_backups',
  'loglevel',
  'pidfile',
  'nodaemon',
  'silent',
  'minprocs',
  'nocleanup',
  'directory',
  'identifier',
  'profile_options',
];

/** Supervisor's defaults; also where there is no such section, or a wrong one. */
export function readSupervisord(
  document: IniDocument,
  around: { readonly context: ReadContext; readonly user: AgentUser; readonly reading: Reading },
): SupervisordSettings {
  const { context, user, reading } = around;
  const section = document.sections.get('supervisord');
  if (section === undefined) return DEFAULTS;
  const table = {
    childlogdir: optional(text('an existing directory'), null),
    minfds: optional(integer({ min: 1 }), DEFAULTS.minFds),
    umask: optional(umask, DEFAULTS.umask),
    user: optional(sameUser(user), null),
  };
  const known = [...Object.keys(ENVIRONMENT), ...Object.keys(table), ...OF_THE_DAEMON];
  checkKeys(section, { known, notYet: ['strip_ansi'], unknownIs: 'warning' }, reading.findings);
  const values = readValues(section, table, context);
  return {
    // Apart, so that a fault elsewhere does not leave programs without the variables they name.
    environment: readValues(section, ENVIRONMENT, context)?.environment ?? DEFAULTS.environment,
    childLogDir: existing(section, values?.childlogdir ?? null, reading),
    minFds: values?.minfds ?? DEFAULTS.minFds,
    umask: values?.umask ?? DEFAULTS.umask,
  };
}

const DEFAULTS: SupervisordSettings = {
  environment: new Map(),
  childLogDir: null,
  minFds: 1024,
  umask: null,
};

const ENVIRONMENT = { environment: optional(environment, DEFAULTS.environment) };

/** As in Supervisor, relative to where the daemon was started, and it must exist. */
function existing(section: IniSection, written: string | null, reading: Reading): string | null {
  if (written === null) return null;
  const directory = reading.absolute(expandHome(written, reading.home));
  if (!reading.files.isDirectory(directory)) {
    const subject = subjectOf(section, section.entries.get('childlogdir') ?? null);
    reading.findings.error(subject, `there is no directory ${quoted(directory)}`);
  }
  return directory;
}
