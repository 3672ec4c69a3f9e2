/**
 * The real programs of one bench: started, waited for, and ended again however the bench ends. They
 * are told to stop in order, because an agent that is killed leaves its processes running, which is
 * what it is made for.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** Stopping 200 programs in order takes a second or two. */
const STOP_WAIT_MS = 20_000;
const READY_WAIT_MS = 60_000;
const POLL_MS = 50;

export class Daemons implements AsyncDisposable {
  readonly #started: Daemon[] = [];

  /** What it prints goes to the end of `outputPath`. */
  start(command: readonly string[], outputPath: string): Daemon {
    const daemon = new Daemon(command, outputPath);
    this.#started.push(daemon);
    return daemon;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#started.splice(0).map((daemon) => daemon.stop()));
  }
}

export class Daemon {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #outputPath: string;

  constructor(command: readonly string[], outputPath: string) {
    const [program = '', ...args] = command;
    const output = openSync(outputPath, 'a');
    this.#outputPath = outputPath;
    // In a session of its own, so that Ctrl-C reaches it once: through us.
    this.#child = spawn(program, args, { stdio: ['ignore', output, output], detached: true });
    closeSync(output);
    if (this.#child.pid === undefined) throw new Error(`${program} cannot be started`);
    this.pid = this.#child.pid;
  }

  /** @throws Error with what it printed, if it ended or `isReady` stays false for too long */
  async readyWhen(isReady: () => boolean): Promise<void> {
    const deadlineMs = performance.now() + READY_WAIT_MS;
    while (!isReady()) {
      if (this.#hasEnded() || performance.now() > deadlineMs) {
        throw new Error(`not ready; it printed:\n${readFileSync(this.#outputPath, 'utf8')}`);
      }
      await delay(POLL_MS);
    }
  }

  async stop(): Promise<void> {
    if (this.#hasEnded()) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGTERM');
    await Promise.race([ended, delay(STOP_WAIT_MS, undefined, { ref: false })]);
    if (!this.#hasEnded()) this.#child.kill('SIGKILL');
  }

  /** Without a word of warning; it is gone when this resolves. */
  async kill(): Promise<void> {
    if (this.#hasEnded()) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await ended;
  }

  #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}
