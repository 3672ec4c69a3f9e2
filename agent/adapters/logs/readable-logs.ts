/** The log files of a process as people ask for them, whether it runs or was never started. */
import type { ProcessDefinition } from '../../core/definition.ts';
import { type Attendance, streamsOf } from '../children/attendance.ts';
import { type Folders, logPathOf } from '../children/run-files.ts';
import { clearLogFile } from './log-file.ts';

/** @returns null where there is no file: none is kept, or what is wanted is in that of stdout */
export function readableLog(
  folders: Folders,
  definition: ProcessDefinition | null,
  channel: 'stdout' | 'stderr',
): string | null {
  if (definition === null || (channel === 'stderr' && definition.redirectStderr)) return null;
  return logPathOf(folders, definition, channel);
}

/**
 * @param attendance whoever has the files open must empty them, or goes on by a size that is not true
 * @returns why not all of them could be emptied, or null
 */
export function clearReadableLogs(
  folders: Folders,
  definition: ProcessDefinition | null,
  attendance: Attendance | undefined,
): string | null {
  const open = attendance === undefined ? [] : streamsOf(attendance);
  const paths = (['stdout', 'stderr'] as const)
    .map((channel) => readableLog(folders, definition, channel))
    .filter((path) => path !== null);
  const problems =
    open.length > 0 ? open.map((stream) => stream.clearLog()) : paths.map(clearLogFile);
  return problems.find((problem) => problem !== null) ?? null;
}
