/**
 * The holder: a small shell, one for each agent, that has the FIFOs of every program's output open
 * and does nothing with them. A pipe loses what is in it when nobody has it open any more. While a
 * program runs, its keeper has; but what it printed last, and what is printed by processes that it
 * left behind, would be lost if it ended while no agent runs. So it stays in the pipe, up to the
 * 64 KiB that the kernel keeps for it, and the next agent finds it.
 *
 * A holder gets its descriptors when it is forked, all of them and no others, and no more later. So
 * where a FIFO is made that it has not, another one takes over: first it is there, then the earlier
 * one is ended, be that of this agent or of the one before it. As of a program nobody must be unknown,
 * it waits at a gate until it is on record, and is gone if the agent dies before that.
 *
 * Where descriptors do not suffice, as many FIFOs are held as there are descriptors: an agent that
 * cannot have two for each process open cannot start those processes either.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../../proto/errors.ts';
import type { Log } from '../../ports.ts';
import type { ProcessTable } from '../host/process-table.ts';
import { makeFifos } from './fifos.ts';
import { type HolderIdentity, HolderRecord } from './holder-record.ts';
import { sendSignal } from './send-signal.ts';
import { ensureDescriptorsLeft, SPARE_DESCRIPTORS } from './spare-descriptors.ts';

/** Behind the gate it waits at a FIFO of its own, which is open on both sides, so it never ends. */
const HOLDER = `
read -r FLEETVISOR_GATE || exit 0
exec <>"$1"
while read -r FLEETVISOR_GATE; do :; done
`;

/** In `ps`. */
const TITLE = 'holder of output';

/** It takes two things to lose a line, its end and the agent's; and it may be ended again and again. */
const AGAIN_MS = 1_000;

export interface OutputHolderOptions {
  readonly runDir: string;
  readonly table: Pick<ProcessTable, 'bootId' | 'startTokenOf'>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly log: Pick<Log, 'warn' | 'error'>;
}

