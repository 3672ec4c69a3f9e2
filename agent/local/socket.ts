/**
 * The UNIX socket through which this host's people reach its agent. Whoever can open it commands
 * the agent, so it must never be open wider than it is meant to be, not for a moment; and it must
 * be taken from nobody who still answers. So it is made in a directory that only the agent can
 * enter, given its mode and owner there, and only then linked to where it is looked for:
 *
 * ```
 *   .Xa81fQ/s  bind, chown, chmod ──link──► agent.sock      fails where something has the name
 *                                                           │ answers: it is another program's
 *   .Xa81fQ/o  ◄──────────────────rename─────────────────── │ does not: left by a crash
 *              asked again there: what two agents that start at once took for dead may live
 * ```
 */
import {
  chmodSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdtempSync,
  renameSync,
  rmdirSync,
  type Stats,
  unlinkSync,
} from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { FleetError, messageOf, refusal } from '../../proto/errors.ts';
import { isSameFile } from '../adapters/host/same-file.ts';
import type { LocalSocket } from '../config/local-socket.ts';
import type { Log } from '../ports.ts';
import { assertSocketGuarded } from './socket-directory.ts';

export interface ListeningSocket {
  readonly path: string;
  /** Of the file: who may connect. */
  readonly facts: Stats;
  /** Until it is called, whoever connects is turned away. */
  serve(accept: (connection: Socket) => void): void;
  /** Nobody new gets in, and the socket goes, unless another program's has taken its place. */
  close(): void;
}

/** Many more than people; each costs a descriptor that a program might need. */
const CONNECTIONS_MAX = 64;

/** Somebody else may be faster each time; that many times it is no coincidence. */
const PLACINGS_MAX = 5;

const MADE = 's';
const MOVED = 'o';

/**
 * @returns null where the default socket cannot be had: the agent does without, and says so
 * @throws FleetError `configuration` where a configured one cannot
 */
export async function openSocket(settings: LocalSocket, log: Log): Promise<ListeningSocket | null> {
  try {
    return await listenAt(settings, log);
  } catch (error) {
    const because = refusalOf(settings.path, error);
    if (!settings.isDefault) throw new FleetError(because);
    const { message, cause } = because;
    log.warn({ cause, fix: '[agent] socket = PATH' }, `no local control: ${message}`);
    return null;
  }
}

async function listenAt({ path, mode, owner }: LocalSocket, log: Log): Promise<ListeningSocket> {
  assertSocketGuarded(path);
  const nest = mkdtempSync(`${dirname(path)}/.`);
  const made = join(nest, MADE);
  let accept = (connection: Socket): void => void connection.destroy();
  const server = createServer((connection) => accept(connection));
  let ours: Stats;
  try {
    await listening(server, made);
    if (owner !== null) lchownSync(made, owner.uid, owner.gid);
    chmodSync(made, mode);
    ours = lstatSync(made);
    await putInPlace({ made, path, nest, log });
  } catch (error) {
    server.close();
    throw error;
  } finally {
    removeNest(nest);
  }
  server.maxConnections = CONNECTIONS_MAX;
  tellOfTrouble(server, log);
  return {
    path,
    facts: ours,
    serve: (next) => {
      accept = next;
    },
    close: () => {
      server.close();
      removeIfSame(path, ours);
    },
  };
}

/** Name by name: what was moved here for a socket may be somebody's directory. */
function removeNest(nest: string): void {
  for (const name of [MADE, MOVED]) rmIfThere(() => unlinkSync(join(nest, name)));
  rmIfThere(() => rmdirSync(nest));
}

function rmIfThere(remove: () => void): void {
  try {
    remove();
  } catch {
    // It has been put in its place; or it is none of ours, and stays in a directory that is closed.
  }
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

interface Placing {
  readonly made: string;
  readonly path: string;
  readonly nest: string;
  readonly log: Log;
}

async function putInPlace(placing: Placing): Promise<void> {
  for (let tries = 0; tries < PLACINGS_MAX; tries += 1) {
    try {
      linkSync(placing.made, placing.path);
      return;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
    await removeStale(placing);
  }
  throw takenRefusal(placing.path);
}

/** @throws FleetError where what has the name is no socket, or somebody answers */
async function removeStale({ path, nest, log }: Placing): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new FleetError(
      refusal('configuration', `${path} exists and is no socket`, {
        fix: 'remove it if nothing needs it, or choose another path ([agent] socket)',
      }),
    );
  }
  if (await answers(path)) throw takenRefusal(path);
  if (!isSame(path, found)) return;
  const moved = join(nest, MOVED);
  try {
    renameSync(path, moved);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  if (await answers(moved)) {
    linkSync(moved, path);
    throw takenRefusal(path);
  }
  unlinkSync(moved);
  log.warn({ path }, 'replaced a socket at which nobody was listening');
}

/** Whether a program is at the other end; only a refused connection proves that none is. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = createConnection(path);
    connection.once('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.once('error', (error) => {
      resolve(!['ECONNREFUSED', 'ENOENT'].includes(codeOf(error) ?? ''));
    });
  });
}

/** Running out of descriptors, say, or of places: once for each spell of it. */
function tellOfTrouble(server: Server, log: Log): void {
  let isTold = false;
  server.on('connection', () => {
    isTold = false;
  });
  server.on('drop', () => {
    const details = { connections: CONNECTIONS_MAX };
    if (!isTold) log.warn(details, 'local control is refused: too many connections are open');
    isTold = true;
  });
  server.on('error', (error) => log.error({ error: error.message }, 'local control has trouble'));
}

function removeIfSame(path: string, ours: Stats): void {
  if (!isSame(path, ours)) return;
  try {
    unlinkSync(path);
  } catch {
    // It is as after a crash then: the next agent replaces it.
  }
}

function isSame(path: string, known: Stats): boolean {
  return isSameFile(known, lstatSync(path, { throwIfNoEntry: false }));
}

function takenRefusal(path: string): FleetError {
  return new FleetError(
    refusal('configuration', `another program is already listening on ${path}`, {
      fix: 'stop it first, or give this agent a socket of its own ([agent] socket)',
    }),
  );
}

function refusalOf(path: string, error: unknown) {
  if (error instanceof FleetError) return error.refusal;
  const cause = messageOf(error);
  const directory = dirname(path);
  if (codeOf(error) === 'ENOENT') {
    return refusal('configuration', `the socket ${path} cannot be made`, {
      cause: `the directory ${directory} does not exist`,
      fix: `mkdir -m 755 ${directory}, or choose another path ([agent] socket)`,
    });
  }
  const fix = `check who may write in ${directory}, or choose another path ([agent] socket)`;
  return refusal('configuration', `the socket ${path} cannot be made`, { cause, fix });
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;
