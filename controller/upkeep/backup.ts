/**
 * `fleet-controller backup`: a copy of the database as it is at one moment, while the controller goes
 * on writing. What is at the given path afterwards is a whole, checked copy, or nothing.
 */
import { existsSync, linkSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { FleetError, refusal } from '../../proto/errors.ts';
import { syncDirectory } from '../../proto/sync-directory.ts';
import { checkDatabase, copyDatabase, type DatabaseFacts } from './database-file.ts';
import { syncFile } from './sync-file.ts';

export interface Backup extends DatabaseFacts {
  readonly bytes: number;
}

/**
 * @param database of a controller that may be running
 * @param target where nothing is yet
 * @throws FleetError `configuration` where there is something, or the copy is not sound
 */
export async function backUp(database: string, target: string, wallMs: number): Promise<Backup> {
  refuseExisting(target);
  const partial = `${target}.partial-${process.pid}`;
  try {
    copyDatabase(database, partial);
    const facts = await checkDatabase(partial, wallMs);
    syncFile(partial);
    publish(partial, target);
    syncDirectory(dirname(target));
    return { ...facts, bytes: statSync(target).size };
  } finally {
    rmSync(partial, { force: true });
  }
}

function refuseExisting(target: string): void {
  if (!existsSync(target)) return;
  throw new FleetError(
    refusal('configuration', `${target} is there already`, {
      cause: 'a backup never takes the place of another file',
      fix: 'name another file, with the date in it for example',
    }),
  );
}

/** A link fails where a file is; a rename would replace it. Not every file system has links. */
function publish(partial: string, target: string): void {
  try {
    linkSync(partial, target);
  } catch {
    refuseExisting(target);
    renameSync(partial, target);
  }
}
