/** The person's own files: whole or not at all, on disk when it is said, and for nobody else. */
import {
  chmodSync,
  closeSync,
  fchmodSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path/posix';
import { FleetError, messageOf, refusal } from '../../proto/errors.ts';
import { syncDirectory } from '../../proto/sync-directory.ts';
import type { OwnFiles } from './ports.ts';

const OWN_MODE = 0o600;
const FOLDER_MODE = 0o700;
const MODE_BITS = 0o777;
/** No file of ours comes near; `/dev/zero` goes beyond. */
const TEXT_MAX_BYTES = 1_048_576;

/** A rename would take the place of what is there; a second name (`link`) does not. */
export const ownFiles: OwnFiles = {
  read: async (path) => attempt(path, 'read', () => readIfThere(path)),
  create: async (path, text) =>
    attempt(path, 'written', () => {
      makeFolder(dirname(path));
      const beside = writeBeside(path, text, OWN_MODE);
      try {
        linkSync(beside, path);
      } finally {
        rmSync(beside);
      }
      syncDirectory(dirname(path));
    }),
  replace: async (path, text) =>
    attempt(path, 'written', () => {
      makeFolder(dirname(path));
      const mode = modeOf(path);
      const real = mode === null ? path : realpathSync(path);
      renameSync(writeBeside(real, text, mode ?? OWN_MODE), real);
      syncDirectory(dirname(real));
    }),
  move: async (from, to) =>
    attempt(to, 'written', () => {
      linkSync(from, to);
      rmSync(from);
      syncDirectory(dirname(to));
    }),
  remove: async (path) => attempt(path, 'removed', () => rmSync(path, { force: true })),
};

function readIfThere(path: string): string | null {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return null;
  if (!found.isFile()) throw new Error('it is no regular file');
  if (found.size > TEXT_MAX_BYTES) throw new Error('it is larger than 1 MiB');
  return readFileSync(path, 'utf8');
}

function modeOf(path: string): number | null {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? null : found.mode & MODE_BITS;
}

/** One by one: `recursive` of Node never returns where a parent is there and takes none (`/proc`). */
function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) return;
  makeFolder(dirname(path));
  mkdirSync(path, FOLDER_MODE);
  chmodSync(path, FOLDER_MODE);
}

/** Under a name that nobody else makes, and nobody waits for. */
function writeBeside(path: string, text: string, mode: number): string {
  const beside = join(dirname(path), `.${basename(path)}.${process.pid}.new`);
  rmSync(beside, { force: true });
  const file = openSync(beside, 'wx', mode);
  try {
    fchmodSync(file, mode);
    writeFileSync(file, text);
    fsyncSync(file);
  } catch (caught) {
    rmSync(beside, { force: true });
    throw caught;
  } finally {
    closeSync(file);
  }
  return beside;
}

function attempt<Value>(path: string, what: string, work: () => Value): Value {
  try {
    return work();
  } catch (caught) {
    const { code } = caught as NodeJS.ErrnoException;
    if (code === 'EEXIST') {
      throw new FleetError(
        refusal('wrong-state', `${path} is there already`, {
          cause: 'nothing is written over',
          fix: 'name another file, or remove it',
        }),
      );
    }
    const cause = messageOf(caught);
    throw new FleetError(refusal('configuration', `${path} cannot be ${what}`, { cause }));
  }
}
