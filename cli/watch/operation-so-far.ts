/**
 * A whole operation out of the updates of its stream, which tells each change alone: the targets
 * as they were first, then each as it was told last, and at the end what has become of the whole.
 */

import type { Operation, OperationUpdate, Target } from '../../proto/operation.ts';
import { targetKey } from '../../proto/target.ts';

export interface OperationSoFar {
  /** @returns the operation once it has ended, null until then */
  readonly note: (update: OperationUpdate) => Operation | null;
}

export function createOperationSoFar(): OperationSoFar {
  /** In the order of the plan; null until the whole was seen. */
  let targets: Map<string, Target> | null = null;
  return {
    note: (update) => {
      switch (update.kind) {
        case 'operation':
          // After a broken stream it comes again, and counts.
          targets = new Map(update.operation.targets.map(keyed));
          return update.operation.endedAtMs === null ? null : update.operation;
        case 'targets':
          for (const target of update.targets) targets?.set(...keyed(target));
          return null;
        case 'ended':
          return targets === null ? null : { ...update.facts, targets: [...targets.values()] };
      }
    },
  };
}

function keyed(target: Target): [string, Target] {
  return [targetKey(target.host, target.process), target];
}
