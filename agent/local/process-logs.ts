/**
 * Which log is meant, and what becomes of those that are to be emptied. The words for what goes
 * wrong are supervisorctl's (`do_tail`, `do_clear`).
 */
import { type Refusal, refusal } from '../../proto/errors.ts';
import type { ClearResult, LogChannel } from '../../proto/local-orders.ts';
import { matchProcesses, meaningless } from '../../proto/process-pattern.ts';
import { compareGroupAndName } from '../../proto/text-order.ts';
import type { ProcessName, ProcessStatus } from '../../proto/vocabulary.ts';
import { followLog, readTail } from '../adapters/logs/log-reader.ts';
import { type LocalCaller, refusalAnywhere, refusalOf, rightsOf } from '../core/local-access.ts';
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
  wanted: { readonly process: ProcessName; readonly channel: LogChannel; readonly by: LocalCaller },
): ReadableLog | Refusal {
  const { process, channel, by } = wanted;
  const named = [...state.processes.values()].find(({ definition: { group, name, ...rest } }) => {
    return rest.process === process || `${group}:${name}` === process;
  });
  const rights = rightsOf(state.rules, by);
  const nowhere = refusalAnywhere(rights, 'logs');
  if (nowhere !== null) return nowhere;
  if (named === undefined) return refusal('nothing-matched', 'no such process name');
  const denied = refusalOf(rights, READING, [named.definition.process], statusesOf(state));
  if (denied !== null) return denied;
  const path = files.logPath(named.definition.process, channel);
  if (path === null) return NO_LOG;
  return {
    tail: (bytes) => readTail(path, bytes),
    follow: (take, from) => followLog(path, take, from),
  };
}

/**
 * Names mean what they mean everywhere (`proto/process-pattern.ts`); all that one means is told
 * together, in the order in which they were typed, as supervisorctl does.
 */
export function clearLogs(
  state: AgentState,
  files: LogFiles,
  names: readonly string[],
): readonly ClearResult[] {
  const statuses = statusesOf(state).toSorted(compareGroupAndName);
  const cleared = new Set<ProcessName>();
  // Beforehand and together: matching word by word what means nothing would take long.
  const slips = new Set(meaningless(names, statuses));
  return names.flatMap((name) => {
    if (slips.has(name)) return [unknown(name)];
    const meant = matchProcesses([name], [statuses]).byHost[0] ?? [];
    return meant.flatMap(({ process }): readonly ClearResult[] => {
      if (cleared.has(process)) return [];
      cleared.add(process);
      const error = files.clearLogs(process);
      return [{ process, fault: error === null ? null : 'failed', error }];
    });
  });
}

/** Why somebody may not empty these; null: they may. What is gone then is gone for everybody. */
export function refusalToClear(
  state: AgentState,
  names: readonly string[],
  by: LocalCaller,
): Refusal | null {
  const rights = rightsOf(state.rules, by);
  const statuses = statusesOf(state);
  const meant = matchProcesses(names, [statuses]).byHost[0] ?? [];
  const about = meant.map(({ process }) => process);
  return refusalAnywhere(rights, 'update') ?? refusalOf(rights, CLEARING, about, statuses);
}

const READING = { action: 'logs', signal: null } as const;
const CLEARING = { action: 'update', signal: null } as const;

const statusesOf = (state: AgentState): readonly ProcessStatus[] =>
  [...state.processes.values()].map(statusOf);

const unknown = (process: string): ClearResult => ({ process, fault: 'bad-name', error: null });
