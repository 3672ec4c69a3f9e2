/** One daemon: started, waited for, ended. */
import { createConnection } from 'node:net';
import { join } from 'node:path';
import type { Launched } from './launch.ts';
import { DAEMON_OUTPUT, type Side } from './side.ts';
import { waitUntil } from './wait.ts';

export interface DaemonOptions {
  readonly side: Side;
  readonly configPath: string;
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A busy machine takes its time; a daemon that refuses is quicker. */
const READY_MS_MAX = 15_000;

export class Daemon implements Disposable {
  readonly pid: number;
  #ending: string | null = null;

  static async start({ side, configPath, directory, env }: DaemonOptions): Promise<Daemon> {
    const launched = await side.launchDaemon({
      args: side.daemonArguments(configPath),
      cwd: directory,
      env,
      stdout: join(directory, DAEMON_OUTPUT.stdout),
      stderr: join(directory, DAEMON_OUTPUT.stderr),
    });
    return new Daemon(launched);
  }

  private constructor({ pid, ending }: Launched) {
    this.pid = pid;
    void ending.then((how) => {
      this.#ending = how;
    });
  }

  /** `exit 2`, `SIGKILL`; null while it runs. */
  get ending(): string | null {
    return this.#ending;
  }

  /** @returns `ready`, how it ended instead, or `never ready` */
  async becomesReady(socketPath: string): Promise<string> {
    const isDecided = async () => this.#ending !== null || (await answers(socketPath));
    const decided = await waitUntil(isDecided, READY_MS_MAX);
    return decided ? (this.#ending ?? 'ready') : 'never ready';
  }

  /** One that has just ended, which nobody has been told yet, hears nothing. */
  signal(signal: NodeJS.Signals): void {
    if (this.#ending !== null) return;
    try {
      process.kill(this.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  /** @returns how it ended, or that it did not within the limit */
  async ends(limitMs: number): Promise<string> {
    await waitUntil(() => this.#ending !== null, limitMs);
    return this.#ending ?? `runs on after ${limitMs / 1_000} s`;
  }

  [Symbol.dispose](): void {
    this.signal('SIGKILL');
  }
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(socketPath);
    const finish = (isThere: boolean) => {
      socket.destroy();
      resolve(isThere);
    };
    socket.on('connect', () => finish(true)).on('error', () => finish(false));
  });
}
