/**
 * From one `[program:x]` section to the processes that it means (Supervisor options.py,
 * `processes_from_section`). Most keys are read once for the program; those that may name
 * `%(process_num)s` or the program's own variables are read once for each process.
 */
import { environmentVariables, type Variables } from '../../proto/dialect/expand.ts';
import type { IniSection } from '../../proto/dialect/ini.ts';
import {
  checkKeys,
  findEntry,
  optional,
  type ReadContext,
  readValues,
  required,
  subjectOf,
  type Values,
} from '../../proto/dialect/settings.ts';
import { boolean, environment, integer, seconds, text, umask } from '../../proto/dialect/values.ts';
import { processName } from '../../proto/vocabulary.ts';
import type { ProcessDefinition } from '../core/definition.ts';
import { defineLogs, logTable } from './log.ts';
import { type AgentUser, autoRestart, exitCodes, name, sameUser, signalName } from './values.ts';

export interface ProgramContext {
  /** Its variables include those of the global environment. */
  readonly context: ReadContext;
  /** Of `[supervisord]`: for every program. */
  readonly environment: ReadonlyMap<string, string>;
  /** For programs that say nothing else. */
  readonly umask: number | null;
  readonly user: AgentUser;
  readonly signals: Readonly<Record<string, number>>;
  /** Relative paths count from the agent's working directory. */
  readonly directoryExists: (directory: string) => boolean;
}

export interface Membership {
  readonly program: string;
  readonly group: string;
  /** Null: a program that is a group of its own has its own priority as the group's. */
  readonly groupPriority: number | null;
}

/** The program's processes, by number; none where the section has an error. */
export function readProgram(
  section: IniSection,
  membership: Membership,
  around: ProgramContext,
): readonly ProcessDefinition[] {
  const { findings } = around.context;
  const names = new Map([
    ['program_name', membership.program],
    ['group_name', membership.group],
  ]);
  const variables: Variables = [names, ...around.context.variables];
  const table = programTable(around);
  const tables = [table, ENVIRONMENT, processTable(membership, around)];
  const known = tables.flatMap((one) => Object.keys(one));
  checkKeys(section, { known, notYet: NOT_YET, unknownIs: 'warning' }, findings);
  const shared = readValues(section, table, { ...around.context, variables });
  const isSound = shared !== null && agrees(section, shared, around.context);
  // A program whose shared part is wrong is still read once, to tell about the rest.
  const first = shared?.numprocs_start ?? 0;
  const count = isSound ? shared.numprocs : 1;
  const definitions: ProcessDefinition[] = [];
  for (let number = first; number < first + count; number += 1) {
    const counted = new Map([
      ['process_num', number],
      ['numprocs', count],
    ]);
    const own = readProcess(section, membership, [counted, ...variables], around);
    if (own === null || !isSound) return [];
    definitions.push(define(section, { membership, shared, own }, around));
  }
  return definitions;
}

/** Keys of Supervisor, then our own, that this version does not act on. */
const NOT_YET = [
  'stdout_capture_maxbytes',
  'stderr_capture_maxbytes',
  'stdout_events_enabled',
  'stderr_events_enabled',
  'stdout_syslog',
  'stderr_syslog',
  'serverurl',
  'stop_descendants',
  'depends_on',
  'healthcheck',
  'healthcheck_interval',
  'healthcheck_timeout',
  'healthcheck_retries',
  'restart_pause',
  'env_file',
  'memory_max',
  'log_timestamps',
  'labels',
];

/** More is a typing error, and each process costs memory before anything could say so. */
const NUMPROCS_MAX = 10_000;

const ANY_INTEGER = integer({ min: Number.MIN_SAFE_INTEGER });
const NOT_NEGATIVE = integer({ min: 0 });

