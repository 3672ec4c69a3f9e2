/**
 * `[supervisord]`: what concerns the programs, and what it says about the daemon that has a meaning
 * for the agent too. Going to the background, cleaning up temporary logs and the like have none.
 */
import type { IniDocument } from '../../proto/dialect/ini.ts';
import type { Reading } from '../../proto/dialect/read-document.ts';
import {
  checkKeys,
  optional,
  type Parser,
  type ReadContext,
  readPartly,
  readValues,
} from '../../proto/dialect/settings.ts';
import { boolean, environment, integer, umask } from '../../proto/dialect/values.ts';
import type { ProcessUser } from '../core/definition.ts';
import {
  defineMainLog,
  MAIN_LOG_FALLBACKS,
  type MainLogSettings,
  mainLogTable,
} from './main-log.ts';
import { existingDirectory, type PathFinder, pathFinder, writablePath } from './paths.ts';
import { expandedTwice } from './twice.ts';
import { type Accounts, agentUser } from './user.ts';
import { orZero } from './values.ts';

export interface SupervisordSettings {
  /** For every program; null: it is wrong. */
  readonly environment: ReadonlyMap<string, string> | null;
  readonly childLogDir: string | null;
  /** How many descriptors a child must be able to open. */
  readonly minFds: number;
  /** How many processes the agent's user must be able to have. */
  readonly minProcs: number;
  /** For programs that say nothing else; null: as the agent was started. */
  readonly umask: number | null;
  readonly stripAnsi: boolean;
  readonly mainLog: MainLogSettings;
  readonly pidFile: string | null;
  /** As whom the agent goes on once it has started; null: as it was started. */
  readonly runAs: ProcessUser | null;
}

/** Supervisor's defaults where there is no such section, and in place of what is wrong. */
export function readSupervisord(
  document: IniDocument,
  around: {
    readonly context: ReadContext;
    readonly accounts: Accounts;
    readonly reading: Reading;
  },
): SupervisordSettings {
  const { context, accounts, reading } = around;
  const section = document.sections.get('supervisord');
  if (section === undefined) return DEFAULTS;
  const table = supervisordTable(accounts, pathFinder(reading));
  const known = [...Object.keys(table), 'environment', ...WITHOUT_EFFECT];
  checkKeys(section, { known, notYet: [], unknownIs: 'warning' }, reading.findings);
  const added = readValues(section, environmentTable(context), context);
  const values = { ...FALLBACKS, ...readPartly(section, table, context) };
  return {
    environment: added?.environment ?? null,
    childLogDir: values.childlogdir,
    minFds: values.minfds,
    minProcs: values.minprocs,
    umask: values.umask,
    stripAnsi: values.strip_ansi,
    mainLog: defineMainLog(values),
    pidFile: values.pidfile,
    runAs: values.user,
  };
}

const NO_ENVIRONMENT: ReadonlyMap<string, string> = new Map();

const FALLBACKS = {
  childlogdir: null,
  minfds: 1024,
  minprocs: 200,
  umask: null,
  strip_ansi: false,
  ...MAIN_LOG_FALLBACKS,
  pidfile: null,
  user: null,
};

const DEFAULTS: SupervisordSettings = {
  environment: NO_ENVIRONMENT,
  childLogDir: FALLBACKS.childlogdir,
  minFds: FALLBACKS.minfds,
  minProcs: FALLBACKS.minprocs,
  umask: FALLBACKS.umask,
  stripAnsi: FALLBACKS.strip_ansi,
  mainLog: defineMainLog(FALLBACKS),
  pidFile: FALLBACKS.pidfile,
  runAs: FALLBACKS.user,
};

const supervisordTable = (accounts: Accounts, finder: PathFinder) => ({
  childlogdir: optional(existingDirectory(finder), FALLBACKS.childlogdir),
  minfds: optional(orZero(integer({ min: 0 })), FALLBACKS.minfds),
  minprocs: optional(orZero(integer({ min: 0 })), FALLBACKS.minprocs),
  umask: optional(umask, FALLBACKS.umask),
  strip_ansi: optional(boolean, FALLBACKS.strip_ansi),
  ...mainLogTable(finder),
  pidfile: optional(writablePath(finder, 'a path'), FALLBACKS.pidfile),
  user: optional(agentUser(accounts), FALLBACKS.user),
  // Without effect, but what Supervisor refuses is a mistake here too.
  nodaemon: optional(boolean, false),
  silent: optional(boolean, false),
  nocleanup: optional(boolean, false),
  directory: optional(existingDirectory(finder), null),
  identifier: optional(anything, null),
});

const anything: Parser<string> = { expected: 'a name', parse: (value) => ({ ok: true, value }) };

/** Of its profiler; Supervisor does not read it from a file either. */
const WITHOUT_EFFECT = ['profile_options'];

const environmentTable = ({ variables }: ReadContext) => ({
  environment: optional(expandedTwice(environment, variables), NO_ENVIRONMENT),
});
