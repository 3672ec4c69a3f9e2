/**
 * A whole operation must fit into one message, however many of its targets failed. Their last log
 * lines are nearly all of its size, and thousands of logs are read by nobody: a few hundred are
 * kept. Who watches gets the others as their targets change.
 */
import type { Operation } from '../../proto/operation.ts';

/** A log has up to 4 KiB: 2 MiB of the 64 that fleetctl takes. */
export const LOGS_MAX = 500;

/** The logs of the first targets that have one, in the order of the plan. */
export function withBoundedLogs(operation: Operation): Operation {
  let logs = 0;
  const targets = operation.targets.map((target) => {
    if (target.logTail.length === 0) return target;
    logs += 1;
    return logs <= LOGS_MAX ? target : { ...target, logTail: [] };
  });
  return logs <= LOGS_MAX ? operation : { ...operation, targets };
}
