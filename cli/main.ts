/** Composition root of fleetctl: gives the commands their world and the shell its exit code. */
import { hostname } from 'node:os';
import { isatty } from 'node:tty';
import { DEFAULT_SOCKET } from '../proto/local-socket.ts';
import type { OwnFiles } from './identity/ports.ts';
import { isRenewalDue, keepCertificate, RENEWAL_LIMIT_MS } from './identity/renewal.ts';
import type { UsedCredentials } from './identity/renewal-files.ts';
import type { ConnectionOptions, Environment } from './ports.ts';
import { renderNoticeJson } from './render/json.ts';
import { escapeUnsafe } from './render/text.ts';
import { runFleetctl, wantsJson } from './run.ts';
import { savedOperations } from './saved-operations.ts';
import {
  askOnTerminal,
  createOutput,
  readText,
  stdoutTerminal,
} from './terminal/standard-streams.ts';
import { systemClock } from './terminal/system-clock.ts';

/** What a shell reports of a program that SIGPIPE ended: `fleetctl status | head -1`. */
const EXIT_BROKEN_PIPE = 141;

const { FLEETCTL_SOCKET, NO_COLOR, SUDO_USER, TERM } = process.env;
const isDumb = TERM === 'dumb';
const onError = endUnheard;
const stdout = createOutput('stdout', { colours: !NO_COLOR && !isDumb && isatty(1), onError });
const stderr = createOutput('stderr', { colours: !NO_COLOR && !isDumb && isatty(2), onError });

/** By which the controller was reached, once it was. */
let used: UsedCredentials | null = null;

const environment: Environment = {
  stdout,
  stderr,
  terminal: !isDumb && isatty(1) ? stdoutTerminal : null,
  readText,
  clock: systemClock,
  randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  ask: isatty(0) && isatty(2) ? askOnTerminal : null,
  onInterrupt,
  dial,
  dialLocal: async (socket) => {
    const { dialLocal } = await import('./local/dial.ts');
    return dialLocal(socket ?? (FLEETCTL_SOCKET || DEFAULT_SOCKET), SUDO_USER || null);
  },
  logOutput: { write: stdout.writeBytes, isTerminal: isatty(1) },
  savedOperations: savedOperations(process.env),
  ownFiles: {
    read: async (path) => (await loadOwnFiles()).read(path),
    create: async (path, text) => (await loadOwnFiles()).create(path, text),
    replace: async (path, text) => (await loadOwnFiles()).replace(path, text),
    move: async (from, to) => (await loadOwnFiles()).move(from, to),
    remove: async (path) => (await loadOwnFiles()).remove(path),
  },
  signIn: async () => {
    const [{ signInFrom }, surroundings] = await Promise.all([
      import('./identity/enrolment.ts'),
      loadSurroundings(),
    ]);
    return signInFrom(surroundings, () => process.stdin);
  },
};

// grpc-js sends a controller's IP address as TLS server name, of which Node warns (DEP0123) on a
// stderr that is ours: people can do nothing about it, and programs read JSON there.
process.noDeprecation = true;

void main();

async function main(): Promise<void> {
  const words = process.argv.slice(2);
  const exitCode = await runFleetctl(words, environment);
  await Promise.all([stdout.flushed(), stderr.flushed()]);
  if (used !== null && isRenewalDue(used.credentials.identity, Date.now()))
    await renew(used, words);
  // A handshake that was given up would hold the process for as long as the other side likes.
  process.exit(exitCode);
}

/** A reader that left wants no more; a full disk is news. */
function endUnheard(error: NodeJS.ErrnoException): never {
  if (error.code === 'EPIPE') process.exit(EXIT_BROKEN_PIPE);
  process.stderr.write(`error: the output could not be written: ${error.message}\n`);
  process.exit(1);
}

/** Once only: Node's own reaction to the next Ctrl-C is to end the program. */
function onInterrupt(callback: () => void): Disposable {
  process.once('SIGINT', callback);
  return { [Symbol.dispose]: () => void process.off('SIGINT', callback) };
}

async function dial(connection: ConnectionOptions) {
  const [{ dialController }, surroundings] = await Promise.all([
    import('./dial.ts'),
    loadSurroundings(),
  ]);
  return dialController(connection, surroundings, systemClock.nowMs(), (found) => {
    used = found;
  });
}

async function loadSurroundings() {
  const { nodeConfigFiles: files } = await import('../proto/dialect/node-files.ts');
  return { env: process.env, hostName: hostname(), workingDirectory: process.cwd(), files };
}

async function loadOwnFiles(): Promise<OwnFiles> {
  return (await import('./identity/own-files.ts')).ownFiles;
}

/** The command has done its work, and nothing that goes wrong here is of it. */
async function renew(found: UsedCredentials, words: readonly string[]): Promise<void> {
  const { renewalOf } = await import('./identity/renewal-files.ts');
  const limit = AbortSignal.timeout(RENEWAL_LIMIT_MS);
  const ports = renewalOf(found, systemClock.nowMs);
  const note = await keepCertificate(found.credentials.identity, ports, limit);
  if (note === null) return;
  stderr.write(wantsJson(words) ? renderNoticeJson(note) : `notice: ${escapeUnsafe(note)}\n`);
  await stderr.flushed();
}
