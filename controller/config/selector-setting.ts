/**
 * Selectors of hosts that stand in `controller.conf`. All that can be known without the fleet is
 * judged when the file is read, for what is saved there is used months later, by somebody in a
 * hurry. Whether the hosts that it names exist can only be known then.
 */
import { nearest } from '../../proto/dialect/did-you-mean.ts';
import type { IniSection } from '../../proto/dialect/ini.ts';
import type { Subject } from '../../proto/dialect/problem.ts';
import { findEntry, type ReadContext, subjectOf } from '../../proto/dialect/settings.ts';
import { caretUnder } from '../../proto/selector/mistake.ts';
import { type Selector, type Term, termsOf } from '../../proto/selector/syntax.ts';
import { readSelector } from '../core/selector/parse.ts';

/** A selector, and where it stands. */
export interface SavedSelector {
  readonly selector: Selector;
  readonly subject: Subject;
}

/** From the key `hosts` of a section; null where that is wrong, which is then told. */
export function readSavedSelector(
  section: IniSection,
  text: string,
  { findings, defaults }: ReadContext,
): SavedSelector | null {
  const subject = subjectOf(section, findEntry(section, 'hosts', defaults));
  const selector = readSelector(text);
  if (!('kind' in selector)) return { selector, subject };
  const { at, why, fix } = selector;
  const hint = caretUnder(text, at, why) + (fix === null ? '' : `\n${fix}`);
  findings.error(subject, `expected a selector of hosts: ${why}`, hint);
  return null;
}

/**
 * Tells of what cannot be meant in a file, and of groups that are not there.
 * @param saved what it is: "a group"
 * @param groups all groups, also those that are wrong themselves
 */
export function checkSavedTerms(
  saved: string,
  { selector, subject }: SavedSelector,
  groups: readonly string[],
  { findings }: ReadContext,
): void {
  for (const term of termsOf(selector.expression)) {
    const why = problemOf(saved, term);
    if (why !== null) findings.error(subject, why, caretUnder(selector.text, term.at, 'here'));
    for (const unknown of groupsNamedBy(term).filter((name) => !groups.includes(name))) {
      const near = nearest(unknown, groups);
      const hint = near === null ? 'a label is written @key:value' : `did you mean @${near}?`;
      findings.error(subject, `there is no group @${unknown}`, hint);
    }
  }
}

export const groupsNamedBy = (term: Term): readonly string[] =>
  term.kind === 'groups' ? term.names : [];

function problemOf(saved: string, term: Term): string | null {
  if (term.kind === 'outcome')
    return `${saved} cannot depend on an operation: those are forgotten after a while`;
  if (term.kind !== 'list') return null;
  return term.path === null
    ? `${saved} cannot be read from standard input`
    : `${saved} cannot be read from a file; write the hosts here, or use [include]`;
}
