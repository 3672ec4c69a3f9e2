/** Composition root of fleetctl: gives the commands their world and the shell its exit code. */
import { hostname } from 'node:os';
import { isatty } from 'node:tty';
import { DEFAULT_SOCKET } from '../proto/local-socket.ts';
import type { ConnectionOptions, Environment } from './ports.ts';
import { runFleetctl } from './run.ts';
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
};

// grpc-js sends a controller's IP address as TLS server name, of which Node warns (DEP0123) on a
// stderr that is ours: people can do nothing about it, and programs read JSON there.
process.noDeprecation = true;

void main();

async function main(): Promise<void> {
  const exitCode = await runFleetctl(process.argv.slice(2), environment);
  await Promise.all([stdout.flushed(), stderr.flushed()]);
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
  const [{ dialController }, { nodeConfigFiles }] = await Promise.all([
    import('./dial.ts'),
    import('../proto/dialect/node-files.ts'),
  ]);
  const surroundings = {
    env: process.env,
    hostName: hostname(),
    workingDirectory: process.cwd(),
    files: nodeConfigFiles,
  };
  return dialController(connection, surroundings, systemClock.nowMs());
}
