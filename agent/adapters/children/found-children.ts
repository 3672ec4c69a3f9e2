/**
 * The children that earlier agents of this boot have started, by what lies in `run_dir`: all that
 * tells of them where the journal is lost. Whether they are alive is for `sightings.ts` to find out.
 */
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { knownProcessName } from '../../../proto/vocabulary.ts';
import type { FoundChild } from '../../core/found-children.ts';
import type { ProcessTable } from '../host/process-table.ts';
import { readChildRecord } from './child-record.ts';
import { type Folders, runFilesOf } from './run-files.ts';

export function findChildren(
  { runDir }: Pick<Folders, 'runDir'>,
  { bootId }: Pick<ProcessTable, 'bootId'>,
): readonly FoundChild[] {
  return readdirSync(runDir).flatMap((file) => {
    const process = knownProcessName(basename(file, SUFFIX));
    const path = join(runDir, file);
    if (path !== runFilesOf({ runDir }, process).childRecord) return [];
    const record = readChildRecord(path);
    if (record?.bootId !== bootId) return [];
    const { startedAtMs, ...child } = record;
    return [{ process, child, startedAtMs }];
  });
}

const SUFFIX = '.child';
