/**
 * Leaves out of a batch what a later write of the same batch replaces as a whole: a process that
 * went through several states, a target that was accepted and then settled. What the batch leaves
 * in the database is the same, in fewer statements.
 */
import type { Target } from '../../proto/operation.ts';
import { targetKey } from '../../proto/target.ts';
import type { HostId, OperationId, ProcessName } from '../../proto/vocabulary.ts';
import type { FleetWrite } from '../core/state.ts';

/** In the same order, but what changes in operations comes last, once for each of them. */
export function coalesced(writes: readonly FleetWrite[]): readonly FleetWrite[] {
  const last = new Map<HostId, Map<ProcessName, FleetWrite>>();
  const changes = new Map<OperationId, Change>();
  for (const write of writes) {
    if (write.kind === 'process') noteLast(last, write);
    if (write.kind === 'operationChanged') noteChange(changes, write);
  }
  const kept: FleetWrite[] = [];
  for (const write of writes) {
    const isReplaced =
      write.kind === 'process' && last.get(write.host)?.get(write.status.process) !== write;
    if (write.kind !== 'operationChanged' && !isReplaced) kept.push(write);
  }
  for (const [id, { moved, targets }] of changes) {
    kept.push({ kind: 'operationChanged', id, moved, changed: [...targets.values()] });
  }
  return kept;
}

type ProcessWrite = Extract<FleetWrite, { readonly kind: 'process' }>;
type OperationWrite = Extract<FleetWrite, { readonly kind: 'operationChanged' }>;

interface Change {
  moved: OperationWrite['moved'];
  readonly targets: Map<string, Target>;
}

function noteLast(last: Map<HostId, Map<ProcessName, FleetWrite>>, write: ProcessWrite): void {
  const { host, status } = write;
  const ofHost = last.get(host) ?? new Map<ProcessName, FleetWrite>();
  last.set(host, ofHost.set(status.process, write));
}

function noteChange(changes: Map<OperationId, Change>, write: OperationWrite): void {
  const change = changes.get(write.id) ?? { moved: null, targets: new Map<string, Target>() };
  changes.set(write.id, change);
  change.moved = write.moved ?? change.moved;
  for (const target of write.changed) {
    change.targets.set(targetKey(target.host, target.process), target);
  }
}
