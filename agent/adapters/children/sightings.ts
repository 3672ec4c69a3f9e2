/**
 * Looks after the children that an earlier agent recorded: which are still alive, and how the
 * others ended. A process is itself only if pid, start time and boot agree with the record.
 */
import { statSync } from 'node:fs';
import type { ProcessName } from '../../../proto/vocabulary.ts';
import type { AgentState, Sighting } from '../../core/state.ts';
import type { ProcessTable } from '../host/process-table.ts';
import { readExitFile } from './exit-file.ts';
import { type Folders, runFilesOf } from './run-files.ts';

export function lookForChildren(
  state: AgentState,
  folders: Folders,
  table: ProcessTable,
): ReadonlyMap<ProcessName, Sighting> {
  const sightings = new Map<ProcessName, Sighting>();
  for (const [name, { child }] of state.processes) {
    if (child === null) continue;
    const isAlive =
      table.startTokenOf(child.keeperPid) === child.keeperStartToken ||
      table.startTokenOf(child.pid) === child.startToken;
    sightings.set(name, isAlive ? { kind: 'alive' } : endOf(runFilesOf(folders, name).exitFile));
  }
  return sightings;
}

/** The keeper writes its file when the program has ended, so the file's time is that of the end. */
function endOf(exitFile: string): Sighting {
  const exit = readExitFile(exitFile);
  if (exit.kind === 'unknown') return { kind: 'ended', exit };
  return { kind: 'ended', exit, endedAtMs: statSync(exitFile).mtimeMs };
}
