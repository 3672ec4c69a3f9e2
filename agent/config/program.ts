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
  type ReadContext,
  readValues,
  subjectOf,
} from '../../proto/dialect/settings.ts';
import { processName } from '../../proto/vocabulary.ts';
import type { ProcessDefinition } from '../core/definition.ts';
import { defineLogs } from './log.ts';
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
  const known = programKeys(around);
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
  // Supervisor starts the processes of a program in the order of their names.
  return definitions.sort((a, b) => (a.name < b.name ? -1 : 1));
}

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
  const table = processTable(membership.program, around, all);
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
    redirectStderr: shared.redirect_stderr,
    stripAnsi: around.stripAnsi,
    ...defineLogs(section, own, {
      redirectStderr: shared.redirect_stderr,
      context: around.context,
    }),
  };
}
