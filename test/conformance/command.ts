/** Runs one command to its end, or to a limit, and returns what it printed. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Launch, LaunchOptions } from './launch.ts';
import { readText } from './side.ts';

interface Ended {
  /** `exit 0`, or the signal by which it ended. */
  readonly ending: string;
  readonly stdout: string;
  readonly stderr: string;
}

/** Longer than any command of a row takes; a command that hangs is a fact too. */
const COMMAND_MS_MAX = 25_000;

export interface CommandOptions extends Pick<LaunchOptions, 'args' | 'cwd' | 'env'> {
  /** Null: it ends by itself. */
  readonly interruptAfterMs: number | null;
  /** Of this run, in `cwd`. */
  readonly name: string;
}

export async function runCommand(
  launch: Launch,
  { interruptAfterMs, name, ...options }: CommandOptions,
): Promise<Ended> {
  const stdout = join(options.cwd, `${name}.stdout`);
  const stderr = join(options.cwd, `${name}.stderr`);
  const { pid, ending } = await launch({ ...options, stdout, stderr });
  const timers = [
    interruptAfterMs === null
      ? null
      : setTimeout(() => process.kill(pid, 'SIGINT'), interruptAfterMs),
    setTimeout(() => process.kill(pid, 'SIGKILL'), COMMAND_MS_MAX),
  ];
  const ended = await ending;
  for (const timer of timers) if (timer !== null) clearTimeout(timer);
  const result = { ending: ended, stdout: readText(stdout), stderr: readText(stderr) };
  for (const path of [stdout, stderr]) rmSync(path);
  return result;
}
