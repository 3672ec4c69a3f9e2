/**
 * From one `[program:x]` section to the processes that it means (Supervisor options.py,
 * `processes_from_section`). Most keys are read once for the program; those that may name
 * `%(process_num)s` or the program's own variables are read once for each process.
 *
 * A section with a mistake means no processes, but all of it is read nevertheless: whoever mends it
 * wants to hear of every mistake now. What a wrong key would have said is then unknown, and nothing
 * that depends on it is blamed.
 */
import {
  environmentVariables,
  UNREAD_ENVIRONMENT,
  type Variables,
} from '../../proto/dialect/expand.ts';
import type { IniSection } from '../../proto/dialect/ini.ts';
import {
  checkKeys,
  findEntry,
  isWhole,
  type ReadContext,
  readPartly,
  readValues,
  subjectOf,
} from '../../proto/dialect/settings.ts';
import { processName } from '../../proto/vocabulary.ts';
import type { ProcessDefinition } from '../core/definition.ts';
import type { Wish } from './dependencies.ts';
import { readEnvFiles } from './env-files.ts';
import { defineHealthCheck, warnOfHealthCheck } from './health-check.ts';
import { defineLogs, warnOfLogs } from './log.ts';
import {
  ENVIRONMENT,
  NOT_YET,
  type Own,
  type ProgramContext,
  processTable,
  programKeys,
  programTable,
  type Shared,
} from './program-table.ts';

export interface Membership {
  /** Null: the section has no right name. */
  readonly program: string | null;
  /** Null: it cannot be told. */
  readonly group: string | null;
  /** Null: a program that is a group of its own has its own priority as the group's. */
  readonly groupPriority: number | null;
}

export interface Program {
  /** By number; none where the section has a mistake. */
  readonly definitions: readonly ProcessDefinition[];
  /** Those of its processes, without their group's; of a section with a mistake, those known. */
  readonly names: readonly string[];
  /** What they depend on, as written. */
  readonly wishes: readonly Wish[];
}

export function readProgram(
  section: IniSection,
  membership: Membership,
  around: ProgramContext,
): Program {
  const { context } = around;
  const named = new Map([
    ['program_name', membership.program],
    ['group_name', membership.group],
  ]);
  const variables: Variables = [named, ...context.variables];
  const table = programTable(around);
  const keys = { known: programKeys(around), notYet: NOT_YET, unknownIs: 'warning' } as const;
  checkKeys(section, keys, context.findings);
  const shared = readPartly(section, table, { ...context, variables });
  const hasOwnNames = checkNames(section, shared, context);
  const isSparing = checkSparing(section, shared, context);
  const processes = numbersOf(shared).map((counted) =>
    readProcess(section, { membership, shared, variables: [counted, ...variables] }, around),
  );
  const names = processes.flatMap(({ name }) => name ?? []);
  const known = {
    definitions: [],
    names: hasOwnNames ? names : names.slice(0, 1),
    wishes: [],
  };
  const { program, group } = membership;
  if (program === null || group === null) return known;
  if (!hasOwnNames || !isSparing || !isWhole(shared, table)) return known;
  const owns = processes.flatMap(({ own }) => own ?? []);
  if (owns.length < processes.length) return known;
  const subject = subjectOf(section, findEntry(section, 'depends_on', context.defaults));
  const wishes = owns.map((own): Wish => {
    return { process: processName(group, own.process_name), needs: own.depends_on, subject };
  });
  const definitions = owns
    .map((own) => define({ ...membership, program, group }, { shared, own }, around))
    // Supervisor starts the processes of a program in the order of their names.
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return { names, definitions, wishes };
}

/** The variables of each process; where it is not known how many there are, of one for them all. */
function numbersOf({ numprocs, numprocs_start: start }: Partial<Shared>): readonly Counted[] {
  return Array.from(
    { length: numprocs ?? 1 },
    (_, index): Counted =>
      new Map([
        ['process_num', start === undefined || numprocs === undefined ? null : start + index],
        ['numprocs', numprocs ?? null],
      ]),
  );
}

type Counted = ReadonlyMap<string, number | null>;

function readProcess(
  section: IniSection,
  {
    membership,
    shared,
    variables,
  }: {
    readonly membership: Membership;
    readonly shared: Partial<Shared>;
    readonly variables: Variables;
  },
  around: ProgramContext,
): { readonly name: string | null; readonly own: Own | null } {
  const { context } = around;
  // Variables of one `environment` do not see each other, but the program's other keys see them.
  const added = readValues(section, ENVIRONMENT, { ...context, variables });
  const layer = added === null ? UNREAD_ENVIRONMENT : environmentVariables(added.environment);
  const all = [layer, ...variables];
  const table = processTable(membership.program ?? section.name, around, all);
  const own = readPartly(section, table, { ...context, variables: all });
  warnOfLogs(section, { ...own, ...shared }, context);
  warnOfHealthCheck(section, own, context);
  const fromFiles = readEnvFiles(section, own, around);
  const isRight = added !== null && fromFiles !== null && isWhole(own, table);
  return {
    name: own.process_name ?? null,
    own: isRight ? { ...own, environment: new Map([...fromFiles, ...added.environment]) } : null,
  };
}

/** False where several processes would have one name, which is then told. */
function checkNames(
  section: IniSection,
  { numprocs = 1 }: Partial<Shared>,
  { defaults, findings }: ReadContext,
): boolean {
  const entry = (key: string) => findEntry(section, key, defaults);
  const named = entry('process_name');
  if (numprocs <= 1 || named?.value.includes('%(process_num)')) return true;
  const subject = subjectOf(section, named ?? entry('numprocs'));
  const message = `${numprocs} processes need different names`;
  findings.error(subject, message, 'process_name = %(program_name)s_%(process_num)02d');
  return false;
}

/** False where a signal to a whole group is to spare it, which is then told. */
function checkSparing(
  section: IniSection,
  { stopasgroup, killasgroup }: Partial<Shared>,
  { defaults, findings }: ReadContext,
): boolean {
  if (stopasgroup !== true || killasgroup !== false) return true;
  const message = 'cannot be false where stopasgroup is true';
  findings.error(subjectOf(section, findEntry(section, 'killasgroup', defaults)), message);
  return false;
}

function define(
  membership: Membership & { readonly program: string; readonly group: string },
  { shared, own }: { readonly shared: Shared; readonly own: Own },
  around: ProgramContext,
): ProcessDefinition {
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
    user: shared.user,
    serverUrl: shared.serverurl,
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
    stopDescendants: shared.stop_descendants,
    dependsOn: [],
    healthCheck: defineHealthCheck(own),
    restartPauseMs: shared.restart_pause,
    memoryMaxBytes: shared.memory_max,
    redirectStderr: shared.redirect_stderr,
    stripAnsi: around.stripAnsi,
    ...defineLogs(own, shared),
  };
}
