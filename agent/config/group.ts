/**
 * Lays the programs out in groups (Supervisor options.py, `process_groups_from_parser`): those that
 * a `[group:x]` names leave the group of their own, the others are one. A program may be in several
 * groups, and is then several processes. No two groups or processes may have one name: Supervisor
 * lets the later replace the earlier, which nobody means.
 */
import { didYouMean } from '../../proto/dialect/did-you-mean.ts';
import type { IniDocument, IniSection } from '../../proto/dialect/ini.ts';
import { type Place, quoted } from '../../proto/dialect/problem.ts';
import {
  checkKeys,
  findEntry,
  optional,
  readValues,
  subjectOf,
} from '../../proto/dialect/settings.ts';
import { integer, list } from '../../proto/dialect/values.ts';
import { NAME_LENGTH_MAX } from '../../proto/text-limits.ts';
import type { ProcessName } from '../../proto/vocabulary.ts';
import type { ProcessDefinition } from '../core/definition.ts';
import { readProgram } from './program.ts';
import type { ProgramContext } from './program-table.ts';
import { name } from './values.ts';

export function readProcesses(
  document: IniDocument,
  around: ProgramContext,
): readonly ProcessDefinition[] {
  const programs = namedSections(document, 'program', around);
  const groups = [...namedSections(document, 'group', around)].map(([group, section]) =>
    readGroup(group, section, { document, programs, around }),
  );
  const grouped = new Set(groups.flatMap(({ members }) => members));
  const alone = [...programs]
    .filter(([program]) => !grouped.has(program))
    .map(([program, section]) => {
      const membership = { program, group: program, groupPriority: null };
      return { name: program, section, definitions: readProgram(section, membership, around) };
    });
  const all = [...groups, ...alone];
  checkNames(all, around);
  return all.toSorted(byPriority).flatMap(({ definitions }) => definitions);
}

/** The order in which Supervisor starts and lists groups; in it, members stand as they are written. */
function byPriority(a: Group, b: Group): number {
  const [priorityA = 0, priorityB = 0] = [a, b].map(
    ({ definitions }) => definitions[0]?.groupPriority,
  );
  return priorityA - priorityB || (a.name < b.name ? -1 : 1);
}

interface Group {
  readonly name: string;
  readonly section: IniSection;
  readonly definitions: readonly ProcessDefinition[];
}

const GROUP = {
  programs: optional(list('names of programs, separated by commas'), []),
  priority: optional(integer({ min: Number.MIN_SAFE_INTEGER }), 999),
};

function readGroup(
  group: string,
  section: IniSection,
  where: {
    readonly document: IniDocument;
    readonly programs: ReadonlyMap<string, IniSection>;
    readonly around: ProgramContext;
  },
): Group & { readonly members: readonly string[] } {
  const { document, programs, around } = where;
  const { context } = around;
  const known = { known: Object.keys(GROUP), notYet: [], unknownIs: 'warning' } as const;
  checkKeys(section, known, context.findings);
  const names = new Map([['group_name', group]]);
  const variables = [names, ...context.variables];
  const values = readValues(section, GROUP, { ...context, variables });
  const members = [...new Set(values?.programs ?? [])];
  const subject = subjectOf(section, findEntry(section, 'programs', context.defaults));
  if (values?.programs.length === 0) {
    context.findings.warning(subject, 'names no programs, so the group is empty');
  }
  const definitions = members.flatMap((program) => {
    const programSection = programs.get(program);
    if (programSection !== undefined) {
      const membership = { program, group, groupPriority: values?.priority ?? null };
      return readProgram(programSection, membership, around);
    }
    // One of these comes later, which its own section tells.
    if (!document.sections.has(`fcgi-program:${program}`)) {
      const hint = () => didYouMean(program, programs.keys());
      context.findings.error(subject, `no [program:…] is named ${quoted(program)}`, hint);
    }
    return [];
  });
  return { name: group, section, members, definitions };
}

/** The sections of a kind by their names; of two with one name the first. */
function namedSections(
  document: IniDocument,
  kind: 'program' | 'group',
  { context: { findings } }: ProgramContext,
): ReadonlyMap<string, IniSection> {
  const found = new Map<string, IniSection>();
  for (const section of document.sections.values()) {
    if (!section.name.startsWith(`${kind}:`)) continue;
    const written = section.name.slice(kind.length + 1).trim();
    const parsed = name.parse(written, { here: '/', home: null });
    const subject = subjectOf(section, null);
    const known = found.get(written);
    if (!parsed.ok) {
      findings.error(subject, `expected ${name.expected} after "${kind}:"`);
    } else if (known !== undefined) {
      findings.error(subject, `is the same as [${known.name}] at ${placeText(known.place)}`);
    } else {
      found.set(written, section);
    }
  }
  return found;
}

/** The agent keeps a file for each process, and file systems end at 255 bytes for its name. */
const NAME_MAX_BYTES = 200;

function checkNames(groups: readonly Group[], { context: { findings } }: ProgramContext): void {
  const groupSections = new Map<string, IniSection>();
  const processSections = new Map<ProcessName, IniSection>();
  for (const { name: group, section, definitions } of groups) {
    const subject = subjectOf(section, null);
    const other = groupSections.get(group);
    if (other !== undefined) {
      const message = `a second group of the name ${quoted(group)}, after ${placeText(other.place)}`;
      const hint = `rename one, or add the program to the programs of [${other.name}]`;
      findings.error(subject, message, hint);
    }
    groupSections.set(group, other ?? section);
    for (const { process, program } of definitions) {
      const same = processSections.get(process);
      if (same !== undefined && other === undefined) {
        findings.error(subject, `two processes are named ${quoted(process)}`);
      }
      processSections.set(process, section);
      if (Buffer.byteLength(process) > NAME_MAX_BYTES) {
        findings.error(subject, `a process name is longer than ${NAME_MAX_BYTES} bytes`);
      } else if (program.length > NAME_LENGTH_MAX) {
        const message = `the name of a program is longer than ${NAME_LENGTH_MAX} characters`;
        findings.error(subject, `${message}: ${quoted(program.slice(0, 20))}…`);
      }
    }
  }
}

const placeText = ({ source, line }: Place): string => `${source.file}:${line}`;
