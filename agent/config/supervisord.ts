/**
 * `[supervisord]`: what concerns the programs, and what it says about the daemon that has a meaning
 * for the agent too. Going to the background, cleaning up temporary logs and the like have none.
 */
import type { IniDocument } from '../../proto/dialect/ini.ts';
import type { Reading } from '../../proto/dialect/read-document.ts';
import { checkKeys, optional, type ReadContext, readValues } from '../../proto/dialect/settings.ts';
import { boolean, environment, integer, umask } from '../../proto/dialect/values.ts';
import type { ProcessUser } from '../core/definition.ts';
import { defineMainLog, type MainLogSettings, mainLogTable, NO_MAIN_LOG } from './main-log.ts';
import { existingDirectory, type PathFinder, writablePath } from './paths.ts';
import { expandedTwice } from './twice.ts';
import { type Accounts, processUser } from './user.ts';
import { orZero } from './values.ts';

export interface SupervisordSettings {
  /** For every program. */
  readonly environment: ReadonlyMap<string, string>;
  readonly childLogDir: string | null;
  readonly minFds: number;
  readonly minProcs: number;
  /** For programs that say nothing else; null: as the agent was started. */
  readonly umask: number | null;
  readonly stripAnsi: boolean;
  readonly mainLog: MainLogSettings;
  readonly pidFile: string | null;
  /** Null: as the agent was started. */
  readonly runAs: ProcessUser | null;
}

/** Supervisor's defaults; also where there is no such section, or a wrong one. */
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
  const finder = { absolute: reading.absolute, isDirectory: reading.files.isDirectory };
  const table = supervisordTable(accounts, finder);
  const known = [...Object.keys(table), 'environment', ...WITHOUT_EFFECT];
  checkKeys(section, { known, notYet: [], unknownIs: 'warning' }, reading.findings);
  // Apart, so that a fault elsewhere does not leave programs without the variables they name.
  const added = readValues(section, environmentTable(context), context);
  const rest = { ...DEFAULTS, environment: added?.environment ?? DEFAULTS.environment };
  const values = readValues(section, table, context);
  if (values === null) return rest;
  return {
    ...rest,
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

const DEFAULTS: SupervisordSettings = {
  environment: new Map(),
  childLogDir: null,
  minFds: 1024,
  minProcs: 200,
  umask: null,
  stripAnsi: false,
  mainLog: NO_MAIN_LOG,
  pidFile: null,
  runAs: null,
};

const supervisordTable = (accounts: Accounts, finder: PathFinder) => ({
  childlogdir: optional(existingDirectory(finder), null),
  minfds: optional(orZero(integer({ min: 0 })), DEFAULTS.minFds),
  minprocs: optional(orZero(integer({ min: 0 })), DEFAULTS.minProcs),
  umask: optional(umask, DEFAULTS.umask),
  strip_ansi: optional(boolean, DEFAULTS.stripAnsi),
  ...mainLogTable(finder),
  pidfile: optional(writablePath(finder, 'a path'), null),
  user: optional(processUser(accounts), null),
  // Without effect, but what Supervisor refuses is a mistake here too.
  nodaemon: optional(boolean, false),
  silent: optional(boolean, false),
  nocleanup: optional(boolean, false),
});

/** About going to the background, temporary logs, the name in Supervisor's events, its profiler. */
const WITHOUT_EFFECT = ['directory', 'identifier', 'profile_options'];

const environmentTable = ({ variables }: ReadContext) => ({
  environment: optional(expandedTwice(environment, variables), DEFAULTS.environment),
});
