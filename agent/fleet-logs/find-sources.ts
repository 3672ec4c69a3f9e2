/**
 * Which logs a request means. The controller names processes and channels; paths come from this
 * host's own configuration only.
 */
import type { LogChannel } from '../../proto/local-orders.ts';
import type { ControllerLogMessage } from '../../proto/log-messages.ts';
import type { ProcessName } from '../../proto/vocabulary.ts';
import type { LogDefinition, ProcessDefinition } from '../core/definition.ts';
import type { Grep } from './grep.ts';
import { isReadable } from './log-parts.ts';
import { LogSource } from './log-source.ts';
import type { LogTimes } from './log-times.ts';
import type { KeptElsewhere, ReaderNotes } from './reader-notes.ts';

/** What is to be known of this host. */
export interface HostLogs {
  /** Null: there is no such process. */
  readonly definitionOf: (process: ProcessName) => ProcessDefinition | null;
  /** Null where none is kept. */
  readonly logPath: (process: ProcessName, channel: LogChannel) => string | null;
  readonly times: LogTimes;
}

export type LogsRequest = Extract<ControllerLogMessage, { readonly kind: 'readLogs' }>;

interface Surroundings extends HostLogs {
  readonly grep: Grep | null;
  readonly notes: ReaderNotes;
}

/** What is asked for and is not there is noted. */
export function* findSources(
  { processes, channels, selection }: LogsRequest,
  { definitionOf, logPath, times, grep, notes }: Surroundings,
): Generator<LogSource> {
  for (const process of new Set(processes)) {
    const definition = definitionOf(process);
    if (definition === null) {
      notes.addUnknown(process);
      continue;
    }
    const logs = channels
      .map((channel) => ({ channel, path: logPath(process, channel) }))
      .filter((log): log is { channel: LogChannel; path: string } => log.path !== null);
    for (const channel of channels) {
      if (logs.some((log) => log.channel === channel)) continue;
      const { kept, isWorthAWord } = whereItGoes(definition, channel);
      if (isWorthAWord || logs.length === 0) notes.addElsewhere(process, kept);
    }
    for (const { channel, path } of logs) {
      const isThere = isReadable(path);
      if (!isThere) notes.addMissing(process);
      // Who follows waits for one that is not there yet.
      if (!isThere && !selection.follow) continue;
      const { timestamps: isStamped } = logOf(definition, channel);
      const pathNow = () => logPath(process, channel);
      const log = { process, channel, path, pathNow, isStamped };
      yield new LogSource({ ...log, selection, grep, times });
    }
  }
}

function whereItGoes(definition: ProcessDefinition, channel: LogChannel): Elsewhere {
  if (channel === 'stderr' && definition.redirectStderr) {
    return { kept: 'stdout', isWorthAWord: false };
  }
  const { target, syslog } = logOf(definition, channel);
  if (syslog) return { kept: 'syslog', isWorthAWord: true };
  if (target.kind !== 'standard') return { kept: 'nowhere', isWorthAWord: false };
  return { kept: 'agent', isWorthAWord: true };
}

interface Elsewhere {
  readonly kept: KeptElsewhere;
  /** Also where the other channel has a log. */
  readonly isWorthAWord: boolean;
}

const logOf = ({ stdoutLog, stderrLog }: ProcessDefinition, channel: LogChannel): LogDefinition =>
  channel === 'stdout' ? stdoutLog : stderrLog;
