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

const CHILD = `
echo $$ >&3
read -r go <&3 || { echo ${NEVER_RAN_REMARK} >&6; exit 0; }
exec "$@" 3>&- 6>&-`;

const KEEPER = `
exit_file=$1 out=$2 err=$3 mask=$4 descriptors=$5 session=$6
shift 6
exec 4<>"$out" 5<>"$err" 2>"$exit_file"
[ "$mask" = - ] || umask "$mask"
ulimit -S -n "$descriptors" 2>/dev/null
( exec $session /bin/sh -c '${CHILD}' "$0" "$@" 6>&2 >&4 2>&5 4>&- 5>&- )
echo "exit $?" >&2
`;

/** Debian, Red Hat and Alpine have it in one of these; without it group signals reach the keeper. */
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
}

/** Arguments for /bin/sh. The program's own words are passed as such, never as shell text. */
export function keeperArguments(options: KeeperOptions): readonly string[] {
  return [
    '-c',
    KEEPER,
    `keeper of ${options.process}`,
    options.exitFile,
    options.stdoutFifo,
    options.stderrFifo,
    options.umask === null ? '-' : options.umask.toString(8),
    String(options.descriptorsMax),
    SETSID_PATHS.find((path) => existsSync(path)) ?? '',
    ...options.command,
  ];
}
