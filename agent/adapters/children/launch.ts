/**
 * Starts the keeper of one program: finds the command, the way to its user and its directory, or
 * says which of them is missing, before anything is forked (Supervisor process.py, spawn).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { ProcessDefinition } from '../../core/definition.ts';
import type { SpawnProblem } from '../../core/state.ts';
import { realPath } from '../host/real-path.ts';
import { directoryProblem } from './directory.ts';
import { findExecutable } from './executable.ts';
import { keeperArguments } from './keeper.ts';
import { carryEnvironment } from './keeper-environment.ts';
import { type OwnEnvironment, programEnvironment } from './program-environment.ts';
import { fifosOf, type RunFiles, removeFile } from './run-files.ts';
import { bounded, chdirFailure } from './spawn-failure.ts';
import { giveTo, switchTo } from './user-switch.ts';

export interface Launch {
  readonly definition: ProcessDefinition;
  readonly command: readonly string[];
  readonly switchWords: readonly string[];
}

export type LaunchPlan =
  | ({ readonly kind: 'ready' } & Launch)
  | { readonly kind: 'impossible'; readonly error: string };

export function planLaunch(definition: ProcessDefinition, own: OwnEnvironment): LaunchPlan {
  const found = findCommand(definition, own);
  if (found.kind === 'unusable') return { kind: 'impossible', error: found.error };
  const switching = switchTo(definition.user);
  if (switching.kind === 'impossible') return switching;
  const switchWords = switching.words;
  const { directory } = definition;
  const problem = directory === null ? null : directoryProblem(directory);
  // What root may not look at (NFS), its user may.
  const isForUser = problem === 'EACCES' && switchWords.length > 0;
  if (directory !== null && problem !== null && !isForUser) {
    return { kind: 'impossible', error: chdirFailure(directory, problem) };
  }
  return { kind: 'ready', definition, command: found.command, switchWords };
}

function findCommand(definition: ProcessDefinition, own: OwnEnvironment) {
  const path = definition.environment['PATH'] ?? own['PATH'] ?? '';
  return findExecutable(definition.command, path, definition.directory);
}

/** Why its command cannot be started; null: it can. */
export function examineCommand(
  definition: ProcessDefinition,
  own: OwnEnvironment,
): SpawnProblem | null {
  const found = findCommand(definition, own);
  return found.kind === 'found' ? null : { fault: found.fault, error: bounded(found.error) };
}

/** Where its executable lies, without links; null where there is none. */
export function locateCommand(definition: ProcessDefinition, own: OwnEnvironment): string | null {
  const found = findCommand(definition, own);
  return found.kind === 'found' ? realPath(found.path) : null;
}

interface Surroundings {
  readonly own: OwnEnvironment;
  readonly descriptorsMax: number;
  readonly selfPath: string | null;
}

/** @throws where nothing can be forked, or the FIFOs cannot become the user's */
export function startKeeper(
  { definition, command, switchWords }: Launch,
  files: RunFiles,
  { own, descriptorsMax, selfPath }: Surroundings,
): ChildProcess {
  const { exitFile, stdinFifo, stdoutFifo, stderrFifo } = files;
  const crossesUsers = switchWords.length > 0;
  const { environment, ...carried } = carryEnvironment(programEnvironment(definition, own), {
    own,
    crossesUsers,
  });
  removeFile(exitFile);
  giveTo(crossesUsers ? definition.user : null, fifosOf(files));
  const words = keeperArguments({
    process: definition.process,
    exitFile,
    stdinFifo,
    stdoutFifo,
    stderrFifo: definition.redirectStderr ? stdoutFifo : stderrFifo,
    umask: definition.umask,
    descriptorsMax,
    switchWords,
    directory: definition.directory,
    command,
    ...carried,
    selfPath,
  });
  return spawn('/bin/sh', words, {
    cwd: crossesUsers ? undefined : (definition.directory ?? undefined),
    env: environment,
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
}
