/**
 * Finds the file that a command names, before anything is forked, so that a missing program is
 * reported as such (Supervisor process.py get_execv_args, options.py check_execv_args; the words
 * are theirs, because people search for them).
 */
import { accessSync, constants, type Stats, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { repr } from '../../../proto/dialect/repr.ts';
import { cannotParse, splitWords } from '../../../proto/dialect/words.ts';
import { clippedTo } from '../../../proto/text-limits.ts';
import type { SpawnProblem } from '../../core/state.ts';
import { isExecutableFormat } from './executable-format.ts';

/** The command is as typed: the program sees its own name so, and exec(3) finds the same file. */
export type Executable =
  | {
      readonly kind: 'found';
      readonly command: readonly string[];
      /** Of the file, as it was found; links in it are not resolved. */
      readonly path: string;
    }
  | ({ readonly kind: 'unusable' } & SpawnProblem);

/** Where there is no PATH (Supervisor options.py get_path); the shells have others. */
const DEFAULT_PATH = '/bin:/usr/bin:/usr/local/bin';

/**
 * @param command as configured; split like Python's shlex.split, no shell is involved
 * @param searchPath the program's own PATH, or the agent's; empty where there is none
 * @param directory where the program will run, against which `./x` counts
 */
export function findExecutable(
  command: string,
  searchPath: string,
  directory: string | null,
): Executable {
  const split = splitWords(command);
  if (!split.ok) return notExecutable(cannotParse(clipped(command), split.why));
  const [program, ...others] = split.words;
  if (program === undefined || program === '') return notExecutable('command is empty');
  let problemFound: string | null = null;
  for (const path of candidatesFor(program, searchPath || DEFAULT_PATH, directory)) {
    const problem = problemOf(path);
    if (problem === null) {
      const isFoundAgain = searchPath !== '' || program.includes('/');
      return isExecutableFormat(path)
        ? { kind: 'found', command: [isFoundAgain ? program : path, ...others], path }
        : notExecutable(`couldn't exec ${clipped(program)}: ENOEXEC`);
    }
    if (problem !== 'missing') problemFound ??= problem(shown(path));
  }
  if (problemFound !== null) return notExecutable(problemFound);
  return { kind: 'unusable', fault: 'no-file', error: `can't find command ${shown(program)}` };
}

function notExecutable(error: string): Executable {
  return { kind: 'unusable', fault: 'not-executable', error };
}

const COMMAND_SHOWN_MAX = 300;

/** An error that is too long loses its end, where the reason stands. */
function clipped(text: string): string {
  return clippedTo(COMMAND_SHOWN_MAX, text);
}

function shown(command: string): string {
  return repr(clipped(command));
}

function candidatesFor(
  program: string,
  searchPath: string,
  directory: string | null,
): readonly string[] {
  if (isAbsolute(program)) return [program];
  if (program.includes('/')) return [join(directory ?? process.cwd(), program)];
  return searchPath.split(':').flatMap((folder) => (folder === '' ? [] : [join(folder, program)]));
}

const EXECUTABLE_BY_SOMEBODY = 0o111;

type Problem = null | 'missing' | ((path: string) => string);

function problemOf(path: string): Problem {
  let facts: Stats | undefined;
  try {
    facts = statSync(path, { throwIfNoEntry: false });
  } catch {
    // What cannot be looked at: to whoever cannot, it is not there either.
  }
  if (facts === undefined) return 'missing';
  if (facts.isDirectory()) return (file) => `command at ${file} is a directory`;
  if (!facts.isFile() || (facts.mode & EXECUTABLE_BY_SOMEBODY) === 0) {
    return (file) => `command at ${file} is not executable`;
  }
  try {
    accessSync(path, constants.X_OK);
    return null;
  } catch {
    return (file) => `no permission to run command ${file}`;
  }
}
