/**
 * What the agent has said of each life of each process, against what the programs wrote down: no
 * end may be unknown, none invented, and the counter of restarts must be the number of lives.
 */
import type { ProcessStatus } from '../../../proto/vocabulary.ts';
import { type Life, livesOf } from './books.ts';
import { type LoopFolders, type LoopProgram, PROGRAMS } from './programs.ts';

interface Told {
  readonly pid: number;
  /** `code 3`, `signal SEGV`, `unknown`; null: it lives, as far as the agent knows. */
  readonly end: string | null;
}

export class Ledger {
  readonly #folders: LoopFolders;
  readonly #told = new Map<string, Told[]>();
  readonly #unseen = new Set<number>();

  constructor(folders: LoopFolders) {
    this.#folders = folders;
  }

  note(changes: readonly ProcessStatus[]): void {
    for (const status of changes) this.#noteOne(status);
  }

  /** It and its keeper were killed, so nobody can say how it ended, unless it had ended just before. */
  noteUnseen(pid: number): void {
    this.#unseen.add(pid);
  }

  #noteOne(status: ProcessStatus): void {
    const { process, pid } = status;
    const told = this.#told.get(process) ?? [];
    this.#told.set(process, told);
    const last = told.at(-1);
    if (last !== undefined && last.end === null && pid !== last.pid) {
      told[told.length - 1] = { ...last, end: endIn(status) };
    }
    if (pid !== null && pid !== told.at(-1)?.pid) told.push({ pid, end: null });
  }

  /** @returns what does not agree, in words; of lives that have begun by now */
  disagreements(statuses: readonly ProcessStatus[]): readonly string[] {
    return PROGRAMS.flatMap((program) => {
      const status = statuses.find(({ process }) => process === program.process);
      if (status === undefined) return [`${program.process} is not known`];
      const lives = livesOf(this.#folders, program);
      const told = this.#told.get(program.process) ?? [];
      const seen = lives.filter(
        ({ pid }) => !this.#unseen.has(pid) || endOf(told, pid) !== 'unknown',
      );
      return [...endsThatDiffer(program, seen, told), ...countsThatDiffer(status, lives, told)];
    });
  }
}

const endOf = (told: readonly Told[], pid: number): string =>
  told.find((one) => one.pid === pid)?.end ?? 'nothing';

function endIn({ exitCode, exitSignal }: ProcessStatus): string {
  if (exitCode !== null) return `code ${exitCode}`;
  return exitSignal === null ? 'unknown' : `signal ${exitSignal}`;
}

/** The end of the last life may not have been seen yet; of one that is run once it is the only one. */
function endsThatDiffer(
  program: LoopProgram,
  lives: readonly Life[],
  told: readonly Told[],
): readonly string[] {
  const judged = program.fate === 'once' ? lives : lives.slice(0, -1);
  return judged.flatMap((life) => {
    const end = endOf(told, life.pid);
    if (life === lives.at(-1) && end === 'nothing') return [];
    if (possibleEnds(program, life).includes(end)) return [];
    const expected = possibleEnds(program, life).join(' or ');
    return [`${program.process} ${life.pid} ended with ${expected}, the agent says ${end}`];
  });
}

/** One that did not say how it would end was stopped. */
function possibleEnds({ mode, isOrdered }: LoopProgram, { end }: Life): readonly string[] {
  if (end !== null) return [`${end.kind} ${end.value}`];
  if (!isOrdered) return ['an end of its own'];
  return mode === 'stubborn' ? ['signal KILL', 'signal TERM'] : ['signal TERM'];
}

/** A life that was stopped before it could write its first line is in no book. */
function countsThatDiffer(
  { process, restarts }: ProcessStatus,
  lives: readonly Life[],
  told: readonly Told[],
): readonly string[] {
  const written = new Set(lives.map(({ pid }) => pid));
  const unwritten = told.filter(({ pid }) => !written.has(pid)).length;
  const starts = restarts + 1;
  if (starts >= lives.length && starts <= lives.length + unwritten) return [];
  return [`${process}: ${restarts} restarts, but ${lives.length} lives (${unwritten} unwritten)`];
}
