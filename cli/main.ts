/** Composition root of fleetctl: gives the commands their world and the shell its exit code. */
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { isatty } from 'node:tty';
import type { Clock, ConnectionOptions, Environment, Output } from './ports.ts';
import { runFleetctl } from './run.ts';

/** What a shell reports of a program that SIGPIPE ended: `fleetctl status | head -1`. */
const EXIT_BROKEN_PIPE = 141;

const clock: Clock = {
  nowMs: Date.now,
  monotonicMs: () => performance.now(),
  sleep: async (durationMs, signal) => {
    await delay(durationMs, undefined, { signal }).catch((caught: unknown) => {
      throw signal.aborted ? signal.reason : caught;
    });
  },
};

const stdout = output('stdout', 1);
const stderr = output('stderr', 2);

const environment: Environment = {
  stdout,
  stderr,
  clock,
  randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  ask: isatty(0) && isatty(2) ? ask : null,
  onInterrupt,
  dial,
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

interface FlushableOutput extends Output {
  readonly flushed: () => Promise<void>;
}

/** Node makes its streams when they are first touched, which takes time; so only one that is written to. */
function output(name: 'stdout' | 'stderr', descriptor: number): FlushableOutput {
  const { NO_COLOR, TERM } = process.env;
  let stream: NodeJS.WriteStream | null = null;
  return {
    write: (text) => {
      stream ??= process[name].on('error', endUnheard);
      stream.write(text);
    },
    flushed: () =>
      new Promise((resolve) => {
        if (stream === null) resolve();
        else stream.write('', () => resolve());
      }),
    colours: !NO_COLOR && TERM !== 'dumb' && isatty(descriptor),
  };
}

/** A reader that left wants no more; a full disk is news. */
function endUnheard(error: NodeJS.ErrnoException): never {
  if (error.code === 'EPIPE') process.exit(EXIT_BROKEN_PIPE);
  process.stderr.write(`error: the output could not be written: ${error.message}\n`);
  process.exit(1);
}

/** On stderr, so that it is seen while stdout goes to a file. */
async function ask(question: string): Promise<string | null> {
  const { createInterface } = await import('node:readline');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  return new Promise((resolve) => {
    lines.once('close', () => resolve(null));
    lines.once('SIGINT', () => lines.close());
    lines.question(question, (answer) => {
      resolve(answer);
      lines.close();
    });
  });
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
  return dialController(connection, surroundings, clock.nowMs());
}
