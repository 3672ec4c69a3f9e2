/**
 * `[hosts:NAME]` of `controller.conf`: groups of hosts, which selectors call `@NAME`. That they refer
 * to one another in no circle is judged when the file is read, as all of a selector that can be.
 */
import type { IniDocument, IniSection } from '../../proto/dialect/ini.ts';
import { quoted } from '../../proto/dialect/problem.ts';
import {
  checkKeys,
  type ReadContext,
  readValues,
  required,
  subjectOf,
} from '../../proto/dialect/settings.ts';
import { text } from '../../proto/dialect/values.ts';
import { GROUP_NESTING_MAX } from '../../proto/selector/limits.ts';
import { termsOf } from '../../proto/selector/syntax.ts';
import type { HostGroups } from '../core/select.ts';
import {
  checkSavedTerms,
  groupsNamedBy,
  readSavedSelector,
  type SavedSelector,
} from './selector-setting.ts';

const PREFIX = 'hosts:';

export const isHostGroup = (section: IniSection): boolean => section.name.startsWith(PREFIX);

/** Groups that are wrong are told, and left out. */
export function readHostGroups(document: IniDocument, context: ReadContext): HostGroups {
  const sections = [...document.sections.values()].filter(isHostGroup);
  const groups = new Map<string, SavedSelector>();
  for (const section of sections) {
    const group = readGroup(section, context);
    if (group !== null) groups.set(nameOf(section), group);
  }
  const names = hostGroupNames(document);
  for (const group of groups.values()) checkSavedTerms('a group', group, names, context);
  checkCircles(groups, context);
  return new Map([...groups].map(([name, { selector }]) => [name, selector]));
}

/** Of all of them, also those that are wrong. */
export function hostGroupNames(document: IniDocument): readonly string[] {
  return [...document.sections.values()].filter(isHostGroup).map(nameOf);
}

const nameOf = (section: IniSection): string => section.name.slice(PREFIX.length);

/** What can follow the `@` of a selector. */
const NAME = /^[A-Za-z0-9_][\w.-]{0,62}$/;

const GROUP = { hosts: required(text('a selector of hosts, for example web-* or env=prod')) };

function readGroup(section: IniSection, context: ReadContext): SavedSelector | null {
  const { findings } = context;
  checkKeys(section, { known: Object.keys(GROUP), notYet: [], unknownIs: 'error' }, findings);
  const name = nameOf(section);
  if (!NAME.test(name)) {
    const message = `expected a name of letters, digits, dots, dashes and underscores after "hosts:", found ${quoted(name)}`;
    findings.error(subjectOf(section, null), message);
    return null;
  }
  const values = readValues(section, GROUP, context);
  return values === null ? null : readSavedSelector(section, values.hosts, context);
}

/** Each circle is told once, at the group of it that stands first in the file; so is too long a row. */
function checkCircles(groups: ReadonlyMap<string, SavedSelector>, { findings }: ReadContext): void {
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
    const next = [...termsOf(group.selector.expression)].flatMap(groupsNamedBy);
    const height = 1 + Math.max(0, ...next.map((one) => heightOf(one, [...path, name])));
    heights.set(name, height);
    return height;
  };
  const tooHigh = [...groups].find(([name]) => heightOf(name, []) > GROUP_NESTING_MAX);
  if (tooHigh === undefined) return;
  const message = `more than ${GROUP_NESTING_MAX} groups refer to one another in a row`;
  findings.error(tooHigh[1].subject, message);
}
