/**
 * Watches the children that cannot be waited for, because their keeper was started by an earlier
 * agent or was killed. The keeper's last act is to write the exit file, which is seen at once; a
 * keeper that was killed writes none, so its child is also looked for now and then.
 */
import { watch } from 'node:fs';
import { basename } from 'node:path';
import type { ExitStatus } from '../../core/exit-status.ts';
import type { Child } from '../../core/process.ts';
import type { Log } from '../../ports.ts';
import type { ProcessTable } from '../host/process-table.ts';
import { readExitFile } from './exit-file.ts';
import { mayRun } from './sightings.ts';

/** The exit file is watched; looking is for a keeper that was killed, or where nothing can be. */
const LOOK_INTERVAL_MS = 1_000;

interface Adopted {
  readonly child: Child;
  readonly exitFile: string;
  readonly onEnd: (exit: ExitStatus) => void;
}

export class AdoptedChildren implements Disposable {
  readonly #table: ProcessTable;
  readonly #adopted = new Map<string, Adopted>();
  readonly #runDir: string;
  readonly #log: Log;
  #stopWatching: (() => void) | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(table: ProcessTable, runDir: string, log: Log) {
    this.#table = table;
    this.#runDir = runDir;
    this.#log = log;
  }

  /** @param onEnd is called once, when neither the keeper nor the program is alive any more */
  add(child: Child, exitFile: string, onEnd: (exit: ExitStatus) => void): void {
    this.#adopted.set(basename(exitFile), { child, exitFile, onEnd });
    // Before the first look, so that nothing is missed between the two.
    this.#stopWatching ??= this.#watch();
    this.#look();
  }

  [Symbol.dispose](): void {
    this.#stopWatching?.();
    this.#stopWatching = null;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#adopted.clear();
  }

  /** The kernel gives out few watches (inotify(7)); without one, ends are seen by looking. */
  #watch(): () => void {
    const complain = (error: unknown): void => {
      this.#log.warn(
        { error: String(error) },
        'run_dir cannot be watched; looking now and then instead',
      );
    };
    try {
      const watcher = watch(this.#runDir, { persistent: false }, (_event, file) => {
        const adopted = file === null ? undefined : this.#adopted.get(file);
        if (adopted !== undefined) this.#readExit(adopted);
      });
      watcher.on('error', complain);
      return () => watcher.close();
    } catch (error) {
      complain(error);
      return () => undefined;
    }
  }

  /** Of an agent's own children nothing is to be seen here, and each start and end would wake it. */
  #rest(): void {
    if (this.#adopted.size > 0) return;
    this.#stopWatching?.();
    this.#stopWatching = null;
  }

  #readExit(adopted: Adopted): void {
    const exit = readExitFile(adopted.exitFile);
    if (exit.kind !== 'unknown') this.#end(adopted, exit);
  }

  #look(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (const adopted of [...this.#adopted.values()]) {
      if (!mayRun(this.#table, adopted.child)) this.#end(adopted, readExitFile(adopted.exitFile));
    }
    if (this.#adopted.size > 0) this.#timer = setTimeout(() => this.#look(), LOOK_INTERVAL_MS);
  }

  #end(adopted: Adopted, exit: ExitStatus): void {
    if (!this.#adopted.delete(basename(adopted.exitFile))) return;
    this.#rest();
    adopted.onEnd(exit);
  }
}
