/**
 * The keeper: a small shell that stands between the agent and each program, so that the program
 * survives the agent and its end is still recorded.
 *
 *   agent ── spawns ──► keeper (own session; holds the FIFOs open; waits)
 *                          └── its subshell: tells its pid, waits at the gate
 *                                └── exec ──► setsid ── exec ──► program
 *
 *   gate (descriptor 3, a socket pair with the agent): the child writes its pid; the agent records
 *   it durably and answers with a line; only then the program is executed, under that same pid. End
 *   of file instead of the line (the agent died first): the program never starts, so there is
 *   never a child that nobody has on record.
 *
 *   exit file: what the shell remarks about a death by signal, or that the gate was never opened,
 *   then `exit N`. Written whether or not an agent is there to see it.
 *
 *   stdin: a FIFO into which nobody writes, and which the keeper holds open for writing: so, as in
 *   Supervisor, a program that reads it waits, with or without an agent, and never meets its end.
 *
 * The child runs in the foreground of the keeper, because POSIX shells start background jobs with
 * SIGINT and SIGQUIT ignored, which the program would inherit. So it leads no process group when it
 * comes to setsid, which therefore keeps the pid; until then there is no group of that number.
 *
 * A shell knows its subshell's pid only where /proc tells it. Elsewhere, and where setsid must not
 * see the program's variables, a shell of its own stands at the gate, which is one exec more:
 *
 *   keeper's subshell ── exec ──► setsid ── exec ──► sh: tells its pid, waits ── exec ──► program
 *
 * A program of another user takes two steps more, still under the same pid:
 *
 *   … setsid ── exec ──► setpriv ── exec ──► sh: changes directory ── exec ──► program
 *
 * Up to setpriv everything is the agent's user's, and it gets 0, 1 and 2 alone: whatever the user
 * runs can trace his own processes and could take from them what leads to the agent or the exit
 * file. Behind it everything is the user's: whether he may enter the directory is for him to find.
 */
import { existsSync } from 'node:fs';
import { NEVER_RAN_REMARK } from '../../core/exit-status.ts';

/** What fails here is told in this file's words, for `spawn-failure.ts` to find. */
export const NO_DIRECTORY_REMARK = "fleetvisor: couldn't chdir";

/** Waits for the agent; what the agent is not to be answered with goes to the exit file. */
const wait = (exitFile: number) =>
  `read -r FLEETVISOR_GATE <&3 || { echo ${NEVER_RAN_REMARK} >&${exitFile}; exit 0; }`;

/**
 * In the keeper's subshell, whose `$$` is the keeper's. A name out of a directory, because shells read
 * files byte by byte. No variables but this one: what a shell assigns to a name in the environment,
 * programs would see.
 */
const ownGate = (selfPath: string, becomeProgram: string) => `
echo ${selfPath} >&3
${wait(2)}
${becomeProgram} >&4 2>&5 3>&- 4>&- 5>&-`;

/** In a shell of its own. */
const gate = (becomeProgram: string) => `
echo $$ >&3
${wait(6)}
${becomeProgram} 3>&- 6>&-`;

/** Physical, as chdir(2); the `/` in front keeps CDPATH and options out of it. */
const asUser = (becomeProgram: string) => `
[ -z "$1" ] || cd -P "$1" 2>/dev/null || { printf '%s to %s\n' "${NO_DIRECTORY_REMARK}" "$1" >&2; exit 127; }
shift
${becomeProgram}`;

/** Its own status is the program's too, for where the exit file finds no room. */
const keeper = (becomeProgram: string) => `
exec <>"$2" 4<>"$3" 5<>"$4" 2>"$1"
[ "$5" = - ] || umask "$5"
ulimit -S -n "$6" 2>/dev/null || ulimit -n "$6" 2>/dev/null
( exec <"$2"; shift 6; ${becomeProgram} )
set -- "$?"
echo "exit $1" >&2
exit "$1"
`;

/** Debian, Red Hat and Alpine have it in one of these; without it a program leads no group of its own. */
const SETSID_PATHS = ['/usr/bin/setsid', '/bin/setsid'];

export interface KeeperOptions {
  readonly process: string;
  readonly exitFile: string;
  readonly stdinFifo: string;
  readonly stdoutFifo: string;
  readonly stderrFifo: string;
  readonly umask: number | null;
  /** Soft limit of descriptors; Node raises its own to the hard one and children would inherit it. */
  readonly descriptorsMax: number;
  /** What becomes the program's user (`user-switch.ts`); empty: it is the agent's. */
  readonly switchWords: readonly string[];
  /** Only for another user; otherwise the keeper is in it already. */
  readonly directory: string | null;
  readonly command: readonly string[];
  /** Of its environment (`carryEnvironment`). */
  readonly restore: string;
  readonly prefix: string;
  readonly isForLoader: boolean;
  /** What a shell expands to a path that ends with its own pid (proc(5)); null where nothing does. */
  readonly selfPath: string | null;
}

/** What the shells on the way call themselves, in `ps` and in what they complain about. */
export function keeperTitle(process: string): string {
  return `keeper of ${process}`;
}

/** Arguments for /bin/sh. The program's own words are passed as such, never as shell text. */
export function keeperArguments(options: KeeperOptions): readonly string[] {
  const title = keeperTitle(options.process);
  const setsid = SETSID_PATHS.find((path) => existsSync(path)) ?? null;
  const { script, words } = hasOwnGate(options)
    ? throughOwnGate(options, setsid)
    : throughGate(options, setsid);
  return [
    '-c',
    keeper(script),
    title,
    options.exitFile,
    options.stdinFifo,
    options.stdoutFifo,
    options.stderrFifo,
    options.umask === null ? '-' : options.umask.toString(8),
    String(options.descriptorsMax),
    ...words,
  ];
}

interface Way {
  /** What the keeper's subshell does with `words` as its arguments. */
  readonly script: string;
  readonly words: readonly string[];
}

function hasOwnGate(
  options: KeeperOptions,
): options is KeeperOptions & { readonly selfPath: string } {
  return options.selfPath !== null && !(options.isForLoader && options.switchWords.length === 0);
}

function throughOwnGate(
  options: KeeperOptions & { readonly selfPath: string },
  setsid: string | null,
): Way {
  const inSession = setsid === null ? '' : `${setsid} -- `;
  const { restore, prefix, words } = behindGate(options);
  const script = ownGate(options.selfPath, `${restore}exec ${inSession}${prefix}"$@"`);
  return { script, words };
}

function throughGate(options: KeeperOptions, setsid: string | null): Way {
  const { restore, prefix, words } = behindGate(options);
  const shell = ['/bin/sh', '-c', gate(`${restore}exec ${prefix}"$@"`)];
  return {
    script: 'exec "$@" 6>&2 >&4 2>&5 4>&- 5>&-',
    words: [...(setsid === null ? [] : [setsid]), ...shell, keeperTitle(options.process), ...words],
  };
}

/** What is executed when the gate is open, and which shell sees the program's variables. */
function behindGate(options: KeeperOptions) {
  const { switchWords, directory, command, restore, prefix } = options;
  if (switchWords.length === 0) return { restore, prefix, words: command };
  const place = directory === null || directory.startsWith('/') ? directory : `./${directory}`;
  const launch = ['/bin/sh', '-c', asUser(`${restore}exec ${prefix}"$@"`)];
  const words = [...switchWords, ...launch, keeperTitle(options.process), place ?? '', ...command];
  return { restore: '', prefix: '', words };
}
