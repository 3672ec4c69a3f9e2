/**
 * Which log is meant, and what becomes of those that are to be emptied. The words for what goes
 * wrong are supervisorctl's (`do_tail`, `do_clear`).
 */
import { type Refusal, refusal } from '../../proto/errors.ts';
import type { ClearResult, LogChannel } from '../../proto/local-orders.ts';
import { matchProcesses, meaningless } from '../../proto/process-pattern.ts';
import type { ProcessName } from '../../proto/vocabulary.ts';
import { followLog, readTail } from '../adapters/log-reader.ts';
import { statusOf } from '../core/process.ts';
import type { AgentState } from '../core/state.ts';
import { NO_LOG, type ReadableLog } from './log-call.ts';

export interface LogFiles {
  /** Null where there is none. */
  logPath(process: ProcessName, channel: LogChannel): string | null;
  /** @returns why they could not be emptied; null: they are */
  clearLogs(process: ProcessName): string | null;
}

/** A process is named as `status` shows it, or by group and name. */
export function findLog(
  state: AgentState,
  files: LogFiles,
  { process, channel }: { readonly process: ProcessName; readonly channel: LogChannel },
): ReadableLog | Refusal {
  const named = [...state.processes.values()].find(({ definition: { group, name, ...rest } }) => {
    return rest.process === process || `${group}:${name}` === process;
  });
  if (named === undefined) return refusal('nothing-matched', 'no such process name');
  const path = files.logPath(named.definition.process, channel);
  if (path === null) return NO_LOG;
  return {
    tail: (bytes) => readTail(path, bytes),
    follow: (take, from) => followLog(path, take, from),
  };
}

/** Names mean what they mean everywhere (`proto/process-pattern.ts`). */
export function clearLogs(
  state: AgentState,
  files: LogFiles,
  names: readonly string[],
): readonly ClearResult[] {
  const statuses = [...state.processes.values()].map(statusOf);
  const { byHost } = matchProcesses(names, [statuses]);
  const cleared = (byHost[0] ?? []).map(({ process }): ClearResult => {
    const error = files.clearLogs(process);
    return { process, fault: error === null ? null : 'failed', error };
  });
  const unknown = meaningless(names, statuses).map((process): ClearResult => {
    return { process, fault: 'bad-name', error: null };
  });
  return [...cleared, ...unknown];
}
