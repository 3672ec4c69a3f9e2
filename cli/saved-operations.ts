/**
 * The file of the operations that a person submitted on this machine:
 * `$XDG_STATE_HOME/fleetctl/operations`, a line for each with tabs between
 *
 *   ID   TIME (RFC 3339)   CONTROLLER (host:port)   what was asked for
 *
 * A line whose id stands behind a `-` takes one back. Several fleetctl may write at once, and any may
 * be killed at any moment: lines are only ever appended, each by one write, and who shortens the file
 * puts another in its place.
 */
import * as fs from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path/posix';
import { FleetError, messageOf, refusal } from '../proto/errors.ts';
import { type OperationId, operationId } from '../proto/vocabulary.ts';
import type { SavedOperation, SavedOperations } from './ports.ts';
import { escapeUnsafe } from './render/text.ts';

/** As many are kept when the file is shortened. */
const KEPT_LINES = 100;
/** Then it is; a hundred of the longest lines are less, so that it happens rarely. */
const LONG_BYTES = 131_072;
const WORDS_MAX_CHARACTERS = 200;
/** Of somebody who was killed while shortening. */
const ABANDONED_AFTER_MS = 60_000;
/** How often a line is written again because the file was replaced under it. */
const APPENDS_MAX = 5;

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = fs.constants;

/** @param env of the program */
export function savedOperations(
  env: Readonly<Record<string, string | undefined>>,
): SavedOperations {
  const folder = stateFolder(env);
  const append = (line: string): void => {
    if (folder === null)
      throw cannotBeWritten('its place', 'neither XDG_STATE_HOME nor HOME is set');
    const path = join(folder, 'operations');
    try {
      makeFolder(folder);
      appendLine(path, line);
    } catch (caught) {
      throw cannotBeWritten(path, messageOf(caught));
    }
  };
  return {
    save: async (operation) => append(lineOf(operation)),
    forget: async (id) => append(`-${id}\n`),
    last: async (controller) => {
      const path = folder === null ? null : join(folder, 'operations');
      return path === null ? null : lastOf(readLines(path), controller);
    },
  };
}

/** The XDG base directory specification: a relative one is to be ignored. */
function stateFolder(env: Readonly<Record<string, string | undefined>>): string | null {
  const { XDG_STATE_HOME: named, HOME: home } = env;
  if (named && isAbsolute(named)) return join(named, 'fleetctl');
  return home ? join(home, '.local', 'state', 'fleetctl') : null;
}

/** One by one: `recursive` of Node never returns where a parent is there and takes none (`/proc`). */
function makeFolder(path: string): void {
  if (fs.existsSync(path)) return;
  makeFolder(dirname(path));
  try {
    fs.mkdirSync(path, 0o700);
  } catch (caught) {
    // Another fleetctl may have made it meanwhile.
    if (!fs.existsSync(path)) throw caught;
  }
}

function lineOf({ id, atMs, controller, words }: SavedOperation): string {
  const shown = escapeUnsafe(words).slice(0, WORDS_MAX_CHARACTERS);
  const fields = [id, new Date(atMs).toISOString(), escapeUnsafe(controller), shown];
  return `${fields.join('\t')}\n`;
}

/** Where the file was replaced meanwhile, the line went to the one that nobody reads any more. */
function appendLine(path: string, line: string): void {
  for (let attempt = 0; attempt < APPENDS_MAX; attempt += 1) {
    const file = openFile(path);
    try {
      fs.writeSync(file, isTorn(file) ? `\n${line}` : line);
      fs.fsyncSync(file);
      if (!isAt(path, file)) continue;
      if (fs.fstatSync(file).size > LONG_BYTES) shorten(path, file);
      return;
    } finally {
      fs.closeSync(file);
    }
  }
  throw new Error('it is replaced again and again');
}

