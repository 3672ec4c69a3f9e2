/**
 * Refuses selections that are given but empty, as an unset variable of a script leaves them: no
 * empty selection ever means everything.
 */
import { type Refusal, refusal } from '../proto/errors.ts';

/** @param hosts null where it was not given */
export function refusalOfEmpty(selection: {
  readonly hosts: string | null;
  readonly processes: readonly string[];
  /** What the names are those of; processes unless said. */
  readonly named?: 'group' | 'process';
}): Refusal | null {
  if (selection.hosts !== null && isBlank(selection.hosts)) {
    return refusal('usage', 'the selection of hosts is empty', {
      cause: 'an empty selection never means everything',
      fix: "the whole fleet is spelled '@*'",
    });
  }
  if (!selection.processes.some(isBlank)) return null;
  const { named = 'process' } = selection;
  return refusal('usage', `the name of a ${named} is empty`, {
    cause: 'an empty selection never means everything',
    fix: `every ${named} is spelled all`,
  });
}

function isBlank(text: string): boolean {
  return text.trim() === '';
}
