/**
 * Who is at the other end of the local socket. Node does not tell (it has no SO_PEERCRED), so the
 * caller is asked to make a directory (HTCondor's "FS" authentication): whose it then is, the file
 * system says, and nobody can make one that belongs to somebody else.
 *
 * What somebody else made must not be passed off as the caller's own. So the place has the sticky
 * bit (nobody renames another's directory within it), the name is one that cannot be guessed and is
 * taken once, and only a directory that is open to its owner alone counts: to move another's
 * directory in from elsewhere one needs the right to write in that directory itself (rename(2)).
 */

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmdirSync,
  type Stats,
  unlinkSync,
} from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, type Refusal, refusal } from '../../proto/errors.ts';
import { PROOF_PLACE_MODE } from '../../proto/local-socket.ts';
import type { Log } from '../ports.ts';

export interface Proofs extends Disposable {
  /** A path for the next caller; null where there is no place for it. */
  offer(): string | null;
  /** The uid of whoever made the directory. A path is good for one answer. */
  check(path: string): Promise<number | Refusal>;
}

export interface ProofOptions {
  /** The place itself: made, or emptied. */
  readonly directory: string;
  /** Of the socket: whoever may connect must be able to make an entry. */
  readonly socket: Pick<Stats, 'mode' | 'uid' | 'gid'>;
  readonly nowMs: () => number;
  readonly log: Log;
}

/** A caller makes the directory at once and names it with its order. */
const EXPIRY_MS = 60_000;
const OFFERS_MAX = 256;

/** By the socket's bit of who may connect, which is writing to it (unix(7)). */
const ENTRANCES = [
  { mayConnect: 0o020, mayEnter: 0o030 },
  { mayConnect: 0o002, mayEnter: 0o003 },
] as const;
const ANYBODY_MAY_ENTER = 0o033;
const OWNER_ONLY = 0o700;
const PERMISSIONS = 0o777;

/** Times of files lag by a tick of the kernel's, and are cut to whole seconds by some systems. */
const CLOCK_SLACK_MS = 2_000;

export function openProofs({ directory, socket, nowMs, log }: ProofOptions): Proofs {
  const device = openPlace(directory, socket, log);
  const offeredAtMs = new Map<string, number>();

  function withdraw(path: string): void {
    offeredAtMs.delete(path);
    removeEntry(path);
  }

  /** The oldest come first in a map. */
  function withdrawOld(): void {
    for (const [path, atMs] of offeredAtMs) {
      if (offeredAtMs.size < OFFERS_MAX && nowMs() - atMs < EXPIRY_MS) return;
      withdraw(path);
    }
  }

  return {
    offer() {
      if (device === null) return null;
      withdrawOld();
      const path = join(directory, randomBytes(16).toString('hex'));
      offeredAtMs.set(path, nowMs());
      return path;
    },
    async check(path) {
      const atMs = offeredAtMs.get(path);
      if (atMs === undefined) return unproven('the path was not offered, or was used before');
      offeredAtMs.delete(path);
      if (nowMs() - atMs >= EXPIRY_MS) {
        removeEntry(path);
        return unproven('it took too long');
      }
      // Not the synchronous way: what stands there may be a mount that never answers.
      const found = await lstat(path).catch(() => null);
      removeEntry(path);
      const flaw = flawOf(found, { device, notBeforeMs: atMs - CLOCK_SLACK_MS });
      return found === null || flaw !== null ? unproven(flaw ?? MISSING) : found.uid;
    },
    [Symbol.dispose]() {
      for (const path of offeredAtMs.keys()) removeEntry(path);
      quietly(() => rmdirSync(directory));
    },
  };
}

const MISSING = 'nothing is there';

function flawOf(
  found: Stats | null,
  wanted: { readonly device: number | null; readonly notBeforeMs: number },
): string | null {
  if (found === null) return MISSING;
  if (!found.isDirectory()) return 'it is no directory';
  if (found.dev !== wanted.device) return 'it is on another file system';
  if ((found.mode & PERMISSIONS) !== OWNER_ONLY)
    return 'it is open to others (its mode is not 700)';
  if (found.ctimeMs < wanted.notBeforeMs) return 'it is older than the question';
  return null;
}

function unproven(cause: string): Refusal {
  return refusal('unauthenticated', 'who gives this order could not be told', {
    cause,
    fix: 'try again',
  });
}

/** @returns the file system that it is on; null where it cannot be had, which is told */
function openPlace(directory: string, socket: ProofOptions['socket'], log: Log): number | null {
  try {
    makeUnlessThere(directory);
    const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
    const descriptor = openSync(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    try {
      const found = fstatSync(descriptor);
      if (found.uid !== process.geteuid?.()) throw new Error('it belongs to somebody else');
      if (found.gid !== socket.gid) fchownSync(descriptor, found.uid, socket.gid);
      fchmodSync(descriptor, placeMode(socket, found));
      for (const name of readdirSync(directory)) removeEntry(join(directory, name));
      return found.dev;
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    const cause = messageOf(error);
    log.warn({ directory, cause }, 'who gives local orders cannot be told');
    return null;
  }
}

/**
 * Nobody else may, or any user could fill the file system, which under `/run` is small and needed
 * by all. An owner other than the agent needs it open to everybody: as owner of the place too, they
 * could move what others made.
 */
function placeMode(socket: ProofOptions['socket'], place: Stats): number {
  if (socket.uid !== place.uid) return PROOF_PLACE_MODE | ANYBODY_MAY_ENTER;
  return ENTRANCES.reduce(
    (mode, { mayConnect, mayEnter }) => ((socket.mode & mayConnect) === 0 ? mode : mode | mayEnter),
    PROOF_PLACE_MODE,
  );
}

function makeUnlessThere(directory: string): void {
  try {
    mkdirSync(directory, 0o700);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** What is not empty was filled by its owner, and stays. */
function removeEntry(path: string): void {
  quietly(() => rmdirSync(path)) || quietly(() => unlinkSync(path));
}

function quietly(act: () => void): boolean {
  try {
    act();
    return true;
  } catch {
    return false;
  }
}
