/**
 * From the names in `depends_on` to the processes that they mean, when all sections are read: a
 * program or a group stands for each of its processes. What can never come true is an error here,
 * because at night it would be a program that does not start and does not say why.
 */
import { didYouMean } from '../../proto/dialect/did-you-mean.ts';
import { type Findings, quoted, type Subject } from '../../proto/dialect/problem.ts';
import type { ProcessName } from '../../proto/vocabulary.ts';
import type { Dependency, DependencyCondition, ProcessDefinition } from '../core/definition.ts';
import { checkCircles } from './dependency-circles.ts';
import type { Need } from './depends-on.ts';
import { checkNeed } from './doubtful-needs.ts';

/** What a process depends on, as written. */
export interface Wish {
  readonly process: ProcessName;
  readonly needs: readonly Need[];
  readonly subject: Subject;
}

/** Programs of thousands of processes that depend on each other would fill the memory. */
const DEPENDENCIES_MAX = 100_000;

/** @param names of everything that has one, even where its section has a mistake */
export function linkProcesses(
  definitions: readonly ProcessDefinition[],
  { wishes, names }: { readonly wishes: readonly Wish[]; readonly names: ReadonlySet<string> },
  findings: Findings,
): readonly ProcessDefinition[] {
  const wishing = wishes.filter(({ needs }) => needs.length > 0);
  if (wishing.length === 0) return definitions;
  const directory = { ...directoryOf(definitions), names };
  const linked = new Map<ProcessName, readonly Dependency[]>();
  let count = 0;
  for (const wish of wishing) {
    const dependent = directory.byProcess.get(wish.process);
    // Two of one name, which is told elsewhere.
    if (dependent === undefined) continue;
    const found = resolve(dependent, wish, { directory, findings });
    count += found.length;
    if (count > DEPENDENCIES_MAX) {
      const message = `this host has more than ${DEPENDENCIES_MAX} dependencies; name fewer processes`;
      findings.error(wish.subject, message);
      return definitions;
    }
    linked.set(wish.process, found);
  }
  const all = definitions.map((definition) => {
    const dependsOn = linked.get(definition.process);
    return dependsOn === undefined ? definition : { ...definition, dependsOn };
  });
  const subjects = new Map(wishing.map(({ process, subject }) => [process, subject]));
  checkCircles(all, subjects, findings);
  return all;
}

interface Directory {
  readonly byProcess: ReadonlyMap<string, ProcessDefinition>;
  /** By the names of programs and groups. */
  readonly members: ReadonlyMap<string, readonly ProcessDefinition[]>;
  readonly names: ReadonlySet<string>;
}

function directoryOf(definitions: readonly ProcessDefinition[]): Omit<Directory, 'names'> {
  const members = new Map<string, ProcessDefinition[]>();
  for (const definition of definitions) {
    for (const name of new Set([definition.program, definition.group])) {
      const known = members.get(name);
      if (known === undefined) members.set(name, [definition]);
      else known.push(definition);
    }
  }
  return { byProcess: new Map(definitions.map((one) => [one.process, one])), members };
}

interface Around {
  readonly directory: Directory;
  readonly findings: Findings;
}

/** Each process once, in the order of their naming. */
function resolve(
  dependent: ProcessDefinition,
  { needs, subject }: Wish,
  around: Around,
): readonly Dependency[] {
  const { findings } = around;
  const conditions = new Map<ProcessName, DependencyCondition>();
  for (const { name, condition } of needs) {
    const found = lookUp(name, subject, around);
    if (found.includes(dependent)) {
      findings.error(subject, `${quoted(name)} means ${dependent.program} itself`, ITSELF);
      continue;
    }
    for (const target of found) {
      checkNeed({ dependent, target, condition, subject }, findings);
      const joined = join(conditions.get(target.process), condition);
      if (joined === null) {
        const message = `${target.process} can never be both running and completed`;
        findings.error(subject, message, `name ${target.process} once`);
      } else {
        conditions.set(target.process, joined);
      }
    }
  }
  return [...conditions].map(([process, condition]) => ({ process, condition }));
}

const ITSELF = 'name the processes that are to be there before it, one by one';

/** `NAME:*` is the group, as in supervisorctl. */
function lookUp(
  name: string,
  subject: Subject,
  { directory: { byProcess, members, names }, findings }: Around,
): readonly ProcessDefinition[] {
  const group = name.endsWith(':*') ? name.slice(0, -2) : null;
  const process = byProcess.get(name);
  if (process !== undefined) return [process];
  const found =
    group === null ? members.get(name) : members.get(group)?.filter((one) => one.group === group);
  if (found !== undefined && found.length > 0) return found;
  if (names.has(name) || isOfBroken(name, names, findings)) return [];
  const message = `no process, program or group is named ${quoted(name)}`;
  findings.error(subject, message, () => didYouMean(name, names));
  return [];
}

/** Nobody can tell which processes a section with a mistake would have. */
function isOfBroken(name: string, names: ReadonlySet<string>, { errors }: Findings): boolean {
  const [group] = name.split(':', 1);
  return errors.length > 0 && group !== undefined && group !== name && names.has(group);
}

/** The condition that is both; null: there is none. What is healthy has been started. */
function join(
  one: DependencyCondition | undefined,
  other: DependencyCondition,
): DependencyCondition | null {
  if (one === undefined || one === other) return other;
  return one === 'completed' || other === 'completed' ? null : 'healthy';
}
