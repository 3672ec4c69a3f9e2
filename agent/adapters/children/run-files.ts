/** Where the files of each process are: FIFOs and exit file in `run_dir`, logs as configured. */
import { join } from 'node:path';
import type { ProcessName } from '../../../proto/vocabulary.ts';
import type { ProcessDefinition } from '../../core/definition.ts';

export interface Folders {
  readonly runDir: string;
  readonly logDir: string;
}

export interface RunFiles {
  readonly exitFile: string;
  readonly stdoutFifo: string;
  readonly stderrFifo: string;
}

/** Names contain no slash (the configuration refuses them), so they are safe as file names. */
export function runFilesOf(folders: Folders, process: ProcessName): RunFiles {
  const base = join(folders.runDir, process);
  return { exitFile: `${base}.exit`, stdoutFifo: `${base}.out`, stderrFifo: `${base}.err` };
}

/** `null`: this stream is in no file of ours. */
export function logPathOf(
  folders: Folders,
  definition: ProcessDefinition,
  stream: 'stdout' | 'stderr',
): string | null {
  const { target } = stream === 'stdout' ? definition.stdoutLog : definition.stderrLog;
  switch (target.kind) {
    case 'file':
      return target.path;
    case 'auto':
      return join(folders.logDir, `${definition.process}-${stream}.log`);
    case 'standard':
    case 'none':
      return null;
  }
}
