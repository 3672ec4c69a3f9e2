/**
 * How this host's agent learns who orders something: it names a path, we make a directory there,
 * and whose that directory is, is who we are (HTCondor's "FS" authentication).
 *
 * The path comes from whoever listens on the socket, and we may be root: so nothing is made except
 * in a place that is visibly meant for it, where everybody may make what they alone can remove.
 */
import { lstatSync, mkdirSync, rmdirSync } from 'node:fs';
import { dirname, isAbsolute } from 'node:path';

export interface Proof extends Disposable {
  /** Null where none could be made: then the order is nobody's. */
  readonly path: string | null;
}

const PLACE_MODE = 0o1733;
const MODE_BITS = 0o7777;

export function makeProof(path: string | null): Proof {
  if (path === null || !isPlace(dirname(path)) || !isAbsolute(path)) return NO_PROOF;
  try {
    mkdirSync(path, 0o700);
  } catch {
    return NO_PROOF;
  }
  return { path, [Symbol.dispose]: () => removeQuietly(path) };
}

const NO_PROOF: Proof = { path: null, [Symbol.dispose]: () => {} };

function isPlace(directory: string): boolean {
  try {
    const found = lstatSync(directory);
    return found.isDirectory() && (found.mode & MODE_BITS) === PLACE_MODE;
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
