/**
 * Where the agent's own log goes: JSON lines to stderr for service managers and, for people, lines
 * in the shape of supervisord's log into the file that `[supervisord] logfile` names, rotated as it
 * says. The last of these are kept in memory too, so that there is something to show (`maintail`)
 * where there is no such file.
 */
import { writeToStderr } from '../../../proto/daemon/log.ts';
import { standardDescriptor } from '../../config/paths.ts';
import type { LogDefinition } from '../../core/definition.ts';
import { LogFile } from './log-file.ts';
import { type ChunkTaker, followLog, readTail } from './log-reader.ts';
import type { LogSink } from './log-sink.ts';
import { mainLogLine } from './main-log-line.ts';
import { RecentBytes } from './recent-bytes.ts';
import { standardSink } from './standard-stream.ts';

export interface MainLogDefinition extends Pick<LogDefinition, 'maxBytes' | 'backups'> {
  readonly path: string | null;
}

export interface MainLog extends Disposable {
  /** @param line as pino writes it, with its newline */
  write(line: string): void;
  /** At most the last `bytes` bytes, as people read them. */
  tail(bytes: number): Buffer;
  /** What is written from now on, after the last `tailBytes` of what was. */
  follow(take: ChunkTaker, from?: { readonly tailBytes?: number }): Disposable;
  /** Empties what is shown. @returns why it could not, or null */
  clear(): string | null;
  reopen(): void;
}

const RECENT_BYTES = 65_536;

/** @param toStderr replaces the agent's stderr in tests */
export function openMainLog(
  definition: MainLogDefinition,
  toStderr: (text: string) => void = writeToStderr,
): MainLog {
  const recent = new RecentBytes(RECENT_BYTES);
  const copy = openCopy(definition, toStderr);
  const { path } = definition;
  const isInFile = path !== null && standardDescriptor(path) === null;
  return {
    write: (line) => {
      toStderr(line);
      const readable = Buffer.from(`${mainLogLine(line, process.pid)}\n`);
      recent.add(readable);
      copy?.write(readable);
    },
    tail: (bytes) => (isInFile ? readTail(path, bytes) : null) ?? recent.tail(bytes),
    follow: (take, from) => {
      const isFile = isInFile && readTail(path, 0) !== null;
      return isFile ? followLog(path, take, from) : recent.follow(take, from?.tailBytes ?? 0);
    },
    clear: () => {
      recent.clear();
      return copy?.clear() ?? null;
    },
    reopen: () => copy?.reopen(),
    [Symbol.dispose]: () => copy?.[Symbol.dispose](),
  };
}

function openCopy(
  { path, maxBytes, backups }: MainLogDefinition,
  toStderr: (text: string) => void,
): LogSink | null {
  if (path === null) return null;
  const onProblem = (problem: string): void => {
    const entry = { level: 40, time: new Date().toISOString(), name: 'fleet-agent', msg: problem };
    toStderr(`${JSON.stringify(entry)}\n`);
  };
  const standard = standardDescriptor(path);
  if (standard !== null) return standardSink(standard, onProblem);
  return new LogFile(path, { maxBytes, backups }, onProblem);
}
