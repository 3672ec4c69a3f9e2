/**
 * Starting programs: ours as children of this process, Supervisor's as forks of a Python that has
 * loaded them once (`probes/launcher.py`). Both look alike to everybody else.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface LaunchOptions {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Files to which its output is appended. */
  readonly stdout: string;
  readonly stderr: string;
}

export interface Launched {
  readonly pid: number;
  /** `exit 2`, `SIGKILL`. */
  readonly ending: Promise<string>;
}

export type Launch = (options: LaunchOptions) => Promise<Launched>;

/** @param command the program and its first arguments */
export const launchByNode =
  ([program = '', ...first]: readonly string[]): Launch =>
  ({ args, cwd, env, stdout, stderr }) =>
    new Promise((resolve, reject) => {
      const outputs = [stdout, stderr].map((path) => openSync(path, 'a'));
      const child = spawn(program, [...first, ...args], {
        cwd,
        env,
        stdio: ['ignore', outputs[0], outputs[1]],
      });
      for (const output of outputs) closeSync(output);
      const ending = new Promise<string>((ended) => {
        child.on('exit', (code, signal) => ended(code === null ? String(signal) : `exit ${code}`));
      });
      child.on('spawn', () => resolve({ pid: child.pid ?? 0, ending }));
      child.on('error', reject);
    });

interface Waiting {
  readonly started: (pid: number) => void;
  readonly ended: (ending: string) => void;
}

export class SupervisorLauncher implements Disposable {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;

  constructor(probes: string, env: Readonly<Record<string, string>>) {
    this.#child = spawn(supervisorsPython(), ['-u', join(probes, 'launcher.py')], {
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    if (this.#child.stdout === null) throw new Error('a pipe was asked for');
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#hear(line));
  }

  launch(program: 'supervisord' | 'supervisorctl'): Launch {
    return (options) => {
      const id = this.#nextId++;
      const order = { id, program, ...options };
      return new Promise((resolve) => {
        const ending = new Promise<string>((ended) => {
          const started = (pid: number) => resolve({ pid, ending });
          this.#waiting.set(id, { started, ended });
        });
        this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
      });
    };
  }

  #hear(line: string): void {
    const { id, pid, end } = JSON.parse(line) as {
      id: number;
      pid?: number;
      end?: number | string;
    };
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    if (pid !== undefined) return waiting.started(pid);
    this.#waiting.delete(id);
    waiting.ended(typeof end === 'number' ? `exit ${end}` : String(end));
  }

  [Symbol.dispose](): void {
    this.#child.stdin?.end();
  }
}

/** The first python3 on the PATH may be another one, which has no Supervisor. */
function supervisorsPython(): string {
  const program = execFileSync('sh', ['-c', 'command -v supervisord'], { encoding: 'utf8' }).trim();
  const [, python = 'python3'] = /^#!\s*(\S*python\S*)/.exec(readFileSync(program, 'utf8')) ?? [];
  return python;
}
