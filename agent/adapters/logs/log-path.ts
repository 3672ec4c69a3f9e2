/**
 * In which files the output of a process is: where it is written to, and what people mean when they
 * ask for a log, whether the process runs or was never started.
 */
import { join } from 'node:path';
import type { ProcessDefinition } from '../../core/definition.ts';
import { clearLogFile } from './log-file.ts';

export interface LogFolder {
  /** Of logs that are `AUTO`. */
  readonly logDir: string;
}

/** `null`: this stream is in no file of ours. */
export function logPathOf(
  { logDir }: LogFolder,
  definition: ProcessDefinition,
  stream: 'stdout' | 'stderr',
): string | null {
  const { target } = stream === 'stdout' ? definition.stdoutLog : definition.stderrLog;
  switch (target.kind) {
    case 'file':
      return target.path;
    case 'auto':
      return join(logDir, `${definition.process}-${stream}.log`);
    case 'standard':
    case 'none':
      return null;
  }
}

/** @returns null where there is no file: none is kept, or what is wanted is in that of stdout */
export function readableLog(
  folder: LogFolder,
  definition: ProcessDefinition | null,
  channel: 'stdout' | 'stderr',
): string | null {
  if (definition === null || (channel === 'stderr' && definition.redirectStderr)) return null;
  return logPathOf(folder, definition, channel);
}

/**
 * @param open whoever has the files open must empty them, or goes on by a size that is not true
 * @returns why not all of them could be emptied, or null
 */
export function clearReadableLogs(
  folder: LogFolder,
  definition: ProcessDefinition | null,
  open: readonly { readonly clearLog: () => string | null }[],
): string | null {
  const paths = (['stdout', 'stderr'] as const)
    .map((channel) => readableLog(folder, definition, channel))
    .filter((path) => path !== null);
  const problems =
    open.length > 0 ? open.map((stream) => stream.clearLog()) : paths.map(clearLogFile);
  return problems.find((problem) => problem !== null) ?? null;
}
