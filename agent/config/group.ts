/**
 * Lays the programs out in groups (Supervisor options.py, `process_groups_from_parser`): those that
 * a `[group:x]` names leave the group of their own, the others are one. A program may be in several
 * groups, and is then several processes.
 */
import { didYouMean } from '../../proto/dialect/did-you-mean.ts';
import type { IniDocument, IniSection } from '../../proto/dialect/ini.ts';
import { quoted } from '../../proto/dialect/problem.ts';
import {
  checkKeys,
  findEntry,
  optional,
  readPartly,
  subjectOf,
} from '../../proto/dialect/settings.ts';
import { integer, list } from '../../proto/dialect/values.ts';
import { PROCESSES_MAX } from '../../proto/text-limits.ts';
import { processName } from '../../proto/vocabulary.ts';
import type { ProcessDefinition } from '../core/definition.ts';
import { linkProcesses } from './dependencies.ts';
import { checkNames, type Group, placeText } from './names.ts';
import { type Membership, readProgram } from './program.ts';
import type { ProgramContext } from './program-table.ts';
import { name } from './values.ts';

export function readProcesses(
  document: IniDocument,
  around: ProgramContext,
): readonly ProcessDefinition[] {
  const programs = namedSections(document, 'program', around);
  const groupSections = namedSections(document, 'group', around);
  const where = { document, programs, around };
  const groups = [...groupSections.named].map(([group, section]) => ({
    name: group,
    ...readGroup(group, section, where),
  }));
  // What is named wrongly means nothing, but the rest of it is judged too.
  const nameless = [...groupSections.misnamed.values()].map((section) =>
    readGroup(null, section, where),
  );
  for (const section of programs.misnamed.values()) readProgram(section, NOWHERE, around);
  const named = [...groups, ...nameless].map(({ names }) => names);
  const grouped = new Set(named.flatMap((names) => names ?? []));
  // Any program may belong to a group of which nobody can tell what it names.
  const isAnyAlone = !named.includes(null);
  const alone = [...programs.named]
    .filter(([program]) => !grouped.has(program))
    .map(([program, section]) => {
      const group = isAnyAlone ? program : null;
      const read = readProgram(section, { program, group, groupPriority: null }, around);
      return { name: program, section, members: [{ program, ...read }] };
    });
  const all = [...groups, ...(isAnyAlone ? alone : [])];
  checkNames(all, around);
  checkCount(all, around);
  const ordered = all.toSorted(byPriority);
  const wishes = ordered.flatMap(({ members }) => members.flatMap((member) => member.wishes));
  const names = namesOf(all, [programs, groupSections]);
  return linkProcesses(ordered.flatMap(definitionsOf), { wishes, names }, around.context.findings);
}

/** Whatever has a name, even where the section of that name has a mistake. */
function namesOf(
  groups: readonly Group[],
  sections: readonly NamedSections[],
): ReadonlySet<string> {
  return new Set([
    ...sections.flatMap(({ named, misnamed }) => [...named.keys(), ...misnamed.keys()]),
    ...groups.flatMap(({ name: group, members }) =>
      members.flatMap(({ names }) => names.map((one): string => processName(group, one))),
    ),
  ]);
}

/** A host with more would be turned away by its controller, again and again. */
function checkCount(groups: readonly Group[], { context: { findings } }: ProgramContext): void {
  let count = 0;
  for (const group of groups) {
    count += definitionsOf(group).length;
    if (count <= PROCESSES_MAX) continue;
    const message = `this is more than the ${PROCESSES_MAX} processes that one host may have`;
    return findings.error(subjectOf(group.section, null), message);
  }
}

const NOWHERE: Membership = { program: null, group: null, groupPriority: null };

const definitionsOf = ({ members }: Group): readonly ProcessDefinition[] =>
  members.flatMap(({ definitions }) => definitions);

/** The order in which Supervisor starts and lists groups; in it, members stand as they are written. */
function byPriority(a: Group, b: Group): number {
  const [priorityA = 0, priorityB = 0] = [a, b].map(
    (group) => definitionsOf(group)[0]?.groupPriority,
  );
  return priorityA - priorityB || (a.name < b.name ? -1 : 1);
}

const GROUP = {
  programs: optional(list('names of programs, separated by commas'), []),
  priority: optional(integer({ min: Number.MIN_SAFE_INTEGER }), 999),
};

/** @param group null: the section has no right name */
function readGroup(
  group: string | null,
  section: IniSection,
  where: {
    readonly document: IniDocument;
    readonly programs: NamedSections;
    readonly around: ProgramContext;
  },
): Omit<Group, 'name'> & { readonly names: readonly string[] | null } {
  const { document, programs, around } = where;
  const { context } = around;
  const known = { known: Object.keys(GROUP), notYet: [], unknownIs: 'warning' } as const;
  checkKeys(section, known, context.findings);
  const variables = [new Map([['group_name', group]]), ...context.variables];
  const { programs: names, priority = null } = readPartly(section, GROUP, {
    ...context,
    variables,
  });
  const subject = subjectOf(section, findEntry(section, 'programs', context.defaults));
  if (names?.length === 0) {
    context.findings.warning(subject, 'names no programs, so the group is empty');
  }
  const members = [...new Set(names)].flatMap((program) => {
    const programSection = programs.named.get(program);
    if (programSection !== undefined) {
      const membership = { program, group, groupPriority: priority };
      return { program, ...readProgram(programSection, membership, around) };
    }
    // One of these comes later, which its own section tells; so does one that is named wrongly.
    if (!document.sections.has(`fcgi-program:${program}`) && !programs.misnamed.has(program)) {
      const hint = () => didYouMean(program, programs.named.keys());
      context.findings.error(subject, `no [program:…] is named ${quoted(program)}`, hint);
    }
    return [];
  });
  return { section, members, names: names ?? null };
}

interface NamedSections {
  /** By their names; of two with one name the first. */
  readonly named: ReadonlyMap<string, IniSection>;
  /** The others, by what they say in place of a name. */
  readonly misnamed: ReadonlyMap<string, IniSection>;
}

function namedSections(
  document: IniDocument,
  kind: 'program' | 'group',
  { context: { findings } }: ProgramContext,
): NamedSections {
  const named = new Map<string, IniSection>();
  const misnamed = new Map<string, IniSection>();
  for (const section of document.sections.values()) {
    if (!section.name.startsWith(`${kind}:`)) continue;
    const written = section.name.slice(kind.length + 1);
    const stripped = written.trim();
    const parsed = name.parse(stripped, { here: '/', home: null });
    const subject = subjectOf(section, null);
    const known = named.get(stripped);
    if (!parsed.ok) {
      findings.error(subject, `expected ${name.expected} after "${kind}:"`);
      misnamed.set(stripped, section);
    } else if (known !== undefined) {
      findings.error(subject, `is the same as [${known.name}] at ${placeText(known.place)}`);
      // What is written differs, or it would be one section.
      misnamed.set(written, section);
    } else {
      named.set(stripped, section);
    }
  }
  return { named, misnamed };
}
