/**
 * What the agent has open for one process name: its FIFOs, its logs, and the gate of a child that
 * is being started. All of it or, where descriptors run out half-way, nothing.
 */
import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import type { ProcessDefinition } from '../core/definition.ts';
import type { Child } from '../core/process.ts';
import type { Log } from '../ports.ts';
import { LastLines } from './last-lines.ts';
import { LogFile } from './log-file.ts';
import { OutputStream } from './output.ts';
import { type Folders, logPathOf, type RunFiles, runFilesOf } from './run-files.ts';

export interface Attendance {
  readonly definition: ProcessDefinition;
  readonly files: RunFiles;
  readonly streams: readonly OutputStream[];
  readonly lastLines: LastLines;
  keeper: ChildProcess | null;
  child: Child | null;
}

interface Surroundings {
  readonly folders: Folders;
  readonly log: Log;
}

/** @throws where the output cannot be captured; nothing is left open then */
export function openAttendance(definition: ProcessDefinition, around: Surroundings): Attendance {
  const streams: OutputStream[] = [];
  const attendance = { ...blindAttendance(definition, around), streams };
  const { files, lastLines } = attendance;
  try {
    const openOut = () => openLog(definition, 'stdout', around);
    streams.push(new OutputStream(files.stdoutFifo, openOut, lastLines));
    if (definition.redirectStderr) return attendance;
    const openErr = () => openLog(definition, 'stderr', around);
    streams.push(new OutputStream(files.stderrFifo, openErr, lastLines));
    return attendance;
  } catch (error) {
    closeStreams(attendance);
    throw error;
  }
}

/** Sees nothing of what the process prints. */
export function blindAttendance(
  definition: ProcessDefinition,
  { folders }: Surroundings,
): Attendance {
  const files = runFilesOf(folders, definition.process);
  return { definition, files, streams: [], lastLines: new LastLines(), keeper: null, child: null };
}

export function closeStreams({ streams }: Attendance): void {
  for (const stream of streams) stream[Symbol.dispose]();
}

/** Node leaves `stdio` undefined, whatever its type says, where there was no descriptor for it. */
export function gateOf(attendance: Attendance | undefined): Socket | undefined {
  const stdio: ChildProcess['stdio'] | undefined = attendance?.keeper?.stdio;
  return stdio?.[3] as Socket | undefined;
}

function openLog(
  definition: ProcessDefinition,
  stream: 'stdout' | 'stderr',
  { folders, log }: Surroundings,
): LogFile | null {
  const path = logPathOf(folders, definition, stream);
  if (path === null) return null;
  const limits = stream === 'stdout' ? definition.stdoutLog : definition.stderrLog;
  return new LogFile(path, limits, (problem) => {
    log.warn({ process: definition.process }, problem);
  });
}
