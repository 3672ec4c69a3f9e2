/**
 * Finds the families of programs (`descendants.ts`) in this host's process table, and knows who is
 * a stranger to each: the agent, the keepers and every other program.
 */
import { pid as agentPid } from 'node:process';
import type { ProcessName } from '../../../proto/vocabulary.ts';
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
  /** Pids of all keepers, and of all programs but this one. */
  readonly strangersOf: (process: ProcessName) => Iterable<number>;
}

export class Families {
  readonly #options: FamiliesOptions;
  #forest: ProcessForest | null = null;

  constructor(options: FamiliesOptions) {
    this.#options = options;
  }

  /**
   * @param known as it was found last
   * @throws where the table cannot be read
   */
  find(process: ProcessName, child: Child, known: Family): Family {
    const forest = this.#read();
    return findFamily(forest, known, this.#strangersTo(process, child, forest));
  }

  /** One reading for all that are stopped, or looked at, in the same turn. */
  #read(): ProcessForest {
    if (this.#forest === null) {
      this.#forest = forestOf(this.#options.table.snapshot());
      queueMicrotask(() => {
        this.#forest = null;
      });
    }
    return this.#forest;
  }

  #strangersTo(process: ProcessName, { keeperPid }: Child, { byPid }: ProcessForest): Strangers {
    const { strangersOf } = this.#options;
    const pids = new Set([0, 1, this.#options.agentPid, ...strangersOf(process)]);
    // Without setsid(1) a program is in the session of its keeper.
    const leading = [...pids].filter((pid) => pid !== keeperPid);
    const sessions = new Set(leading.map((pid) => byPid.get(pid)?.session ?? pid));
    return { pids, sessions };
  }
}

export function openFamilies(table: ProcessTable, attendances: Attendances): Families {
  const strangersOf = (process: ProcessName): readonly number[] =>
    attendances.all().flatMap(({ definition, keeper, child }) => {
      const program = definition.process === process ? undefined : child?.pid;
      return [keeper?.pid, child?.keeperPid, program].filter((pid) => pid !== undefined);
    });
  return new Families({ table, agentPid, strangersOf });
}
