/**
 * The keeper: a small shell that stands between the agent and each program, so that the program
 * survives the agent and its end is still recorded.
 *
 *   agent ── spawns ──► keeper (own session; holds both FIFOs open; waits)
 *                          └── setsid sh: prints its pid, waits at the gate ── exec ──► program
 *
 *   gate (descriptor 3, a socket pair with the agent): the child writes its pid; the agent records
 *   it durably and answers with a line; only then the program is executed, under that same pid. End
 *   of file instead of the line (the agent died first): the program never starts, so there is
 *   never a child that nobody has on record.
 *
 *   exit file: what the shell remarks about a death by signal, or that the gate was never opened,
 *   then `exit N`. Written whether or not an agent is there to see it.
 *
 * The child runs in the foreground of the keeper, because POSIX shells start background jobs with
 * SIGINT and SIGQUIT ignored, which the program would inherit.
 */
import { existsSync } from 'node:fs';
import { NEVER_RAN_REMARK } from '../core/exit-status.ts';

/** No variables but this one: what a shell assigns to a name in the environment, programs would see. */
const child = (program: string) => `
echo $$ >&3
read -r FLEETVISOR_GATE <&3 || { echo ${NEVER_RAN_REMARK} >&6; exit 0; }
exec ${program} 3>&- 6>&-`;

/** Its own status is the program's too, for where the exit file finds no room. */
const KEEPER = `
exec 4<>"$2" 5<>"$3" 2>"$1"
[ "$4" = - ] || umask "$4"
ulimit -S -n "$5" 2>/dev/null
( shift 5; exec "$@" 6>&2 >&4 2>&5 4>&- 5>&- )
set -- "$?"
echo "exit $1" >&2
exit "$1"
`;

/** Debian, Red Hat and Alpine have it in one of these; without it a program leads no group of its own. */
const SETSID_PATHS = ['/usr/bin/setsid', '/bin/setsid'];

export interface KeeperOptions {
  readonly process: string;
  readonly exitFile: string;
  readonly stdoutFifo: string;
  readonly stderrFifo: string;
  readonly umask: number | null;
  /** Soft limit of descriptors; Node raises its own to the hard one and children would inherit it. */
  readonly descriptorsMax: number;
  readonly command: readonly string[];
  /** Of its environment (`keeperEnvironment`). */
  readonly strangeCount: number;
}

/** Arguments for /bin/sh. The program's own words are passed as such, never as shell text. */
export function keeperArguments(options: KeeperOptions): readonly string[] {
  const title = `keeper of ${options.process}`;
  return [
    '-c',
    KEEPER,
    title,
    options.exitFile,
    options.stdoutFifo,
    options.stderrFifo,
    options.umask === null ? '-' : options.umask.toString(8),
    String(options.descriptorsMax),
    ...SETSID_PATHS.filter((path) => existsSync(path)).slice(0, 1),
    '/bin/sh',
    '-c',
    child(programWords(options.strangeCount)),
    title,
    ...options.command,
  ];
}

export interface KeeperEnvironment {
  readonly environment: Readonly<Record<string, string>>;
  /** How many of its variables stand for others. */
  readonly strangeCount: number;
}

/**
 * Shells drop variables whose names are not theirs (`discovery.type`; dash does, which is Debian's
 * /bin/sh) and overwrite a few that are. Those travel under other names, as `name=value`, and
 * env(1) unpacks them; in the keeper's arguments everybody on the host could read them.
 */
export function keeperEnvironment(wanted: Readonly<Record<string, string>>): KeeperEnvironment {
  const strange = Object.entries(wanted).filter(([name]) => !survivesShell(name));
  const plain = Object.entries(wanted).filter(([name]) => survivesShell(name));
  const packed = strange.map(([name, value], index) => [strangeName(index), `${name}=${value}`]);
  return { environment: Object.fromEntries([...plain, ...packed]), strangeCount: strange.length };
}

const OVERWRITTEN_BY_SHELLS: ReadonlySet<string> = new Set(['IFS', 'OPTIND', 'PPID']);

function survivesShell(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !OVERWRITTEN_BY_SHELLS.has(name);
}

const strangeName = (index: number): string => `FLEETVISOR_ENVIRONMENT_${index}`;

/** As shell text, and in it only names that are made here. */
function programWords(strangeCount: number): string {
  const names = Array.from({ length: strangeCount }, (_, index) => strangeName(index));
  if (names.length === 0) return '"$@"';
  const unset = names.map((name) => `-u ${name}`).join(' ');
  return `/usr/bin/env ${unset} ${names.map((name) => `"$${name}"`).join(' ')} "$@"`;
}