const programTable = ({ user, signals }: ProgramContext) => ({
  numprocs: optional(integer({ min: 0, max: NUMPROCS_MAX }), 1),
  numprocs_start: optional(integer({ min: 0, max: Number.MAX_SAFE_INTEGER - NUMPROCS_MAX }), 0),
  priority: optional(ANY_INTEGER, 999),
  autostart: optional(boolean, true),
  autorestart: optional(autoRestart, 'unexpected' as const),
  startsecs: optional(seconds, 1000),
  startretries: optional(NOT_NEGATIVE, 3),
  exitcodes: optional(exitCodes, [0]),
  stopsignal: optional(signalName(signals), 'TERM'),
  stopwaitsecs: optional(seconds, 10_000),
  tier_wait: optional(seconds, 30_000),
  stopasgroup: optional(boolean, false),
  killasgroup: optional(boolean, null),
  redirect_stderr: optional(boolean, false),
  umask: optional(umask, null),
  user: optional(sameUser(user), null),
});

const processTable = ({ program }: Membership, { directoryExists }: ProgramContext) => ({
  command: required(text('a command line')),
  directory: optional(text('a directory'), null),
  process_name: optional(name, program),
  ...logTable(directoryExists),
});

const ENVIRONMENT = { environment: optional(environment, new Map<string, string>()) };

type Shared = Values<ReturnType<typeof programTable>>;
type Own = Values<ReturnType<typeof processTable>> & Values<typeof ENVIRONMENT>;

function readProcess(
  section: IniSection,
  membership: Membership,
  variables: Variables,
  around: ProgramContext,
): Own | null {
  const { context } = around;
  // Variables of one `environment` do not see each other, but the program's other keys see them.
  const added = readValues(section, ENVIRONMENT, { ...context, variables });
  // Without them, the other keys would be blamed for naming what is not there.
  if (added === null) return null;
  const all = [environmentVariables(added.environment), ...variables];
  const table = processTable(membership, around);
  const own = readValues(section, table, { ...context, variables: all });
  return own && { ...own, ...added };
}

/** False where two keys are right alone but wrong together, which is then told. */
function agrees(section: IniSection, shared: Shared, context: ReadContext): boolean {
  const { defaults, findings } = context;
  const entry = (key: string) => findEntry(section, key, defaults);
  const named = entry('process_name');
  const sameNames = shared.numprocs > 1 && !named?.value.includes('%(process_num)');
  const spared = shared.stopasgroup && shared.killasgroup === false;
  if (sameNames) {
    const subject = subjectOf(section, named ?? entry('numprocs'));
    const message = `${shared.numprocs} processes need different names`;
    findings.error(subject, message, 'process_name = %(program_name)s_%(process_num)02d');
  }
  if (spared) {
    const message = 'cannot be false where stopasgroup is true';
    findings.error(subjectOf(section, entry('killasgroup')), message);
  }
  return !sameNames && !spared;
}

function define(
  section: IniSection,
  read: { readonly membership: Membership; readonly shared: Shared; readonly own: Own },
  around: ProgramContext,
): ProcessDefinition {
  const { membership, shared, own } = read;
  return {
    process: processName(membership.group, own.process_name),
    group: membership.group,
    name: own.process_name,
    program: membership.program,
    groupPriority: membership.groupPriority ?? shared.priority,
    priority: shared.priority,
    tierWaitMs: shared.tier_wait,
    command: own.command,
    directory: own.directory,
    umask: shared.umask ?? around.umask,
    environment: Object.fromEntries([...around.environment, ...own.environment]),
    autostart: shared.autostart,
    autorestart: shared.autorestart,
    startMs: shared.startsecs,
    startRetries: shared.startretries,
    exitCodes: shared.exitcodes,
    stopSignal: shared.stopsignal,
    stopWaitMs: shared.stopwaitsecs,
    stopAsGroup: shared.stopasgroup,
    killAsGroup: shared.killasgroup ?? shared.stopasgroup,
    redirectStderr: shared.redirect_stderr,
    ...defineLogs(section, own, {
      redirectStderr: shared.redirect_stderr,
      context: around.context,
    }),
  };
}
