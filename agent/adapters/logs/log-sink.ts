/**
 * Where one output stream of one process goes, put together from its definition: a file, the agent's
 * own stdout or stderr, the system's log beside or instead, without escape sequences if so wanted.
 * What is not configured is not there: the common case, a file, is the `LogFile` itself.
 */
import type { LogDefinition, ProcessDefinition } from '../../core/definition.ts';
import type { Log } from '../../ports.ts';
import { LogFile } from './log-file.ts';
import { type LogFolder, logPathOf } from './log-path.ts';
import { standardSink } from './standard-stream.ts';
import { EscapeStripper } from './strip-escapes.ts';
import type { SyslogSink, SyslogStream } from './syslog.ts';

export interface LogSink extends Disposable {
  /** `chunk` may be reused by the caller afterwards. */
  write(chunk: Uint8Array): void;
  reopen(): void;
  /** As `reopen`, but only where its path leads to another file by now, or to none. */
  reopenIfMoved?(): void;
  /** Empties the log, if it can be. @returns why it could not, or null */
  clear(): string | null;
  /** The process has ended: nothing is kept back in the hope of more. */
  flush?(): void;
  /** True: nothing more should be written now; `resume` is called, once, when it may be. */
  isBehind?(resume: () => void): boolean;
}

export interface LogSurroundings {
  readonly folders: LogFolder;
  readonly log: Log;
  readonly syslog: SyslogSink;
}

/** As mkstemp(3), which is how Supervisor makes AUTO logs; they are the agent's own files. */
const AUTO_MODE = 0o600;

/** @returns null where this stream is not kept at all */
export function openLogSink(
  definition: ProcessDefinition,
  stream: 'stdout' | 'stderr',
  around: LogSurroundings,
): LogSink | null {
  const log = stream === 'stdout' ? definition.stdoutLog : definition.stderrLog;
  const target = openTarget(log, definition, stream, around);
  const system = log.syslog ? syslogSink(around.syslog.open(definition.name)) : null;
  const sink = target === null || system === null ? (target ?? system) : both(target, system);
  return sink !== null && definition.stripAnsi ? stripped(sink) : sink;
}

function openTarget(
  log: LogDefinition,
  definition: ProcessDefinition,
  stream: 'stdout' | 'stderr',
  { folders, log: agentLog }: LogSurroundings,
): LogSink | null {
  const onProblem = (problem: string): void => {
    agentLog.warn({ process: definition.process }, problem);
  };
  if (log.target.kind === 'standard') {
    return standardSink(log.target.descriptor, onProblem);
  }
  const path = logPathOf(folders, definition, stream);
  if (path === null) return null;
  const { maxBytes, backups } = log;
  const limits = { maxBytes, backups };
  const isAuto = log.target.kind === 'auto';
  return new LogFile(path, isAuto ? { ...limits, mode: AUTO_MODE } : limits, onProblem);
}

function syslogSink(system: SyslogStream): LogSink {
  return {
    write: (chunk) => system.write(chunk),
    flush: () => system.flush(),
    reopen: () => undefined,
    clear: () => null,
    [Symbol.dispose]: () => system.flush(),
  };
}

/** Only `first` can ask for patience: the system's log never does. */
function both(first: LogSink, second: LogSink): LogSink {
  return {
    write: (chunk) => {
      first.write(chunk);
      second.write(chunk);
    },
    flush: () => {
      first.flush?.();
      second.flush?.();
    },
    isBehind: (resume) => first.isBehind?.(resume) ?? false,
    reopen: () => first.reopen(),
    reopenIfMoved: () => first.reopenIfMoved?.(),
    clear: () => first.clear(),
    [Symbol.dispose]: () => {
      first[Symbol.dispose]();
      second[Symbol.dispose]();
    },
  };
}

function stripped(sink: LogSink): LogSink {
  const stripper = new EscapeStripper();
  const write = (chunk: Uint8Array): void => {
    if (chunk.length > 0) sink.write(chunk);
  };
  const flush = (): void => {
    write(stripper.end());
    sink.flush?.();
  };
  return {
    write: (chunk) => write(stripper.strip(chunk)),
    flush,
    isBehind: (resume) => sink.isBehind?.(resume) ?? false,
    reopen: () => sink.reopen(),
    reopenIfMoved: () => sink.reopenIfMoved?.(),
    clear: () => sink.clear(),
    [Symbol.dispose]: () => {
      flush();
      sink[Symbol.dispose]();
    },
  };
}
