/**
 * Whether a command ends with 0, which is run as the program is: as its user, in its directory and
 * environment, with its limits. It has a session of its own, so that all of it can be ended, and what
 * it prints last says what is wrong.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { ProcessDefinition } from '../../core/definition.ts';
import { LastLines } from '../logs/last-lines.ts';
import { checkCommand, type ExecSurroundings } from './check-command.ts';
import { type Answer, failed, type Look, PASSED, reasonOf } from './look.ts';

/** For what it printed to arrive, and for what it left behind to let go of its output. */
const LAST_WORDS_MS = 100;

/** @throws where it cannot be started */
export function lookByExec(
  definition: ProcessDefinition,
  command: string,
  around: ExecSurroundings & { readonly answer: Answer },
): Look {
  const { answer } = around;
  const check = checkCommand(definition, command, around);
  const child: ChildProcess = spawn('/bin/sh', check.words, {
    cwd: check.directory,
    env: check.environment,
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  // None where the descriptors have run out, which is told by `error`.
  const { stdout } = child;
  const output = new LastLines();
  stdout?.on('data', (chunk: Buffer) => output.add(chunk));
  stdout?.on('error', () => undefined);
  child.on('error', (error) => answer(failed(`it cannot be started: ${reasonOf(error)}`)));
  child.once('exit', (code, signal) => {
    const tell = (): void => {
      clearTimeout(patience);
      answer(code === 0 ? PASSED : failed(withOutput(endText(code, signal), output)));
    };
    // What it has started in the background holds its output open, and would be one more each time.
    const patience = setTimeout(() => {
      kill(child);
      stdout?.destroy();
      tell();
    }, LAST_WORDS_MS);
    child.once('close', tell);
  });
  return {
    giveUp: () => {
      kill(child);
      stdout?.destroy();
      return withOutput('it was killed, because it had not ended', output);
    },
    isOver: () => child.pid === undefined || child.exitCode !== null || child.signalCode !== null,
  };
}

function kill({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nothing is left of it.
  }
}

const endText = (code: number | null, signal: NodeJS.Signals | null): string =>
  signal === null ? `exit code ${code}` : `killed by ${signal}`;

function withOutput(text: string, output: LastLines): string {
  const lines = output.read().map((line) => line.trim());
  return lines.length === 0 ? text : `${text}: ${lines.join(' / ')}`;
}
