/** Where the files of each process are, all in `run_dir`: its FIFOs, exit file and child record. */
import { unlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessName } from '../../../proto/vocabulary.ts';
import type { LogFolder } from '../logs/log-path.ts';

export interface Folders extends LogFolder {
  readonly runDir: string;
}

export interface RunFiles {
  readonly exitFile: string;
  readonly childRecord: string;
  readonly stdinFifo: string;
  readonly stdoutFifo: string;
  readonly stderrFifo: string;
}

/** Names contain no slash (the configuration refuses them), so they are safe as file names. */
export function runFilesOf({ runDir }: Pick<Folders, 'runDir'>, process: ProcessName): RunFiles {
  const base = join(runDir, process);
  return {
    exitFile: `${base}.exit`,
    childRecord: `${base}.child`,
    stdinFifo: `${base}.in`,
    stdoutFifo: `${base}.out`,
    stderrFifo: `${base}.err`,
  };
}

/** The descriptors 0, 1 and 2 of the program, in this order. */
export function fifosOf({ stdinFifo, stdoutFifo, stderrFifo }: RunFiles): readonly string[] {
  return [stdinFifo, stdoutFifo, stderrFifo];
}

/** What is printed into them is kept whether or not an agent is there (`output-holder.ts`). */
export function outputFifosOf({ stdoutFifo, stderrFifo }: RunFiles): readonly string[] {
  return [stdoutFifo, stderrFifo];
}

/** As `rm -f` does, without the two looks that `rmSync` takes before: programs wait for it. */
export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
