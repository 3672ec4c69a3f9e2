/**
 * How this host's agent learns who orders something: it names a path, we make a directory there,
 * and whose that directory is, is who we are (HTCondor's "FS" authentication).
 *
 * The path comes from whoever listens on the socket, and we may be root: so nothing is made except
 * in the place beside that very socket, where people may make what they alone can remove. A listener
 * who names the place of another agent would pass that one our name for an order of their own.
 */

import { lstatSync, mkdirSync, realpathSync, rmdirSync } from 'node:fs';
import { dirname, isAbsolute } from 'node:path';
import { PROOF_PLACE_MODE, proofPlaceOf } from '../../proto/local-socket.ts';

export interface Proof extends Disposable {
  /** Null where none could be made: then the order is nobody's. */
  readonly path: string | null;
}

/** All but who may enter the place and make something there, which the socket's mode decides. */
const MODE_BITS = 0o7744;

/** @param socket where the path was heard */
export function makeProof(path: string | null, socket: string): Proof {
  if (path === null || !isAbsolute(path) || !isPlace(dirname(path), socket)) return NO_PROOF;
  try {
    mkdirSync(path, 0o700);
  } catch {
    return NO_PROOF;
  }
  return { path, [Symbol.dispose]: () => removeQuietly(path) };
}

const NO_PROOF: Proof = { path: null, [Symbol.dispose]: () => {} };

function isPlace(directory: string, socket: string): boolean {
  try {
    const found = lstatSync(directory);
    const beside = lstatSync(proofPlaceOf(realpathSync(socket)));
    const isBeside = found.ino === beside.ino && found.dev === beside.dev;
    return isBeside && found.isDirectory() && (found.mode & MODE_BITS) === PROOF_PLACE_MODE;
  } catch {
    return false;
  }
}

/** Mostly the agent has done it already. */
function removeQuietly(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // Nothing depends on an empty directory; the agent clears the place when it starts.
  }
}