export class OutputHolder implements Disposable {
  readonly #options: OutputHolderOptions;
  readonly #record: HolderRecord;
  readonly #idleFifo: string;
  readonly #fifos = new Set<string>();
  #holder: ChildProcess | null = null;
  #isComplete = false;
  #hasComplained = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: OutputHolderOptions) {
    this.#options = options;
    this.#record = new HolderRecord(options.runDir);
    this.#idleFifo = join(options.runDir, 'holder.idle');
  }

  /** These are new, or others than those that had their names; held from the next `complete` on. */
  add(fifos: readonly string[]): void {
    for (const fifo of fifos) this.#fifos.add(fifo);
    this.#isComplete = false;
  }

  /** They are going to be removed; the holder that there is does not mind. */
  drop(fifos: readonly string[]): void {
    for (const fifo of fifos) this.#fifos.delete(fifo);
  }

  /**
   * Before anything is read from the FIFOs, and before a program that prints into new ones is let go:
   * then one holder more does for all that were started together. Where there can be none, programs
   * run nevertheless.
   */
  complete(): void {
    if (this.#isComplete) return;
    try {
      this.#replace();
    } catch (error) {
      this.#failed(messageOf(error));
    }
  }

  /** Every process has ended, and all that they printed is read: nothing is left behind. */
  end(): void {
    this[Symbol.dispose]();
    const left = this.#endAll(this.#record.read());
    if (left.length > 0) return;
    for (const path of [this.#record.path, this.#idleFifo]) rmSync(path, { force: true });
  }

  /** The agent ends and the holder does not: that is what it is for. */
  [Symbol.dispose](): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#holder = null;
    this.#isComplete = true;
  }

  #replace(): void {
    const { table } = this.#options;
    const earlier = this.#record.read();
    makeFifos([this.#idleFifo]);
    const holder = this.#fork();
    const gate = holder.stdin;
    // It is told by the event `error` why there is none.
    if (holder.pid === undefined || gate === null) return;
    try {
      const startToken = table.startTokenOf(holder.pid);
      if (startToken === null) throw new Error('it ended at once');
      const { bootId } = table;
      this.#record.write([...earlier, { pid: holder.pid, startToken, bootId }]);
    } catch (error) {
      gate.destroy();
      throw error;
    }
    this.#holder = holder;
    this.#isComplete = true;
    this.#hasComplained = false;
    gate.end('go\n', (error?: Error | null) => {
      gate.destroy();
      // Only now nothing depends on them any more; where this has been ended too, they have been.
      if (!error && this.#holder === holder) this.#endAll(earlier);
    });
  }

  #fork(): ChildProcess {
    const descriptors = this.#openFifos();
    try {
      const holder = spawn('/bin/sh', ['-c', HOLDER, TITLE, this.#idleFifo], {
        cwd: '/',
        env: this.#options.environment,
        detached: true,
        stdio: ['pipe', 'ignore', 'ignore', ...descriptors],
      });
      holder.unref();
      holder.stdin?.on('error', () => undefined);
      holder.once('error', (error) => this.#failed(messageOf(error)));
      holder.once('exit', () => {
        if (this.#holder === holder) this.#failed('it ended');
      });
      return holder;
    } finally {
      for (const descriptor of descriptors) closeSync(descriptor);
    }
  }

  /**
   * Each has the lowest number that is free, so none is in the way of another one's place in the
   * holder, and no further descriptors are needed to put them there.
   */
  #openFifos(): readonly number[] {
    const descriptors: number[] = [];
    try {
      for (const path of this.#fifos) {
        const descriptor = openIfThere(path);
        if (descriptor !== null) descriptors.push(descriptor);
      }
      ensureDescriptorsLeft();
    } catch (error) {
      for (const descriptor of descriptors.splice(-SPARE_DESCRIPTORS)) closeSync(descriptor);
      const facts = { error: messageOf(error), held: descriptors.length, of: this.#fifos.size };
      this.#options.log.warn(facts, 'not every FIFO can be kept open while no agent runs');
    }
    return descriptors;
  }

  #failed(why: string): void {
    this.#holder = null;
    this.#isComplete = false;
    if (!this.#hasComplained) {
      const text = 'nobody keeps the FIFOs open: without an agent, last words would be lost';
      this.#options.log.error({ error: why }, text);
    }
    this.#hasComplained = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.complete(), AGAIN_MS).unref();
  }

  /** @returns those that live on, as far as can be told; only they stay on record */
  #endAll(holders: readonly HolderIdentity[]): readonly HolderIdentity[] {
    const left = holders.filter((holder) => !this.#isGone(holder));
    const gone = holders.filter((holder) => !left.includes(holder));
    const isGone = (one: HolderIdentity): boolean => gone.some((other) => isSame(one, other));
    try {
      this.#record.write(this.#record.read().filter((one) => !isGone(one)));
    } catch {
      // Who is gone is then still on record, which does no harm.
    }
    return left;
  }

  /** Its pid may be somebody else's by now. */
  #isGone({ pid, startToken, bootId }: HolderIdentity): boolean {
    const { table } = this.#options;
    if (bootId !== table.bootId) return true;
    try {
      if (table.startTokenOf(pid) !== startToken) return true;
    } catch {
      return false;
    }
    return sendSignal('KILL', pid).kind !== 'failed';
  }
}

/** Not by the pid alone: one of an earlier boot may have had that of the one that is alive. */
function isSame(one: HolderIdentity, other: HolderIdentity): boolean {
  const { pid, startToken, bootId } = other;
  return one.pid === pid && one.startToken === startToken && one.bootId === bootId;
}

/** As the agent opens them; the holder's are others, so that none of its own flags reach it. */
const FIFO_FLAGS = constants.O_RDWR | constants.O_NONBLOCK;

/** One that was removed is made again, and held, before it is used. */
function openIfThere(path: string): number | null {
  try {
    return openSync(path, FIFO_FLAGS);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
