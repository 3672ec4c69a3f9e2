/**
 * Which logs a request means. The controller names processes and channels; paths come from this
 * host's own configuration only.
 */
import type { LogChannel } from '../../proto/local-orders.ts';
import type { ControllerLogMessage } from '../../proto/log-messages.ts';
import type { ProcessName } from '../../proto/vocabulary.ts';
import type { ProcessDefinition } from '../core/definition.ts';
import type { Grep } from './grep.ts';
import { isReadable } from './log-parts.ts';
import { LogSource } from './log-source.ts';
import type { LogTimes } from './log-times.ts';
import type { ReaderNotes } from './reader-notes.ts';

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
    if (logs.length === 0) notes.addWithoutLog(process);
    for (const { channel, path } of logs) {
      // Who follows waits for one that is not there yet.
      if (!selection.follow && !isReadable(path)) {
        notes.addMissing(process);
        continue;
      }
      const { timestamps: isStamped } =
        channel === 'stdout' ? definition.stdoutLog : definition.stderrLog;
      yield new LogSource({ process, channel, path, isStamped, selection, grep, times });
    }
  }
}
