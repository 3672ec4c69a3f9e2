/**
 * Looks now and then how much memory the programs with a `memory_max` have. What is measured is the
 * program's own process: those that it has started share pages with it, which a sum counts again
 * and again. What follows is the core's business.
 */
import { makeOperationId } from '../../../proto/operation-id.ts';
import type { ProcessName } from '../../../proto/vocabulary.ts';
import type { Observation } from '../../core/observe.ts';
import type { Child, ProcessRuntime } from '../../core/process.ts';
import type { ProcessTable } from './process-table.ts';

const LOOK_INTERVAL_MS = 5_000;

/** Of what was told last: less than this part more or less is no news, and would be an event each time. */
const NEWS_SHARE = 0.05;

export interface MemoryWatchOptions {
  readonly table: Pick<ProcessTable, 'isAlive' | 'residentBytesOf'>;
  readonly processes: () => Iterable<readonly [ProcessName, ProcessRuntime]>;
  readonly observe: (process: ProcessName, observation: Observation) => void;
  readonly nowMs: () => number;
  /** As many random bytes as an operation's id takes. */
  readonly chance: () => Uint8Array;
}

interface Told {
  readonly child: Child;
  readonly bytes: number;
}

export class MemoryWatch implements Disposable {
  readonly #options: MemoryWatchOptions;
  readonly #timer: NodeJS.Timeout;
  /** Of those that were looked at last. */
  #told: ReadonlyMap<ProcessName, Told> = new Map();

  constructor(options: MemoryWatchOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.look(), LOOK_INTERVAL_MS).unref();
  }

  /** Once; the timer does it every five seconds. */
  look(): void {
    const told = new Map<ProcessName, Told>();
    for (const [name, process] of this.#options.processes()) {
      const measured = this.#lookAt(name, process);
      if (measured !== null) told.set(name, measured);
    }
    this.#told = told;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  /** @returns what has been told of it by now */
  #lookAt(name: ProcessName, { state, child, definition }: ProcessRuntime): Told | null {
    const limit = definition.memoryMaxBytes;
    if (limit === null || child === null || state !== 'RUNNING') return null;
    const before = this.#told.get(name);
    const told = before?.child.startToken === child.startToken ? before : null;
    const bytes = this.#measure(child);
    if (bytes === null) return told;
    const isNews = told === null || Math.abs(bytes - told.bytes) >= told.bytes * NEWS_SHARE;
    // Above the limit it is told each time: the core may have had other things to do with it.
    if (!isNews && bytes <= limit) return told;
    const { observe, nowMs, chance } = this.#options;
    const operationId = makeOperationId(nowMs(), chance());
    observe(name, { kind: 'resident', child, bytes, operationId });
    return { child, bytes };
  }

  /** Null also where that cannot be told now; there will be another look. */
  #measure(child: Child): number | null {
    const { table } = this.#options;
    try {
      const bytes = table.residentBytesOf(child.pid);
      // Asked last: what was measured is the child's only if it is still there.
      return table.isAlive(child) ? bytes : null;
    } catch {
      return null;
    }
  }
}
