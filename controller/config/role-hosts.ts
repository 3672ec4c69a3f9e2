/**
 * `hosts` of a role: a selector of which every term means the same hosts tomorrow as today. What
 * somebody may do must not depend on which processes run just now, or on what was done before.
 */
import type { RoleHosts } from '../../proto/authority.ts';
import type { IniSection } from '../../proto/dialect/ini.ts';
import type { Subject } from '../../proto/dialect/problem.ts';
import type { ReadContext } from '../../proto/dialect/settings.ts';
import { caretUnder } from '../../proto/selector/mistake.ts';
import { type Selector, type Term, termsOf } from '../../proto/selector/syntax.ts';
import type { HostGroups } from '../core/select.ts';
import { checkSavedTerms, groupsNamedBy, readSavedSelector } from './selector-setting.ts';

/** `@NAME` of selectors. */
export interface RoleGroups {
  readonly hostGroups: HostGroups;
  /** All that are written, also those that are wrong. */
  readonly hostGroupNames: readonly string[];
}

/** Null where it is wrong, which is then told. */
export function readRoleHosts(
  section: IniSection,
  text: string,
  { hostGroups, hostGroupNames }: RoleGroups,
  context: ReadContext,
): RoleHosts | null {
  const saved = readSavedSelector(section, text, context);
  if (saved === null) return null;
  const { findings } = context;
  const toldBefore = findings.errors.length;
  checkSavedTerms('a role', saved, hostGroupNames, context);
  for (const term of termsOf(saved.selector.expression)) {
    const why = momentaryIn(term);
    if (why !== null) {
      findings.error(saved.subject, why, `${caretUnder(text, term.at, 'here')}\n${INSTEAD}`);
    }
    for (const name of groupsNamedBy(term)) checkGroup(name, hostGroups, saved.subject, context);
  }
  return findings.errors.length > toldBefore ? null : { text, selector: saved.selector };
}

const INSTEAD = 'name hosts, or use globs, ranges, labels and groups of them';

/** Why a term can mean other hosts from one moment to the next; null: it cannot. */
function momentaryIn(term: Term): string | null {
  switch (term.kind) {
    case 'live':
      return 'a role cannot depend on what a process is doing';
    case 'network':
      return 'a role cannot depend on addresses, which hosts change';
    case 'regex':
      return 'a role cannot have a regular expression';
    // Of outcomes and lists is told with every selector that is saved.
    case 'outcome':
    case 'list':
    case 'names':
    case 'globs':
    case 'everything':
    case 'groups':
    case 'labelGroups':
    case 'label':
    case 'hasLabel':
      return null;
  }
}

/** The group itself is not wrong: it may be good for operations. */
function checkGroup(
  name: string,
  groups: HostGroups,
  subject: Subject,
  { findings }: ReadContext,
): void {
  for (const [group, { text, expression }] of withNested(name, groups)) {
    for (const term of termsOf(expression)) {
      const why = momentaryIn(term);
      if (why === null) continue;
      const message = `${why}, and the group @${group} does`;
      findings.error(subject, message, `${caretUnder(text, term.at, 'here')}\n${INSTEAD}`);
    }
  }
}

/** A group and those that it is made of, each once, whatever circles there are. */
function withNested(name: string, groups: HostGroups): ReadonlyMap<string, Selector> {
  const found = new Map<string, Selector>();
  const toLookAt = [name];
  for (let next = toLookAt.pop(); next !== undefined; next = toLookAt.pop()) {
    const selector = groups.get(next);
    if (selector === undefined || found.has(next)) continue;
    found.set(next, selector);
    toLookAt.push(...[...termsOf(selector.expression)].flatMap(groupsNamedBy));
  }
  return found;
}
