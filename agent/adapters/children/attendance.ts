/**
 * What the agent has open for one process name: its FIFOs, its logs, and the gate of a child that
 * is being started. All of it or, where descriptors run out half-way, nothing.
 */
import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import type { ProcessDefinition } from '../../core/definition.ts';
import type { Child } from '../../core/process.ts';
import { LastLines } from '../logs/last-lines.ts';
import { type LogSink, type LogSurroundings, openLogSink } from '../logs/log-sink.ts';
import { OutputStream } from './output-stream.ts';
import { type Folders, type RunFiles, runFilesOf } from './run-files.ts';

export interface Attendance {
  definition: ProcessDefinition;
  readonly files: RunFiles;
  readonly streams: Streams;
  readonly lastLines: LastLines;
  keeper: ChildProcess | null;
  child: Child | null;
}

/** Stderr is null where it goes the way of stdout, stdout where nothing could be opened. */
interface Streams {
  stdout: OutputStream | null;
  stderr: OutputStream | null;
}

export interface Surroundings extends LogSurroundings {
  readonly folders: Folders;
}

/**
 * @param hasOwnStderr of a child that runs already, by an earlier definition perhaps, both are read
 * @throws where the output cannot be captured; nothing is left open then
 */
export function openAttendance(
  definition: ProcessDefinition,
  around: Surroundings,
  hasOwnStderr: boolean,
): Attendance {
  const attendance = blindAttendance(definition, around.folders);
  const { files, lastLines, streams } = attendance;
  const open = (fifo: string, channel: 'stdout' | 'stderr') =>
    new OutputStream(fifo, sinkOpener(definition, channel, around), lastLines);
  try {
    streams.stdout = open(files.stdoutFifo, 'stdout');
    if (hasOwnStderr) streams.stderr = open(files.stderrFifo, 'stderr');
    return attendance;
  } catch (error) {
    closeStreams(attendance);
    throw error;
  }
}

/** Sees nothing of what the process prints. */
export function blindAttendance(definition: ProcessDefinition, folders: Folders): Attendance {
  const files = runFilesOf(folders, definition.process);
  const streams = { stdout: null, stderr: null };
  return { definition, files, streams, lastLines: new LastLines(), keeper: null, child: null };
}

/** Whether the next child of this definition can use what is open. */
export function suits({ streams, definition: present }: Attendance, definition: ProcessDefinition) {
  const isSeparate = streams.stderr !== null;
  return (
    present === definition && streams.stdout !== null && isSeparate === !definition.redirectStderr
  );
}

/** Where its output goes from now on; which streams it has is settled until its next start. */
export function redefine(
  attendance: Attendance,
  definition: ProcessDefinition,
  around: Surroundings,
): void {
  const { stdout, stderr } = attendance.streams;
  attendance.definition = definition;
  stdout?.replaceLog(sinkOpener(definition, 'stdout', around));
  if (!definition.redirectStderr) stderr?.replaceLog(sinkOpener(definition, 'stderr', around));
}

export function streamsOf({ streams }: Attendance): readonly OutputStream[] {
  return [streams.stdout, streams.stderr].filter((stream) => stream !== null);
}

/** Where its stderr goes. */
export function errorStreamOf({ streams }: Attendance): OutputStream | null {
  return streams.stderr ?? streams.stdout;
}

export function closeStreams(attendance: Attendance): void {
  for (const stream of streamsOf(attendance)) stream[Symbol.dispose]();
}

/** Node leaves `stdio` undefined, whatever its type says, where there was no descriptor for it. */
export function gateOf(attendance: Attendance | undefined): Socket | undefined {
  const stdio: ChildProcess['stdio'] | undefined = attendance?.keeper?.stdio;
  return stdio?.[3] as Socket | undefined;
}

function sinkOpener(
  definition: ProcessDefinition,
  channel: 'stdout' | 'stderr',
  around: Surroundings,
): () => LogSink | null {
  return () => openLogSink(definition, channel, around);
}
