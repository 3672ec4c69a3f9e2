/**
 * Who stands at the gate (`keeper.ts`): the keeper and the program-to-be, each with what makes its
 * pid an identity. The keeper's is read while its shell comes up, so that later only one is missing.
 */
import type { Child } from '../../core/process.ts';
import type { ProcessTable } from '../host/process-table.ts';

/** `none`: nobody is there. `unknown`: the table cannot tell now. */
export type StartToken = { readonly kind: 'read'; readonly text: string } | Untold;

interface Untold {
  readonly kind: 'none' | 'unknown';
}

export type AtGate = { readonly kind: 'child'; readonly child: Child } | Untold;

type Table = Pick<ProcessTable, 'startTokenOf' | 'bootId'>;

export function readStartToken(pid: number, table: Pick<Table, 'startTokenOf'>): StartToken {
  try {
    const text = table.startTokenOf(pid);
    return text === null ? { kind: 'none' } : { kind: 'read', text };
  } catch {
    return { kind: 'unknown' };
  }
}

/**
 * @param line what was said at the gate: a pid, or a path that ends with it
 * @param keeper its token was read when it had just been forked
 */
export function childAtGate(
  line: string,
  keeper: { readonly pid: number; readonly startToken: StartToken },
  table: Table,
): AtGate {
  const pid = Number(line.slice(line.lastIndexOf('/') + 1));
  // Its shell could not tell, as without a free descriptor.
  if (!Number.isSafeInteger(pid) || pid <= 1) return { kind: 'unknown' };
  const token = readStartToken(pid, table);
  if (token.kind !== 'read') return token;
  if (keeper.startToken.kind !== 'read') return keeper.startToken;
  const keeperStartToken = keeper.startToken.text;
  const identity = { pid, startToken: token.text, keeperPid: keeper.pid, keeperStartToken };
  return { kind: 'child', child: { ...identity, bootId: table.bootId } };
}
