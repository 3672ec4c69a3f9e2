/**
 * Looks after the children that an earlier agent recorded: which are still alive, and how the
 * others ended. A process is itself only if pid, start time and boot agree with the record.
 */
import type { ProcessName } from '../../proto/vocabulary.ts';
import type { AgentState, Sighting } from '../core/state.ts';
import { readExitFile } from './exit-file.ts';
import type { ProcessTable } from './process-table.ts';
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
    const exit = readExitFile(runFilesOf(folders, name).exitFile);
    sightings.set(name, isAlive ? { kind: 'alive' } : { kind: 'ended', exit });
  }
  return sightings;
}
