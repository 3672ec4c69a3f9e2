/** The programs of one simulated host. They exist on paper only, but they take their time. */
import type { ProcessDefinition } from '../../agent/core/definition.ts';
import type { ExitStatus } from '../../agent/core/exit-status.ts';
import type { Child, ProcessInput, SignalResult } from '../../agent/core/process.ts';
import type { Children } from '../../agent/ports.ts';
import type { ProcessName } from '../../proto/vocabulary.ts';
import { aChild, exitCode, killedBy } from '../fakes/agent-process.ts';
import { type Behaviour, drawMs, type Fate } from './behaviour.ts';

export interface PaperChildrenOptions {
  readonly behaviour: () => Behaviour;
  readonly fate: () => Fate;
  readonly chance: () => number;
  readonly deliver: (process: ProcessName, input: ProcessInput) => void;
}

/** The signals that end a program which does not handle any. */
const ENDING_SIGNALS: ReadonlySet<string> = new Set(['TERM', 'KILL', 'INT', 'QUIT', 'HUP']);

export class PaperChildren implements Children {
  readonly #options: PaperChildrenOptions;
  readonly #running = new Map<ProcessName, Child>();
  #lastPid = 1_000;

  constructor(options: PaperChildrenOptions) {
    this.#options = options;
  }

  /** A program that has been up since before anybody looked. */
  alreadyRunning(process: ProcessName): Child {
    this.#lastPid += 1;
    const child = aChild(this.#lastPid);
    this.#running.set(process, child);
    return child;
  }

  locate(): null {
    return null;
  }

  examine(): null {
    return null;
  }

  spawn({ process }: ProcessDefinition): void {
    const { behaviour, chance, deliver } = this.#options;
    const ready = (): void =>
      deliver(process, { kind: 'spawned', child: this.alreadyRunning(process) });
    setTimeout(ready, drawMs(behaviour().spawn, chance));
  }

  release(process: ProcessName): void {
    const { behaviour, chance, fate } = this.#options;
    const child = this.#running.get(process);
    if (child === undefined || fate() !== 'crashes') return;
    const { crash, lastLines } = behaviour();
    this.#endAfter(drawMs(crash, chance), process, child, exitCode(1), lastLines);
  }

  abandon(process: ProcessName): void {
    const child = this.#running.get(process);
    if (child !== undefined) this.#endAfter(0, process, child, { kind: 'neverRan' }, []);
  }

  adopt(): void {}
  redefine(): void {}
  forget(): void {}

  stop(_process: ProcessName, child: Child, signal: string): SignalResult {
    return this.signal(child, signal);
  }

  signal(child: Child, signal: string): SignalResult {
    const { behaviour, chance } = this.#options;
    const found = [...this.#running].find(([, running]) => running.pid === child.pid);
    if (found === undefined) return { kind: 'gone' };
    if (ENDING_SIGNALS.has(signal)) {
      const afterMs = signal === 'KILL' ? 0 : drawMs(behaviour().stop, chance);
      this.#endAfter(afterMs, found[0], child, killedBy(signal), []);
    }
    return { kind: 'delivered' };
  }

  #endAfter(
    delayMs: number,
    process: ProcessName,
    child: Child,
    exit: ExitStatus,
    lastLines: readonly string[],
  ): void {
    setTimeout(() => {
      if (this.#running.get(process)?.pid !== child.pid) return;
      this.#running.delete(process);
      this.#options.deliver(process, { kind: 'exited', exit, lastLines });
    }, delayMs);
  }
}
