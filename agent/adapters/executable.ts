/**
 * Finds the file that a command names, before anything is forked, so that a missing program is
 * reported as such (Supervisor process.py get_execv_args, check_execv_args).
 */
import { accessSync, constants, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { split } from 'shlex';
import { clippedTo } from '../../proto/text-limits.ts';

/** The command is as typed: the program sees its own name so, and exec(3) finds the same file. */
export type Executable =
  | { readonly kind: 'found'; readonly command: readonly string[] }
  | { readonly kind: 'unusable'; readonly error: string };

/**
 * @param command as configured; split like Python's shlex, no shell is involved
 * @param searchPath the program's own PATH, or the agent's
 * @param directory where the program will run, against which `./x` counts
 */
export function findExecutable(
  command: string,
  searchPath: string,
  directory: string | null,
): Executable {
  let words: readonly string[];
  try {
    words = split(command);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return {
      kind: 'unusable',
      error: `can't parse command ${JSON.stringify(shown(command))}: ${why}`,
    };
  }
  const [program] = words;
  if (program === undefined || program === '') {
    return { kind: 'unusable', error: `command ${JSON.stringify(command)} is empty` };
  }
  const candidates = candidatesFor(program, searchPath, directory);
  const verdicts = candidates.map((path) => ({ path, problem: problemOf(path) }));
  const usable = verdicts.find((verdict) => verdict.problem === null);
  if (usable !== undefined) return { kind: 'found', command: words };
  const present = verdicts.find((verdict) => verdict.problem !== 'missing');
  const error =
    present === undefined
      ? `can't find command '${shown(program)}'`
      : `command at '${shown(present.path)}' ${present.problem}`;
  return { kind: 'unusable', error };
}

const COMMAND_SHOWN_MAX = 300;

/** An error that is too long loses its end, where the reason stands. */
function shown(command: string): string {
  return clippedTo(COMMAND_SHOWN_MAX, command);
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

function problemOf(path: string): string | null {
  try {
    if (statSync(path).isDirectory()) return 'is a directory';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'missing' : `cannot be examined (${code})`;
  }
  try {
    accessSync(path, constants.X_OK);
    return null;
  } catch {
    return 'is not executable';
  }
}
