/** The `Operation` document of `-o json`. */
import type { Operation } from '../../proto/vocabulary.ts';
import { renderDocument } from './json.ts';
import { formatTimestamp } from './time.ts';

export function renderOperationJson(operation: Operation): string {
  const { startedAtMs, endedAtMs } = operation;
  return renderDocument('Operation', {
    id: operation.id,
    verb: operation.verb,
    signal: operation.signal,
    hosts: operation.hosts,
    processes: operation.processes,
    reason: operation.reason === '' ? null : operation.reason,
    requestedBy: operation.requestedBy,
    state: operation.state,
    startedAt: startedAtMs === 0 ? null : formatTimestamp(startedAtMs),
    durationMs: endedAtMs === null ? null : endedAtMs - startedAtMs,
    waves: operation.waves.map(({ index, groupPriority, priority, targets }) => ({
      index,
      groupPriority,
      priority,
      targets,
    })),
    targets: operation.targets.map((target) => ({
      host: target.host,
      process: target.process,
      wave: target.wave,
      state: target.state,
      oldPid: target.oldPid,
      newPid: target.newPid,
      durationMs: target.durationMs,
      error: target.error,
      logTail: target.logTail,
    })),
  });
}
