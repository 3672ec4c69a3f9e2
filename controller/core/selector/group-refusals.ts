/** What is said of `@NAME` where there is no such group, or where groups go round in a circle. */
import { nearest } from '../../../proto/dialect/did-you-mean.ts';
import { type Refusal, refusal } from '../../../proto/errors.ts';
import { GROUP_NESTING_MAX } from '../../../proto/selector/limits.ts';
import { clipped } from '../../../proto/selector/mistake.ts';

const NAMES_SHOWN_MAX = 8;

export function noSuchGroup(name: string, known: Iterable<string>): Refusal {
  const names = [...known];
  const near = nearest(name, names);
  return refusal('nothing-matched', `no such group of hosts: @${clipped(name)}`, {
    cause: describeGroups(names),
    fix:
      near === null
        ? "groups stand as [hosts:NAME] in the controller's configuration; a label is @key:value"
        : `did you mean @${near}?`,
  });
}

export function nestedTooDeep(groups: readonly string[]): Refusal {
  const path = groups.slice(0, NAMES_SHOWN_MAX).map((name) => `@${name}`);
  return refusal('configuration', 'groups of hosts refer to one another too often', {
    cause: `${path.join(' → ')} → …; at most ${GROUP_NESTING_MAX} in a row`,
    fix: "mend [hosts:NAME] in the controller's configuration",
  });
}

function describeGroups(names: readonly string[]): string {
  if (names.length === 0) return "the controller's configuration has no [hosts:NAME] section";
  const shown = names.slice(0, NAMES_SHOWN_MAX).map((name) => `@${name}`);
  const more = names.length - shown.length;
  return `there are ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
