/**
 * Why a program could not be started, in Supervisor's words where it has some (process.py, spawn
 * and _spawn_as_child; options.py, drop_privileges), because people search for them.
 *
 * Until exec(2) succeeds, what runs under the program's pid is ours (`keeper.ts`), and what that
 * says of its failure goes where the program's output goes, as Supervisor's remarks do. That tells
 * a program that was never executed from one that ended by itself with the same status.
 */
import { splitWords } from '../../../proto/dialect/words.ts';
import type { ProcessDefinition } from '../../core/definition.ts';
import type { ExitStatus } from '../../core/exit-status.ts';
import { directoryProblem } from './directory.ts';
import { keeperTitle, NO_DIRECTORY_REMARK } from './keeper.ts';

/** What its FIFOs and logs were opened with failed. */
export function outputFailure(error: unknown, { name }: ProcessDefinition): string {
  const code = codeOf(error);
  return code === 'EMFILE'
    ? `too many open files to spawn '${name}'`
    : `unknown error making dispatchers for '${name}': ${code}`;
}

/** The keeper could not be started (node:child_process, which opens, forks and changes directory). */
export function forkFailure(error: unknown, definition: ProcessDefinition): string {
  const code = codeOf(error);
  switch (code) {
    case 'EMFILE':
      return outputFailure(error, definition);
    case 'E2BIG':
      return `couldn't exec ${programOf(definition)}: E2BIG`;
    case 'EAGAIN':
      return `Too many processes in process table to spawn '${definition.name}'`;
    case 'ENOMEM':
    case 'ENFILE':
      break;
    default:
      // The keeper's shell is there: what is not is the directory that it was to begin in.
      if (definition.directory !== null) return chdirFailure(definition.directory, code);
  }
  return `unknown error during fork for '${definition.name}': ${code}`;
}

export function chdirFailure(directory: string, code: string): string {
  return `couldn't chdir to ${directory}: ${code}`;
}

/** @param remarks of a keeper that ended without a program; POSIX leaves the words to the shell */
export function keeperFailure(remarks: string, definition: ProcessDefinition): string {
  if (/fork|Resource temporarily unavailable/i.test(remarks)) {
    const code = remarks.includes('Cannot allocate memory') ? 'ENOMEM' : 'EAGAIN';
    return forkFailure({ code }, definition);
  }
  const reason = remarks.trim().split('\n').at(-1) ?? '';
  return `its keeper failed: ${reason === '' ? 'it ended before the program was started' : reason}`;
}

/** @returns why the program was never executed; null: it was */
export function execFailure(
  exit: ExitStatus,
  lastLines: readonly string[],
  definition: ProcessDefinition,
): string | null {
  if (exit.kind !== 'code' || !FAILED_TO_EXECUTE.has(exit.code)) return null;
  for (const line of lastLines.toReversed()) {
    const failure = failureIn(line, exit.code, definition);
    if (failure !== null) return failure;
  }
  return null;
}

/**
 * What Supervisor's child writes where its stderr goes, about what it finds out itself. What is
 * found out before there is a child (no such command, no room to fork) is in no program's log.
 * @returns whole lines, or null
 */
export function childRemarks(error: string): string | null {
  if (!/^couldn't (?:setuid|chdir|exec) /.test(error)) return null;
  return `supervisor: ${error}\nsupervisor: child process was not spawned\n`;
}

/** It may quote a command of any length, and goes out in a message that must stay small. */
const ERROR_CHARACTERS_MAX = 1_000;

/** The end says why. */
export function bounded(error: string): string {
  if (error.length <= ERROR_CHARACTERS_MAX) return error;
  const half = ERROR_CHARACTERS_MAX / 2 - 2;
  return `${error.slice(0, half)} … ${error.slice(-half)}`;
}

/** sh, env: 126 and 127; setpriv also 1, chroot also 125. */
const FAILED_TO_EXECUTE: ReadonlySet<number> = new Set([1, 125, 126, 127]);

function failureIn(line: string, code: number, definition: ProcessDefinition): string | null {
  const { process, user, directory } = definition;
  const isOfShell = line.startsWith(`${keeperTitle(process)}: `);
  if (isOfShell || line.startsWith('/usr/bin/env: ') || isOfSetsid(line, definition)) {
    return `couldn't exec ${programOf(definition)}: ${errorName(line, code)}`;
  }
  if (user === null) return null;
  if (line.startsWith(NO_DIRECTORY_REMARK) && directory !== null) {
    // The agent can see it, its user cannot.
    return chdirFailure(directory, directoryProblem(directory) ?? 'EACCES');
  }
  const remark = /^(?:\/\S+\/)?(?:setpriv|chroot): (.*)$/.exec(line)?.[1];
  if (remark === undefined) return null;
  // It had become the user and could not go on, as where he has all the processes he may have.
  if (/failed to (execute|run command)/.test(remark)) {
    return `couldn't exec ${programOf(definition)}: ${errorName(remark, code)}`;
  }
  return `couldn't setuid to ${user.uid}: ${whyNotUser(remark, user.uid)}`;
}

/** A program may use setsid(1) itself, but hardly on a file of its own name. */
function isOfSetsid(line: string, definition: ProcessDefinition): boolean {
  return /^(?:\/\S+\/)?setsid: /.test(line) && line.includes(programOf(definition));
}

function whyNotUser(remark: string, uid: number): string {
  if (/uid \d+ not found/.test(remark)) return `Can't find uid ${uid}`;
  if (remark.includes('groups')) return 'Could not set groups of effective user';
  if (/gid|group-ID/.test(remark)) return 'Could not set group id of effective user';
  return remark;
}

/** In the C locale; what a program's own locale makes of them is not known. */
const ERROR_NAMES: readonly (readonly [text: string, name: string])[] = [
  ['not found', 'ENOENT'],
  ['No such file or directory', 'ENOENT'],
  ['Permission denied', 'EACCES'],
  ['Is a directory', 'EACCES'],
  ['Operation not permitted', 'EPERM'],
  ['Exec format error', 'ENOEXEC'],
  ['Argument list too long', 'E2BIG'],
  ['Text file busy', 'ETXTBSY'],
  ['Resource temporarily unavailable', 'EAGAIN'],
  ['Cannot allocate memory', 'ENOMEM'],
  ['Not a directory', 'ENOTDIR'],
  ['Too many levels of symbolic links', 'ELOOP'],
  ['Input/output error', 'EIO'],
];

const NOT_FOUND = 127;

/** POSIX has 127 for what is not there and 126 for what is and cannot be executed. */
function errorName(remark: string, code: number): string {
  const known = ERROR_NAMES.find(([text]) => remark.endsWith(text));
  return known?.[1] ?? (code === NOT_FOUND ? 'ENOENT' : 'EACCES');
}

/** As typed. */
function programOf({ command }: ProcessDefinition): string {
  const split = splitWords(command);
  return (split.ok ? split.words[0] : undefined) ?? command;
}

function codeOf(error: unknown): string {
  const { code, message } = error as { readonly code?: string; readonly message?: string };
  return code ?? message ?? String(error);
}
