/**
 * Order of names as Supervisor has it, which is Python's `sorted`: letter by letter, capitals before
 * small letters, the same in every locale. What people read of a whole fleet is in natural order.
 */
import type { ProcessStatus } from './vocabulary.ts';

export function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/** As Supervisor lists processes (rpcinterface.py, `_getAllProcesses`). */
export function compareGroupAndName(
  left: Pick<ProcessStatus, 'group' | 'name'>,
  right: Pick<ProcessStatus, 'group' | 'name'>,
): number {
  return compareText(left.group, right.group) || compareText(left.name, right.name);
}
