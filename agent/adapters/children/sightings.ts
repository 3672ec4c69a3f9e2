/**
 * Looks after the children that an earlier agent recorded: which are still alive, how the others
 * ended, and what these had printed that nobody has read yet. A process is itself only if pid, start
 * time and boot agree with the record.
 */
import type { ProcessName } from '../../../proto/vocabulary.ts';
import type { ProcessDefinition } from '../../core/definition.ts';
import type { Child } from '../../core/process.ts';
import type { AgentState, Sighting } from '../../core/state.ts';
import { mayBeAlive, type ProcessTable } from '../host/process-table.ts';
import { exitFileTimeMs, readExitFile } from './exit-file.ts';
import { type Folders, runFilesOf } from './run-files.ts';

export function lookForChildren(
  state: AgentState,
  folders: Folders,
  table: Pick<ProcessTable, 'isAlive'>,
): ReadonlyMap<ProcessName, Sighting> {
  const sightings = new Map<ProcessName, Sighting>();
  for (const [name, { child }] of state.processes) {
    if (child === null) continue;
    const { exitFile } = runFilesOf(folders, name);
    sightings.set(name, mayRun(table, child) ? { kind: 'alive' } : endOf(exitFile));
  }
  return sightings;
}

/** Where its keeper alone lives, its end is on its way into the file. What cannot be told counts as alive. */
export function mayRun(table: Pick<ProcessTable, 'isAlive'>, child: Child): boolean {
  return (
    mayBeAlive(table, child.keeperPid, child.keeperStartToken) ||
    mayBeAlive(table, child.pid, child.startToken)
  );
}

/**
 * Of those that ended, what is still in their FIFOs goes to their logs, before anything is started.
 * The bytes are out of the FIFO when they are read, so the end counts only after this.
 * @param readRest has the last lines of what it put into the logs
 */
export function withLastLines(
  sightings: ReadonlyMap<ProcessName, Sighting>,
  { processes }: Pick<AgentState, 'processes'>,
  readRest: (definition: ProcessDefinition) => readonly string[],
): ReadonlyMap<ProcessName, Sighting> {
  const complete = [...sightings].map(([name, sighting]) => {
    const process = processes.get(name);
    if (sighting.kind === 'alive' || process === undefined) return [name, sighting] as const;
    return [name, { ...sighting, lastLines: readRest(process.definition) }] as const;
  });
  return new Map(complete);
}

/** The keeper writes its file when the program has ended, so the file's time is that of the end. */
function endOf(exitFile: string): Sighting {
  const exit = readExitFile(exitFile);
  const endedAtMs = exit.kind === 'unknown' ? null : exitFileTimeMs(exitFile);
  return endedAtMs === null ? { kind: 'ended', exit } : { kind: 'ended', exit, endedAtMs };
}
