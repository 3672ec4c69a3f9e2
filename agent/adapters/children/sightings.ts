/**
 * Looks after the children that an earlier agent recorded: which are still alive, how the others
 * ended, and what these had printed that nobody has read yet. A process is itself only if pid, start time and boot agree with the record.
 */
import { statSync } from 'node:fs';
import type { ProcessName } from '../../../proto/vocabulary.ts';
import type { ProcessDefinition } from '../../core/definition.ts';
import type { AgentState, Sighting } from '../../core/state.ts';
import type { ProcessTable } from '../host/process-table.ts';
import { readExitFile } from './exit-file.ts';
import { type Folders, runFilesOf } from './run-files.ts';

export function lookForChildren(
  state: AgentState,
  folders: Folders,
  table: Pick<ProcessTable, 'isAlive'>,
): ReadonlyMap<ProcessName, Sighting> {
  const sightings = new Map<ProcessName, Sighting>();
  for (const [name, { child }] of state.processes) {
    if (child === null) continue;
    const isAlive =
      table.isAlive({ pid: child.keeperPid, startToken: child.keeperStartToken }) ||
      table.isAlive(child);
    sightings.set(name, isAlive ? { kind: 'alive' } : endOf(runFilesOf(folders, name).exitFile));
  }
  return sightings;
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
  if (exit.kind === 'unknown') return { kind: 'ended', exit };
  return { kind: 'ended', exit, endedAtMs: statSync(exitFile).mtimeMs };
}
