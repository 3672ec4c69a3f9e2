/**
 * `[hosts:NAME]` of `controller.conf`: groups of hosts, which selectors call `@NAME`. All that can
 * be known without the fleet is judged when the file is read, for a group is used months later, by
 * somebody in a hurry. Whether the hosts that it names exist can only be known then.
 */
import { nearest } from '../proto/dialect/did-you-mean.ts';
import type { IniDocument, IniSection } from '../proto/dialect/ini.ts';
import { quoted, type Subject } from '../proto/dialect/problem.ts';
import {
  checkKeys,
  findEntry,
  type ReadContext,
  readValues,
  required,
  subjectOf,
} from '../proto/dialect/settings.ts';
import { text } from '../proto/dialect/values.ts';
import { GROUP_NESTING_MAX } from '../proto/selector/limits.ts';
import { caretUnder } from '../proto/selector/mistake.ts';
import { type Selector, type Term, termsOf } from '../proto/selector/syntax.ts';
import type { HostGroups } from './core/select.ts';
import { readSelector } from './core/selector/parse.ts';

const PREFIX = 'hosts:';

export const isHostGroup = (section: IniSection): boolean => section.name.startsWith(PREFIX);

/** Groups that are wrong are told, and left out. */
export function readHostGroups(document: IniDocument, context: ReadContext): HostGroups {
  const sections = [...document.sections.values()].filter(isHostGroup);
  const groups = new Map<string, Group>();
  for (const section of sections) {
    const group = readGroup(section, context);
    if (group !== null) groups.set(nameOf(section), group);
  }
  const names = sections.map(nameOf);
  for (const group of groups.values()) checkTerms(group, names, context);
  checkCircles(groups, context);
  return new Map([...groups].map(([name, { selector }]) => [name, selector]));
}

interface Group {
  readonly selector: Selector;
  readonly subject: Subject;
}

const nameOf = (section: IniSection): string => section.name.slice(PREFIX.length);

/** What can follow the `@` of a selector. */
const NAME = /^[A-Za-z0-9_][\w.-]{0,62}$/;

const GROUP = { hosts: required(text('a selector of hosts, for example web-* or env=prod')) };

function readGroup(section: IniSection, context: ReadContext): Group | null {
  const { findings } = context;
  checkKeys(section, { known: Object.keys(GROUP), notYet: [], unknownIs: 'error' }, findings);
  const name = nameOf(section);
  if (!NAME.test(name)) {
    const message = `expected a name of letters, digits, dots, dashes and underscores after "hosts:", found ${quoted(name)}`;
    findings.error(subjectOf(section, null), message);
    return null;
  }
  const values = readValues(section, GROUP, context);
  if (values === null) return null;
  const subject = subjectOf(section, findEntry(section, 'hosts', context.defaults));
  const selector = readSelector(values.hosts);
  if (!('kind' in selector)) return { selector, subject };
  const { at, why, fix } = selector;
  const hint = caretUnder(values.hosts, at, why) + (fix === null ? '' : `\n${fix}`);
  findings.error(subject, `expected a selector of hosts: ${why}`, hint);
  return null;
}

/** @param names all groups, also those that are wrong themselves */
function checkTerms(group: Group, names: readonly string[], { findings }: ReadContext): void {
  for (const term of termsOf(group.selector.expression)) {
    const why = problemOf(term);
    if (why !== null) {
      findings.error(group.subject, why, caretUnder(group.selector.text, term.at, 'here'));
    }
    for (const unknown of referencesOf(term).filter((name) => !names.includes(name))) {
      const near = nearest(unknown, names);
      const hint = near === null ? 'a label is written @key:value' : `did you mean @${near}?`;
      findings.error(group.subject, `there is no group @${unknown}`, hint);
    }
  }
}

function problemOf(term: Term): string | null {
  if (term.kind === 'outcome')
    return 'a group cannot depend on an operation: those are forgotten after a while';
  if (term.kind !== 'list') return null;
  return term.path === null
    ? 'a group cannot be read from standard input'
    : 'a group cannot be read from a file; write the hosts here, or use [include]';
}

const referencesOf = (term: Term): readonly string[] => (term.kind === 'groups' ? term.names : []);

/** Each circle is told once, at the group of it that stands first in the file; so is too long a row. */
function checkCircles(groups: ReadonlyMap<string, Group>, { findings }: ReadContext): void {
  /** How many groups stand in a row from this one on. */
  const heights = new Map<string, number>();
  const heightOf = (name: string, path: readonly string[]): number => {
    const known = heights.get(name);
    const group = groups.get(name);
    if (known !== undefined || group === undefined) return known ?? 0;
    const start = path.indexOf(name);
    if (start !== -1) {
      const circle = [...path.slice(start), name].map((one) => `@${one}`).join(' → ');
      findings.error(group.subject, `groups refer to one another in a circle: ${circle}`);
      return 0;
    }
    // Long enough to be told, and the stack is not without end.
    if (path.length >= GROUP_NESTING_MAX) return GROUP_NESTING_MAX;
    const next = [...termsOf(group.selector.expression)].flatMap(referencesOf);
    const height = 1 + Math.max(0, ...next.map((one) => heightOf(one, [...path, name])));
    heights.set(name, height);
    return height;
  };
  const tooHigh = [...groups].find(([name]) => heightOf(name, []) > GROUP_NESTING_MAX);
  if (tooHigh === undefined) return;
  const message = `more than ${GROUP_NESTING_MAX} groups refer to one another in a row`;
  findings.error(tooHigh[1].subject, message);
}
