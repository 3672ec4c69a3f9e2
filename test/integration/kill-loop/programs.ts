/**
 * Twenty programs that behave in every way that matters to a supervisor, and keep their own books
 * in files that the agent never touches: who lived when, and how each life was to end. What the
 * agent says is judged by these.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What becomes of it when nobody orders anything. */
type Fate =
  /** Runs until it is stopped. */
  | 'stays'
  /** Ends by itself, again and again. */
  | 'returns'
  /** Ends by itself, once. */
  | 'once';

export interface LoopProgram {
  /** As the agent names it. */
  readonly process: string;
  readonly program: string;
  readonly fate: Fate;
  /** `MODE` and its arguments for the script. */
  readonly mode: string;
  readonly settings: readonly string[];
  /** Whether people start, stop and restart it meanwhile. */
  readonly isOrdered: boolean;
  /** Prints numbered lines: of stdout alone, of both in one log, or of both in two. */
  readonly prints: 'nothing' | 'stdout' | 'together' | 'apart';
}

interface More {
  readonly isOrdered?: boolean;
  readonly prints?: LoopProgram['prints'];
  readonly group?: string;
}

function aProgram(
  program: string,
  [fate, mode]: readonly [Fate, string],
  settings: readonly string[] = [],
  { isOrdered = false, prints = 'nothing', group }: More = {},
): LoopProgram {
  const process = group === undefined ? program : `${group}:${program}`;
  return { process, program, fate, mode, settings, isOrdered, prints };
}

const ORDERED = { isOrdered: true } as const;
/** Small enough that a kill in the middle of a rotation happens. */
const ROTATION = ['stdout_logfile_maxbytes = 8KB', 'stdout_logfile_backups = 900'] as const;
const NO_ROTATION = ['stdout_logfile_maxbytes = 0', 'stderr_logfile_maxbytes = 0'] as const;
const AS_GROUP = ['stopasgroup = true', 'killasgroup = true'] as const;

export const PROGRAMS: readonly LoopProgram[] = [
  aProgram('live-1', ['stays', 'live']),
  aProgram('live-2', ['stays', 'live'], [], ORDERED),
  aProgram('live-3', ['stays', 'live'], ['startsecs = 1'], ORDERED),
  aProgram('crash-code', ['returns', 'code 1.3 3'], ['autorestart = true']),
  aProgram('crash-segv', ['returns', 'signal 1.7 SEGV'], ['autorestart = unexpected']),
  aProgram('crash-kill', ['returns', 'signal 2.1 KILL'], ['autorestart = unexpected']),
  aProgram('crash-known', ['returns', 'code 1.9 5'], ['autorestart = true', 'exitcodes = 5']),
  aProgram('crash-slow', ['returns', 'code 1.5 9'], ['startsecs = 1', 'autorestart = unexpected']),
  aProgram('job-never', ['once', 'code 1.6 0'], ['autorestart = false']),
  aProgram('job-unexpected', ['once', 'code 5.5 0'], ['autorestart = unexpected']),
  aProgram('job-failing', ['once', 'code 3.7 4'], ['autorestart = false']),
  aProgram('job-again', ['returns', 'code 2.3 0'], ['autorestart = true']),
  aProgram('slow-stopper', ['stays', 'slow'], [], ORDERED),
  aProgram('stubborn', ['stays', 'stubborn'], ['stopwaitsecs = 1'], ORDERED),
  aProgram('chatty-1', ['stays', 'chatty'], ROTATION, { isOrdered: true, prints: 'stdout' }),
  aProgram('chatty-2', ['stays', 'chatty'], ['redirect_stderr = true', ...ROTATION], {
    prints: 'together',
  }),
  aProgram('chatty-3', ['stays', 'chatty'], NO_ROTATION, { prints: 'apart' }),
  aProgram('chatty-4', ['stays', 'chatty'], NO_ROTATION, { isOrdered: true, prints: 'stdout' }),
  aProgram('father', ['stays', 'family'], AS_GROUP, { isOrdered: true, group: 'family' }),
  aProgram('mother', ['stays', 'family'], AS_GROUP, { group: 'family' }),
];

/** How many lines each chatty program prints before it pauses for 50 ms. */
const LINES_AT_ONCE = 12;

/**
 * `identity` tells a process from a later one with the same pid, as proc(5) does: field 22. The
 * book of lives is one line for each beginning and each end that was planned.
 */
const SCRIPT = `#!/bin/sh
identity() {
  { read -r LINE < "/proc/$1/stat"; } 2> /dev/null || return 1
  set -- "$1" \${LINE##*) }
  case $2 in Z | X) return 1 ;; esac
  IDENTITY="$1 \${21}"
}
ends() { echo "end $$ $* \${I:-0}" >> "$BOOKS/$NAME.lives"; }
if read -r BEFORE < "$BOOKS/$NAME.pid" && identity "\${BEFORE%% *}" && [ "$IDENTITY" = "$BEFORE" ]
then echo "$NAME: $BEFORE lives on, and now there is $$" >> "$BOOKS/doubles"
fi 2> /dev/null
identity $$
echo "$IDENTITY" > "$BOOKS/$NAME.pid"
echo "start $$" >> "$BOOKS/$NAME.lives"
case $1 in
live) exec sleep 100000 ;;
stubborn) trap '' TERM; exec sleep 100000 ;;
code) sleep "$2"; ends code "$3"; exit "$3" ;;
signal) sleep "$2"; ends signal "$3"; kill "-$3" $$ ;;
family) sleep 100000 & sleep 100000 & wait ;;
slow)
  trap 'trap "" TERM; sleep 0.4; ends code 0; exit 0' TERM
  while :; do sleep 0.3; done ;;
chatty)
  trap 'trap "" TERM; ends code 0; exit 0' TERM
  I=0
  while :; do
    B=$((I + ${LINES_AT_ONCE}))
    while [ $I -lt $B ]; do
      I=$((I + 1))
      echo "out $$ $I"
      [ "$PRINTS" = stdout ] || echo "err $$ $I" >&2
    done
    sleep 0.05
  done ;;
esac
`;

export interface LoopFolders {
  readonly folder: string;
  readonly books: string;
  readonly logs: string;
}

/** @returns the sections of the agent's configuration */
export function writePrograms({ folder, books, logs }: LoopFolders): string {
  const script = join(folder, 'behave');
  writeFileSync(script, SCRIPT, { mode: 0o755 });
  const sections = PROGRAMS.map(({ program, mode, settings, prints }) => {
    const startsecs = settings.some((line) => line.startsWith('startsecs'))
      ? []
      : ['startsecs = 0'];
    return [
      `[program:${program}]`,
      `command = ${script} ${mode}`,
      `environment = NAME="${program}",BOOKS="${books}",PRINTS="${prints}"`,
      `stdout_logfile = ${join(logs, `${program}.log`)}`,
      `stderr_logfile = ${join(logs, `${program}.err`)}`,
      ...startsecs,
      ...settings,
    ].join('\n');
  });
  return `${sections.join('\n')}\n[group:family]\nprograms = father,mother\n`;
}
