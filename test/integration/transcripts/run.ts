/** Carries out a transcript and tells how it went. */
import { spawn } from 'node:child_process';
import { MARK, sendSignal } from '../fleet/processes.ts';
import { type Printed, printed } from './printed.ts';
import type { Step, Transcript } from './read.ts';
import { raiseWorld, type World } from './world.ts';

/** On a machine that is busy with much else. */
const COMMAND_MAX_MS = 40_000;

/** @returns the steps as they went, with what each command really printed */
export async function runTranscript(transcript: Transcript): Promise<readonly Step[]> {
  using world = await raiseWorld(transcript);
  const steps: Step[] = [];
  for (const step of transcript.steps) {
    if (step.kind === 'happening') await world.happen(step.words);
    if (step.kind !== 'command') steps.push(step);
    else steps.push({ ...step, expected: printed(step, await runInShell(world, step.command)) });
  }
  return steps;
}

function runInShell({ fleet, environment }: World, command: string): Promise<Printed> {
  return new Promise((resolve, reject) => {
    const shell = spawn('/bin/sh', ['-c', command], {
      cwd: fleet.folder,
      // By its mark, what a command leaves behind is found at the end of the fleet.
      env: { ...environment, [MARK]: fleet.folder },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own: what the shell has started must end with it, or its output never does.
      detached: true,
    });
    const stdout: string[] = [];
    const stderr: string[] = [];
    shell.stdout.setEncoding('utf8').on('data', (text: string) => stdout.push(text));
    shell.stderr.setEncoding('utf8').on('data', (text: string) => stderr.push(text));
    const textOf = (chunks: string[]) => chunks.join('').replaceAll(fleet.folder, '<folder>');
    const timer = setTimeout(() => {
      const { pid } = shell;
      if (pid !== undefined) sendSignal(-pid, 'SIGKILL');
      const printed = `${textOf(stdout)}${textOf(stderr)}`;
      reject(new Error(`not within ${COMMAND_MAX_MS} ms: ${command}\nit printed:\n${printed}`));
    }, COMMAND_MAX_MS);
    shell.on('error', reject);
    shell.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stdout: textOf(stdout), stderr: textOf(stderr) });
    });
  });
}
