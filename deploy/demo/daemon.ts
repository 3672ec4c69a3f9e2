/**
 * One daemon of the demo, looked after as systemd would: its log goes to a file, it is started
 * again when somebody kills it or it has handed over, and it is stopped by SIGTERM.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

export interface DaemonOptions {
  /** Its bundled file. */
  readonly program: string;
  readonly configPath: string;
  readonly logPath: string;
  readonly environment: NodeJS.ProcessEnv;
  /** It failed, although nobody killed it. */
  readonly onFailure: (error: Error) => void;
}

const RESTART_DELAY_MS = 100;
const READY_TIMEOUT_MS = 10_000;
const STOP_TIMEOUT_MS = 20_000;

/** What agent and controller log when they take signals and serve. */
const READY = /"msg":"(?:supervising|serving)"/;

export class Daemon {
  readonly #options: DaemonOptions;
  #child: ChildProcess | null = null;
  #restart: NodeJS.Timeout | undefined;
  /** It has been in charge once, so there may be processes that it left running. */
  #hasServed = false;
  /** Where in the log the present child begins. */
  #logStart = 0;
  #isStopping = false;

  constructor(options: DaemonOptions) {
    this.#options = options;
  }

  start(): void {
    const { program, configPath, logPath, environment } = this.#options;
    const log = openSync(logPath, 'a');
    this.#logStart = fstatSync(log).size;
    const child = spawn(process.execPath, [program, '-c', configPath], {
      // Apart from the terminal's Ctrl-C, which is for the demo to deal with.
      detached: true,
      stdio: ['ignore', log, log],
      env: environment,
    });
    closeSync(log);
    this.#child = child;
    child.once('exit', (code) => this.#ended(code));
  }

  /** @param from in bytes */
  readLog(from = 0): string {
    const { logPath } = this.#options;
    return existsSync(logPath) ? readFileSync(logPath).subarray(from).toString() : '';
  }

  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#restart);
    // An agent that dies leaves its processes running; only the next one can stop them in order.
    if (this.#child === null && this.#hasServed) this.start();
    const child = this.#child;
    if (child === null) return;
    const ended = once(child, 'exit');
    await Promise.race([ended, this.#untilReady()]);
    child.kill('SIGTERM');
    const killing = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    if (this.#child !== null) await ended;
    clearTimeout(killing);
  }

  /** @param code null where a signal killed it; 0 where it has handed over, or was shut down */
  #ended(code: number | null): void {
    this.#child = null;
    this.#hasServed ||= this.#isReady();
    if (this.#isStopping) return;
    if (code === null || code === 0) {
      this.#restart = setTimeout(() => this.start(), RESTART_DELAY_MS);
    } else {
      const { program, configPath } = this.#options;
      this.#options.onFailure(new Error(`${program} -c ${configPath} ended with code ${code}`));
    }
  }

  #isReady(): boolean {
    return READY.test(this.readLog(this.#logStart));
  }

  /** A signal that comes earlier would end it at once, and not its processes. */
  async #untilReady(): Promise<void> {
    const giveUpAt = performance.now() + READY_TIMEOUT_MS;
    while (this.#child !== null && !this.#isReady() && performance.now() < giveUpAt) {
      await delay(20);
    }
  }
}
