/** Runs commands to their end, as somebody at a terminal would, and takes the time. */

import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';

export interface CommandRun {
  /** From before the fork until the process is gone. */
  readonly wallMs: number;
  /** Null where a signal ended it, or it could not be started. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `fleetctl restart` of 200 targets prints some 100 KB. */
const OUTPUT_MAX_BYTES = 64 * 1_048_576;

export function tryCommand(command: readonly string[]): CommandRun {
  const [program = '', ...args] = command;
  const startedMs = performance.now();
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    maxBuffer: OUTPUT_MAX_BYTES,
    // Where fleetctl notes its operations: not among those of whoever measures.
    env: { ...process.env, XDG_STATE_HOME: tmpdir() },
  });
  const wallMs = performance.now() - startedMs;
  return { wallMs, status, stdout: stdout ?? '', stderr: error?.message ?? stderr };
}

/** @throws Error with the ends of what it printed, where its exit status is not 0 */
export function runCommand(command: readonly string[]): CommandRun {
  const run = tryCommand(command);
  if (run.status === 0) return run;
  const printed = `${endOf(run.stdout)}${endOf(run.stderr)}`;
  throw new Error(`${command.join(' ')} ended with ${run.status}:\n${printed}`);
}

const SHOWN_MAX = 2_000;

function endOf(text: string): string {
  return text.length <= SHOWN_MAX ? text : `…${text.slice(-SHOWN_MAX)}`;
}
