/**
 * The processes of this host as ps(1) tells them, for every UNIX without Linux's /proc. Starting
 * ps takes longer than all that it tells, so it is asked for every process at once, and its answer
 * serves whoever asks within the next moment: 200 programs that are started, or looked for, at the
 * same time take a few runs of ps, not hundreds.
 *
 * Why an answer that is a moment old names no wrong process:
 *   - That a process is not there is never concluded from it where the process may be younger than
 *     the answer (`startTokenOf` asks again). One that was there before and is missing has ended.
 *   - That a pid is still the same process could be wrong only if that one ended and the kernel came
 *     round to its pid again within the moment. `lstart` has whole seconds, so a pid that comes
 *     round that fast would not be told apart by an answer of this instant either.
 */
import { execFileSync } from 'node:child_process';
import type { ProcessEntry, ProcessTable } from './process-table.ts';

/** Far below the second that start times are told to. */
const RECENT_MS = 50;

/** About a hundred bytes for each process. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

/** Start times are told in words and in local time; both must not depend on who asks. */
const PS_ENVIRONMENT = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC0' };

interface Surroundings {
  /** @returns what ps says to these arguments. @throws where it fails */
  readonly ps: (words: readonly string[]) => string;
  readonly nowMs: () => number;
}

type Row = ProcessEntry & { readonly residentBytes: number };

export function posixProcessTable(
  { ps, nowMs }: Surroundings = { ps: runPs, nowMs: () => performance.now() },
): ProcessTable {
  const words = ['-A', ...fields('pid', 'ppid', sessionField(ps), 'pgid', 'rss', 'stat', 'lstart')];
  let known: ReadonlyMap<number, Row> = new Map();
  let knownAtMs = Number.NEGATIVE_INFINITY;
  const isRecent = (): boolean => nowMs() - knownAtMs <= RECENT_MS;
  const ask = (): ReadonlyMap<number, Row> => {
    known = parseRows(ps(words));
    knownAtMs = nowMs();
    return known;
  };
  const recent = (): ReadonlyMap<number, Row> => (isRecent() ? known : ask());
  const startTokenOf = (pid: number): string | null => {
    const remembered = isRecent() ? known.get(pid) : undefined;
    return living(remembered ?? ask().get(pid))?.startToken ?? null;
  };
  return {
    bootId: startTokenOf(1) ?? 'unknown',
    selfPath: null,
    startTokenOf,
    isAlive: ({ pid, startToken }) => living(recent().get(pid))?.startToken === startToken,
    snapshot: () => [...ask().values()],
    residentBytesOf: (pid) => living(recent().get(pid))?.residentBytes ?? null,
  };
}

function living(row: Row | undefined): Row | undefined {
  return row?.isDead === true ? undefined : row;
}

/**
 * Of Linux, FreeBSD and NetBSD; macOS has only `sess`, which is an address in its kernel or 0. There
 * the group stands in: then a descendant that is an orphan in a group of its own is not found.
 */
function sessionField(ps: Surroundings['ps']): 'sid' | 'pgid' {
  try {
    const answer = ps([...fields('sid'), '-p', String(process.pid)]);
    return /^\s*\d+\s*$/.test(answer) ? 'sid' : 'pgid';
  } catch {
    return 'pgid';
  }
}

/** Each by itself: after `=` the BSDs take the rest of the word, commas and all, for a title. */
function fields(...names: readonly string[]): readonly string[] {
  return names.flatMap((name) => ['-o', `${name}=`]);
}

/** The start time comes last, because there are blanks in it; `-` where the kernel has none. */
const ROW = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\S.*?)\s*$/;

function parseRows(answer: string): ReadonlyMap<number, Row> {
  const rows = new Map<number, Row>();
  for (const line of answer.split('\n')) {
    const [, pid, parentPid, session, group, kibibytes, state, startToken] = ROW.exec(line) ?? [];
    if (pid === undefined || startToken === undefined) continue;
    rows.set(Number(pid), {
      pid: Number(pid),
      startToken,
      parentPid: Number(parentPid),
      session: Number(session),
      group: Number(group),
      isDead: state?.startsWith('Z') === true,
      residentBytes: Number(kibibytes) * 1024,
    });
  }
  if (rows.size === 0) throw new Error('ps names no process');
  return rows;
}

function runPs(words: readonly string[]): string {
  return execFileSync('ps', words, {
    encoding: 'utf8',
    env: PS_ENVIRONMENT,
    maxBuffer: ANSWER_BYTES_MAX,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}