/** A FIFO in its place would hold fleetctl up, and a link lead elsewhere. */
function openFile(path: string): number {
  const isNew = !fs.existsSync(path);
  const file = fs.openSync(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK, 0o600);
  if (!fs.fstatSync(file).isFile()) {
    fs.closeSync(file);
    throw new Error('it is no regular file');
  }
  if (isNew) syncFolder(path);
  return file;
}

/** Its last line has no end: who wrote it was killed, or the disk was full. */
function isTorn(file: number): boolean {
  const { size } = fs.fstatSync(file);
  if (size === 0) return false;
  const last = Buffer.alloc(1);
  fs.readSync(file, last, 0, 1, size - 1);
  return last.toString() !== '\n';
}

function isAt(path: string, file: number): boolean {
  return fs.statSync(path, { throwIfNoEntry: false })?.ino === fs.fstatSync(file).ino;
}

/**
 * One at a time: the new file is made under a name that only one can take. Where that fails, the file
 * stays as it is, and the next one tries.
 */
function shorten(path: string, old: number): void {
  const fresh = `${path}.new`;
  try {
    removeAbandoned(fresh, old);
    const file = fs.openSync(fresh, 'wx', 0o600);
    try {
      if (isAt(path, old)) replace(path, { old, fresh, file });
      else fs.rmSync(fresh);
    } finally {
      fs.closeSync(file);
    }
  } catch {
    // It is long, and nothing worse.
  }
}

function removeAbandoned(fresh: string, old: number): void {
  const found = fs.statSync(fresh, { throwIfNoEntry: false });
  // The old one was written to just now.
  const ageMs = found === undefined ? 0 : fs.fstatSync(old).mtimeMs - found.mtimeMs;
  if (ageMs > ABANDONED_AFTER_MS) fs.rmSync(fresh);
}

/** Lines that came to the old file meanwhile are carried over; whoever writes later notices. */
function replace(
  path: string,
  { old, fresh, file }: { readonly old: number; readonly fresh: string; readonly file: number },
): void {
  const before = readFrom(old, 0);
  const kept = before.toString().trimEnd().split('\n').slice(-KEPT_LINES);
  fs.writeSync(file, `${kept.join('\n')}\n`);
  fs.fsyncSync(file);
  fs.renameSync(fresh, path);
  const late = readFrom(old, before.length);
  if (late.length > 0) appendLine(path, late.toString());
  syncFolder(path);
}

function readFrom(file: number, position: number): Buffer {
  const rest = Buffer.alloc(Math.max(0, fs.fstatSync(file).size - position));
  const length = fs.readSync(file, rest, 0, rest.length, position);
  return rest.subarray(0, length);
}

function syncFolder(path: string): void {
  const folder = fs.openSync(join(path, '..'), 'r');
  try {
    fs.fsyncSync(folder);
  } finally {
    fs.closeSync(folder);
  }
}

/** Nothing was saved, or nothing of it can be read: to whoever asks for it that is the same. */
function readLines(path: string): readonly string[] {
  try {
    const file = fs.openSync(path, fs.constants.O_RDONLY | O_NONBLOCK);
    try {
      return fs.fstatSync(file).isFile() ? fs.readFileSync(file, 'utf8').split('\n') : [];
    } finally {
      fs.closeSync(file);
    }
  } catch {
    return [];
  }
}

/** What is no line of ours, whole, is passed over. */
function lastOf(lines: readonly string[], controller: string): OperationId | null {
  const takenBack = new Set<string>();
  for (const line of lines.toReversed()) {
    const [id = '', , ofController, words] = line.split('\t');
    if (/^-[\da-f-]{36}$/.test(id)) takenBack.add(id.slice(1));
    const isOurs = words !== undefined && ofController === controller && isId(id);
    if (isOurs && !takenBack.has(id)) return operationId(id);
  }
  return null;
}

function isId(text: string): boolean {
  return /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/.test(text);
}

function cannotBeWritten(path: string, cause: string): FleetError {
  return new FleetError(
    refusal('internal', `${path} cannot be written`, {
      cause,
      fix: 'set XDG_STATE_HOME to a folder of your own',
    }),
  );
}
