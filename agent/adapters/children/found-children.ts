/**
 * What earlier agents of this boot have started, by what lies in `run_dir` and by the keepers that
 * run: all that tells of it where the journal is lost. Whether they are alive is for `sightings.ts`
 * to find out.
 */
import { readdirSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { knownProcessName, type ProcessName } from '../../../proto/vocabulary.ts';
import type { FoundChild, FoundProcesses } from '../../core/found-children.ts';
import type { Child } from '../../core/process.ts';
import { mayBeAlive, type ProcessTable } from '../host/process-table.ts';
import { type ChildRecord, isChildRecordEmptied, readChildRecord } from './child-record.ts';
import { exitFileTimeMs, readExitFile } from './exit-file.ts';
import { HolderRecord } from './holder-record.ts';
import type { LivingKeeper } from './living-keepers.ts';
import { type Folders, runFilesOf } from './run-files.ts';

type RunDir = Pick<Folders, 'runDir'>;

export interface FoundIn {
  readonly table: Pick<ProcessTable, 'bootId' | 'isAlive'>;
  readonly keepers: readonly LivingKeeper[];
  /** When this boot of the host began, by the wall clock. */
  readonly bootedAtMs: number;
  readonly nowMs: number;
}

export interface Found extends FoundProcesses {
  /** Of the children, those of which there is no right record. */
  readonly byKeeper: readonly ProcessName[];
  /** Of these, what they print goes nowhere and how they end will not be known. */
  readonly withoutFiles: readonly ProcessName[];
}

export function findProcesses(folders: RunDir, { keepers, ...around }: FoundIn): Found {
  const { table, nowMs } = around;
  const children = new Map<ProcessName, FoundChild>();
  for (const { process, record } of childRecordsIn(folders)) {
    const { startedAtMs, ...child } = record;
    if (child.bootId === table.bootId) children.set(process, { process, child, startedAtMs });
  }
  const byKeeper = new Set<ProcessName>();
  const withoutFiles = new Set<ProcessName>();
  for (const living of keepers) {
    const { process } = living;
    const child = children.get(process)?.child;
    if (child !== undefined && mayBeAlive(table, child.pid, child.startToken)) continue;
    if (byKeeper.has(process) || (child !== undefined && isKeptBy(child, living))) continue;
    // Made when the keeper began, and not written to since.
    const begunAtMs = exitFileTimeMs(runFilesOf(folders, process).exitFile);
    children.set(process, foundByKeeper(living, table.bootId, begunAtMs ?? nowMs));
    byKeeper.add(process);
    if (begunAtMs === null) withoutFiles.add(process);
  }
  const isFound = (process: ProcessName): boolean => children.has(process);
  return {
    children: [...children.values()],
    ...endsIn(folders, around, isFound),
    byKeeper: [...byKeeper],
    withoutFiles: [...withoutFiles],
  };
}

function isKeptBy({ keeperPid, keeperStartToken }: Child, { keeper }: LivingKeeper): boolean {
  return keeperPid === keeper.pid && keeperStartToken === keeper.startToken;
}

/** Whole ones, of whatever boot. */
export function childRecordsIn(
  folders: RunDir,
): readonly { readonly process: ProcessName; readonly record: ChildRecord }[] {
  return namesIn(folders, '.child').flatMap((process) => {
    const record = readChildRecord(runFilesOf(folders, process).childRecord);
    return record === null ? [] : [{ process, record }];
  });
}

/**
 * Where there is no program at its end, nobody can be signalled by mistake: it is the keeper that is
 * watched, and its gate, if it has one, does not open any more.
 */
function foundByKeeper(
  { process, keeper, program }: LivingKeeper,
  bootId: string,
  startedAtMs: number,
): FoundChild {
  const { pid, startToken } = program ?? keeper;
  const keptBy = { keeperPid: keeper.pid, keeperStartToken: keeper.startToken };
  return { process, child: { pid, startToken, ...keptBy, bootId }, startedAtMs };
}

/** How those ended in this boot that have no child on record any more. */
function endsIn(
  folders: RunDir,
  { table, bootedAtMs }: Pick<FoundIn, 'table' | 'bootedAtMs'>,
  isFound: (process: ProcessName) => boolean,
): Pick<FoundProcesses, 'ends' | 'unsure'> {
  const ends: FoundProcesses['ends'][number][] = [];
  const unsure: ProcessName[] = [];
  // After an orderly end there is none: then an exit says only that everything was stopped.
  const { runDir } = folders;
  const wasLeft = new HolderRecord(runDir).read().some(({ bootId }) => bootId === table.bootId);
  for (const process of namesIn(folders, '.exit')) {
    const { exitFile, childRecord } = runFilesOf(folders, process);
    const endedAtMs = exitFileTimeMs(exitFile);
    if (isFound(process) || endedAtMs === null || endedAtMs < bootedAtMs) continue;
    const exit = readExitFile(exitFile);
    if (exit.kind === 'unknown' && !isChildRecordEmptied(childRecord)) unsure.push(process);
    if (exit.kind !== 'unknown' && wasLeft) ends.push({ process, exit, endedAtMs });
  }
  return { ends, unsure };
}

function namesIn({ runDir }: RunDir, suffix: string): readonly ProcessName[] {
  return readdirSync(runDir)
    .filter((file) => extname(file) === suffix)
    .map((file) => knownProcessName(basename(file, suffix)));
}
