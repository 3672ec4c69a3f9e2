/**
 * `[supervisord] pidfile`: where other programs look for the agent. It is written over only what
 * looks like a pid file, and through no link: the directory may be one where others can write, and
 * the agent may be root. That it cannot be written keeps nothing from running, as with Supervisor.
 */

import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readSync,
  type Stats,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { isStrangers } from '../../proto/daemon/exposed-path.ts';
import { messageOf } from '../../proto/errors.ts';
import { assertHarmless, findFilePlace } from '../adapters/host/file-place.ts';
import { isSameFile } from '../adapters/host/same-file.ts';
import type { Log } from '../ports.ts';

/** Readable by everybody, as everybody may ask whether the agent runs. */
const MODE = 0o644;
/** More than any pid with its newline. */
const CONTENT_MAX_BYTES = 32;

/** @returns removes it, unless it is another's by then */
export function writePidFile(path: string, pid: number, log: Log): Disposable {
  try {
    const ours = write(path, `${pid}\n`);
    return { [Symbol.dispose]: () => removeIfSame(path, ours) };
  } catch (error) {
    const cause = messageOf(error);
    log.error({ path, cause }, 'the pid file could not be written');
    return { [Symbol.dispose]: () => undefined };
  }
}

function write(path: string, text: string): Stats {
  const { O_RDWR, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  using place = findFilePlace(path);
  const descriptor = openSync(place.path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, MODE);
  try {
    const found = fstatSync(descriptor);
    assertHarmless(place, found);
    // Its owner could write another's pid into it, for whoever sends signals there.
    if (isStrangers(found)) throw new Error('what is there belongs to somebody else, and stays so');
    if (!found.isFile() || found.nlink !== 1 || !holdsPid(descriptor)) {
      throw new Error('what is there is no pid file, and is left as it is');
    }
    ftruncateSync(descriptor, 0);
    writeSync(descriptor, text, 0);
    return found;
  } finally {
    closeSync(descriptor);
  }
}

/** Or nothing at all. */
function holdsPid(descriptor: number): boolean {
  const content = Buffer.alloc(CONTENT_MAX_BYTES + 1);
  const length = readSync(descriptor, content, 0, content.length, 0);
  return length <= CONTENT_MAX_BYTES && /^\s*\d*\s*$/.test(content.toString('latin1', 0, length));
}

function removeIfSame(path: string, ours: Stats): void {
  try {
    using place = findFilePlace(path);
    if (isSameFile(ours, lstatSync(place.path))) unlinkSync(place.path);
  } catch {
    // Somebody has removed it.
  }
}
