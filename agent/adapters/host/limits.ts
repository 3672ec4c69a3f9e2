/**
 * Sees to it that the host lets the agent have as many open files and processes as configured
 * (`minfds`, `minprocs`), as Supervisor does before it starts anything (options.py
 * set_rlimits_or_exit). Programs inherit the limit of processes; that of files their keeper sets.
 *
 * Node cannot ask for more itself; but it has raised its own soft limit of files to the hard one.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

export interface WantedLimits {
  readonly minFds: number;
  readonly minProcs: number;
}

/** Infinity where there is none. */
interface Limit {
  readonly soft: number;
  readonly hard: number;
}

export interface Limits {
  readonly files: Limit;
  readonly processes: Limit;
}

export interface LimitSurroundings {
  /** Null where the host does not tell. */
  readonly read: () => Limits | null;
  /** @returns whether it was allowed */
  readonly raise: (what: keyof Limits, limit: Limit) => boolean;
}

/** @returns why the agent must not start, for people; null: it may */
export function raiseLimits(wanted: WantedLimits, around = host()): string | null {
  const limits = around.read();
  if (limits === null) return null;
  const problems = [
    filesProblem(wanted.minFds, limits.files, around),
    processesProblem(wanted.minProcs, limits.processes, around),
  ].filter((problem) => problem !== null);
  return problems.length === 0 ? null : problems.join('\n');
}

function filesProblem(min: number, { hard }: Limit, around: LimitSurroundings): string | null {
  if (hard >= min || around.raise('files', { soft: min, hard: min })) return null;
  return `minfds = ${min} is more than the ${hard} open files that this host allows: raise that (LimitNOFILE= in the service unit, or limits.conf), or lower minfds in [supervisord]`;
}

function processesProblem(min: number, limit: Limit, around: LimitSurroundings): string | null {
  const { soft, hard } = limit;
  if (soft >= min) return null;
  if (around.raise('processes', { soft: min, hard: Math.max(min, hard) })) return null;
  return `minprocs = ${min} is more than the ${Math.min(soft, hard)} processes that this host allows: raise that (LimitNPROC= in the service unit, or limits.conf), or lower minprocs in [supervisord]`;
}

function host(): LimitSurroundings {
  return {
    read: existsSync(LIMITS_FILE) ? readFromProc : readFromShell,
    raise: raiseByProgram,
  };
}

/** proc(5). */
const LIMITS_FILE = '/proc/self/limits';

function readFromProc(): Limits | null {
  return limitsIn(readFileSync(LIMITS_FILE, 'latin1'));
}

/** @param text as of /proc/PID/limits: name, soft and hard limit, unit, in columns */
export function limitsIn(text: string): Limits | null {
  const find = (name: string): Limit | null => {
    const [, soft, hard] = new RegExp(`^${name} +(\\S+) +(\\S+)`, 'm').exec(text) ?? [];
    return soft === undefined || hard === undefined
      ? null
      : { soft: limitOf(soft), hard: limitOf(hard) };
  };
  const files = find('Max open files');
  const processes = find('Max processes');
  return files === null || processes === null ? null : { files, processes };
}

/** macOS and the BSDs, whose shells know both; dash, which does not, is on Linux. */
function readFromShell(): Limits | null {
  try {
    const script = 'ulimit -S -n; ulimit -H -n; ulimit -S -u; ulimit -H -u';
    const lines = execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' }).trim().split('\n');
    const [softFiles, hardFiles, softProcesses, hardProcesses] = lines.map(limitOf);
    if (softFiles === undefined || hardFiles === undefined) return null;
    if (softProcesses === undefined || hardProcesses === undefined) return null;
    return {
      files: { soft: softFiles, hard: hardFiles },
      processes: { soft: softProcesses, hard: hardProcesses },
    };
  } catch {
    return null;
  }
}

/** What is no number ("unlimited", or a word that nobody foresaw) limits nothing. */
function limitOf(word: string): number {
  return /^\d+$/.test(word) ? Number(word) : Number.POSITIVE_INFINITY;
}

/** util-linux's. */
const PRLIMIT = '/usr/bin/prlimit';
const OPTIONS = { files: '--nofile', processes: '--nproc' } as const;

function raiseByProgram(what: keyof Limits, { soft, hard }: Limit): boolean {
  if (existsSync(PRLIMIT)) {
    const limit = `${OPTIONS[what]}=${inWords(soft)}:${inWords(hard)}`;
    return hasSucceeded(PRLIMIT, [`--pid=${process.pid}`, limit]);
  }
  // Without it the agent goes on with the less, but keepers can raise it for their programs.
  return what === 'files' && hasSucceeded('/bin/sh', ['-c', 'ulimit -n "$1"', 'sh', String(hard)]);
}

const inWords = (limit: number): string =>
  limit === Number.POSITIVE_INFINITY ? 'unlimited' : String(limit);

function hasSucceeded(program: string, words: readonly string[]): boolean {
  return spawnSync(program, words, { stdio: 'ignore' }).status === 0;
}
