/**
 * Finds the families of programs (`descendants.ts`) in this host's process table, and knows who is
 * a stranger to each: the agent, the keepers and every other program.
 */
import { pid as agentPid } from 'node:process';
import type { Child } from '../../core/process.ts';
import type { ProcessTable } from '../host/process-table.ts';
import type { Attendances } from './attendances.ts';
import {
  type Family,
  findFamily,
  forestOf,
  type ProcessForest,
  type Strangers,
} from './descendants.ts';

export interface FamiliesOptions {
  readonly table: Pick<ProcessTable, 'snapshot'>;
  readonly agentPid: number;
  /** Pids of all keepers and programs. */
  readonly ownPids: () => Iterable<number>;
}

/** Everybody who is a stranger to some program, read once for all that are stopped in one turn. */
interface Reading {
  readonly forest: ProcessForest;
  readonly pids: ReadonlySet<number>;
  /** How many of those are in each session. */
  readonly sessions: ReadonlyMap<number, number>;
}

export class Families {
  readonly #options: FamiliesOptions;
  #reading: Reading | null = null;

  constructor(options: FamiliesOptions) {
    this.#options = options;
  }

  /**
   * @param known as it was found last
   * @throws where the table cannot be read
   */
  find(child: Child, known: Family): Family {
    const reading = this.#read();
    return findFamily(reading.forest, known, strangersTo(child, reading));
  }

  /** One reading for all that are stopped, or looked at, in the same turn. */
  #read(): Reading {
    if (this.#reading === null) {
      this.#reading = this.#readNow();
      queueMicrotask(() => {
        this.#reading = null;
      });
    }
    return this.#reading;
  }

  #readNow(): Reading {
    const forest = forestOf(this.#options.table.snapshot());
    const pids = new Set([0, 1, this.#options.agentPid, ...this.#options.ownPids()]);
    const sessions = new Map<number, number>();
    for (const pid of pids) {
      const session = sessionOf(pid, forest);
      sessions.set(session, (sessions.get(session) ?? 0) + 1);
    }
    return { forest, pids, sessions };
  }
}

/**
 * All but the program itself; nor do its keeper's session count, which without setsid(1) is its own.
 * Not a set for each program: with a thousand of them those would be a million numbers.
 */
function strangersTo({ pid, keeperPid }: Child, { forest, pids, sessions }: Reading): Strangers {
  const close = new Set([pid, keeperPid].filter((one) => pids.has(one)));
  const theirs = [...close].map((one) => sessionOf(one, forest));
  const without = (session: number) => theirs.filter((one) => one === session).length;
  return {
    pids: { has: (one) => one !== pid && pids.has(one) },
    sessions: { has: (one) => (sessions.get(one) ?? 0) > without(one) },
  };
}

function sessionOf(pid: number, { byPid }: ProcessForest): number {
  return byPid.get(pid)?.session ?? pid;
}

export function openFamilies(table: ProcessTable, attendances: Attendances): Families {
  const ownPids = (): readonly number[] =>
    attendances
      .all()
      .flatMap(({ keeper, child }) => [keeper?.pid, child?.keeperPid, child?.pid])
      .filter((pid) => pid !== undefined);
  return new Families({ table, agentPid, ownPids });
}
