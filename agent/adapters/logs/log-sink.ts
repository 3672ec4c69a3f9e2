/**
 * Where one output stream of one process goes, put together from its definition: a file, the agent's
 * own stdout or stderr, the system's log beside or instead, without escape sequences and with the
 * time before each line if so wanted. What is not configured is not there: the common case, a file,
 * is the `LogFile` itself.
 */
import type { ProcessName } from '../../../proto/vocabulary.ts';
import type { LogDefinition, ProcessDefinition } from '../../core/definition.ts';
import type { Log } from '../../ports.ts';
import { LineTimes } from './line-times.ts';
import { LogFile } from './log-file.ts';
import { type LogFolder, logPathOf } from './log-path.ts';
import { readTail } from './log-reader.ts';
import { standardSink } from './standard-stream.ts';
import { EscapeStripper } from './strip-escapes.ts';
import type { SyslogSink, SyslogStream } from './syslog.ts';

export interface LogSink extends Disposable {
  /** `chunk` may be reused by the caller afterwards. */
  write(chunk: Uint8Array): void;
  reopen(): void;
  /** As `reopen`, but only where its path leads to another file by now, or to none. */
  reopenIfMoved?(): boolean;
  /** Empties the log, if it can be. @returns why it could not, or null */
  clear(): string | null;
  /** The process has ended: nothing is kept back in the hope of more. */
  flush?(): void;
  /** A chunk is about to be read: whatever makes it sooner written. */
  warmUp?(): void;
  /** True: nothing more should be written now; `resume` is called, once, when it may be. */
  isBehind?(resume: () => void): boolean;
}

export interface LogSurroundings {
  readonly folders: LogFolder;
  readonly log: Log;
  readonly syslog: SyslogSink;
  /** Wall time. */
  readonly nowMs: () => number;
  /** So many bytes of its output could not be written. May come in the middle of a write. */
  readonly onLost: (process: ProcessName, bytes: number) => void;
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
  const onLost = (bytes: number): void => around.onLost(definition.process, bytes);
  const target = openTarget(log, definition, stream, { ...around, onLost });
  // The system's log has times of its own.
  const system = log.syslog ? syslogSink(around.syslog.open(definition.name, onLost)) : null;
  const sink = target === null || system === null ? (target ?? system) : both(target, system);
  return sink !== null && definition.stripAnsi ? stripped(sink) : sink;
}

interface TargetSurroundings extends Omit<LogSurroundings, 'onLost'> {
  readonly onLost: (bytes: number) => void;
}

function openTarget(
  log: LogDefinition,
  definition: ProcessDefinition,
  stream: 'stdout' | 'stderr',
  around: TargetSurroundings,
): LogSink | null {
  const { onLost, nowMs } = around;
  const onProblem = (problem: string): void => {
    around.log.warn({ process: definition.process }, problem);
  };
  const path = logPathOf(around.folders, definition, stream);
  if (log.target.kind === 'standard') {
    const sink = standardSink(log.target.descriptor, onProblem, onLost);
    return log.timestamps ? timestamped(sink, new LineTimes(nowMs, false)) : sink;
  }
  if (path === null) return null;
  const limits = { maxBytes: log.maxBytes, backups: log.backups, onLost };
  const isAuto = log.target.kind === 'auto';
  const file = new LogFile(path, isAuto ? { ...limits, mode: AUTO_MODE } : limits, onProblem);
  if (!log.timestamps) return file;
  return timestamped(file, new LineTimes(nowMs, endsInsideLine(path)));
}

/** An agent that was killed may have left half a line, whose rest is to come. */
function endsInsideLine(path: string): boolean {
  try {
    return !['', '\n'].includes(readTail(path, 1)?.toString('latin1') ?? '');
  } catch {
    return false; // what cannot be read: a stamp too much does no harm
  }
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
    warmUp: () => first.warmUp?.(),
    isBehind: (resume) => first.isBehind?.(resume) ?? false,
    reopen: () => first.reopen(),
    reopenIfMoved: () => first.reopenIfMoved?.() ?? false,
    clear: () => first.clear(),
    [Symbol.dispose]: () => {
      first[Symbol.dispose]();
      second[Symbol.dispose]();
    },
  };
}

/** Of nothing but empty lines each becomes 26 times as long, and has strings of as much on the way. */
const STAMPED_AT_ONCE_BYTES = 16_384;

function timestamped(sink: LogSink, times: LineTimes): LogSink {
  return {
    write: (chunk) => {
      for (let from = 0; from < chunk.length; from += STAMPED_AT_ONCE_BYTES) {
        sink.write(times.stamp(chunk.subarray(from, from + STAMPED_AT_ONCE_BYTES)));
      }
    },
    flush: () => sink.flush?.(),
    warmUp: () => sink.warmUp?.(),
    isBehind: (resume) => sink.isBehind?.(resume) ?? false,
    reopen: () => {
      times.beginAnew();
      sink.reopen();
    },
    reopenIfMoved: () => {
      const isMoved = sink.reopenIfMoved?.() ?? false;
      if (isMoved) times.beginAnew();
      return isMoved;
    },
    clear: () => {
      times.beginAnew();
      return sink.clear();
    },
    [Symbol.dispose]: () => sink[Symbol.dispose](),
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
    warmUp: () => sink.warmUp?.(),
    isBehind: (resume) => sink.isBehind?.(resume) ?? false,
    reopen: () => sink.reopen(),
    reopenIfMoved: () => sink.reopenIfMoved?.() ?? false,
    clear: () => sink.clear(),
    [Symbol.dispose]: () => {
      flush();
      sink[Symbol.dispose]();
    },
  };
}
