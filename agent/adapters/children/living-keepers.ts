/**
 * The keepers that run, by what they were started with: their title and the path of their exit file
 * (`keeper.ts`). So a program is found although neither the journal nor `run_dir` tells of it any
 * more. Where the system does not tell the words of a process, none is found.
 */
import { basename } from 'node:path';
import { knownProcessName, type ProcessName } from '../../../proto/vocabulary.ts';
import type { ProcessEntry, ProcessIdentity, ProcessTable } from '../host/process-table.ts';
import { keeperTitle } from './keeper.ts';
import { type Folders, runFilesOf } from './run-files.ts';

export interface LivingKeeper {
  readonly process: ProcessName;
  readonly keeper: ProcessIdentity;
  /** Null: it has ended, and the keeper is about to, or it was never forked and will not run. */
  readonly program: ProcessIdentity | null;
}

/** @param argumentsOf the words of one of this user's processes; null where they cannot be told */
export function findKeepers(
  { runDir }: Pick<Folders, 'runDir'>,
  table: Pick<ProcessTable, 'snapshot'>,
  argumentsOf: (pid: number) => readonly string[] | null,
): readonly LivingKeeper[] {
  const entries = table.snapshot();
  return entries.flatMap((entry) => {
    // Its subshell has the same words until it becomes the program, but not a session of its own.
    if (entry.session !== entry.pid) return [];
    const process = keptBy(argumentsOf(entry.pid) ?? [], runDir);
    return process === null ? [] : [{ process, keeper: entry, program: childOf(entry, entries) }];
  });
}

function keptBy(words: readonly string[], runDir: string): ProcessName | null {
  const [, option, , title, exitFile = ''] = words;
  const process = knownProcessName(basename(exitFile, '.exit'));
  const isKeeper = option === '-c' && title === keeperTitle(process);
  return isKeeper && exitFile === runFilesOf({ runDir }, process).exitFile ? process : null;
}

/** It forks once, and what its program leaves behind becomes the child of others. */
function childOf(
  { pid }: ProcessIdentity,
  entries: readonly ProcessEntry[],
): ProcessIdentity | null {
  return entries.find(({ parentPid, isDead }) => parentPid === pid && !isDead) ?? null;
}
