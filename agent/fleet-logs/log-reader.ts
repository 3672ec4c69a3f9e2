/**
 * One request for logs: tells what is there, one log after another, and then what is added to any of
 * them, in turns, so that one that prints a lot silences no other. Takes part of the agent's time
 * only while whoever asked has room for more.
 */

import { messageOf } from '../../proto/errors.ts';
import type { LogBlock, LogsEnd } from '../../proto/log-messages.ts';
import type { LogSource, Share, Step } from './log-source.ts';
import type { ReaderNotes } from './reader-notes.ts';

export interface ReaderOptions {
  readonly sources: readonly LogSource[];
  readonly follow: boolean;
  readonly creditBytes: number;
  readonly notes: ReaderNotes;
}

export type ReaderStep =
  | { readonly kind: 'block'; readonly block: LogBlock }
  | { readonly kind: 'note'; readonly note: string }
  | { readonly kind: 'working' }
  /** Until it gets more credit, or is woken. */
  | { readonly kind: 'resting' }
  | { readonly kind: 'end'; readonly end: LogsEnd };

export class LogReader {
  readonly followed: number;
  readonly #notes: ReaderNotes;
  readonly #follow: boolean;
  /** Those whose history is still to be told; the first is being told. */
  readonly #untold: LogSource[];
  readonly #following: LogSource[] = [];
  /** Of those that follow: what is to be looked at, in turn. */
  readonly #awake = new Set<LogSource>();
  #creditBytes: number;
  #hasNoted = false;

  constructor({ sources, follow, creditBytes, notes }: ReaderOptions) {
    this.followed = follow ? sources.length : 0;
    this.#untold = [...sources].reverse();
    this.#follow = follow;
    this.#creditBytes = creditBytes;
    this.#notes = notes;
  }

  addCredit(bytes: number): void {
    this.#creditBytes = Math.min(Number.MAX_SAFE_INTEGER, this.#creditBytes + bytes);
  }

  /** The logs may have grown. */
  wake(): void {
    for (const source of this.#following) this.#awake.add(source);
  }

  step(nowMs: () => number): ReaderStep {
    if (this.#untold.length === 0) {
      const note = this.#hasNoted ? null : this.#notes.text();
      this.#hasNoted = true;
      if (note !== null) return { kind: 'note', note };
      if (!this.#follow) return { kind: 'end', end: { error: null } };
    }
    if (this.#creditBytes === 0) return { kind: 'resting' };
    const share = { roomBytes: this.#creditBytes, nowMs };
    const untold = this.#untold.at(-1);
    const [awake] = this.#awake;
    const source = untold ?? awake;
    if (source === undefined) return { kind: 'resting' };
    try {
      return source === untold
        ? this.#stepUntold(source, share)
        : this.#stepFollowing(source, share);
    } catch (error) {
      // A disk that fails, or a file that its owner has made longer than any can be.
      const why = `the log of ${source.name.process} cannot be read: ${messageOf(error)}`;
      return { kind: 'end', end: { error: why } };
    }
  }

  #stepUntold(source: LogSource, share: Share): ReaderStep {
    const step = source.step(share);
    switch (step.kind) {
      case 'block':
        return this.#give(source, step);
      case 'full':
        return { kind: 'resting' };
      case 'historyTold':
        this.#untold.pop();
        this.#notes.addDoubts(source.name.process, source.doubts());
        if (this.#follow) {
          this.#following.push(source);
          this.#awake.add(source);
        }
        return { kind: 'working' };
      case 'working':
      case 'waiting':
        return { kind: 'working' };
    }
  }

  #stepFollowing(source: LogSource, share: Share): ReaderStep {
    const step = source.step(share);
    if (step.kind === 'full') return { kind: 'resting' };
    this.#awake.delete(source);
    if (step.kind !== 'waiting') this.#awake.add(source);
    return step.kind === 'block' ? this.#give(source, step) : { kind: 'working' };
  }

  #give(
    { name }: LogSource,
    { data, skippedBytes, skippedMore }: Extract<Step, { readonly kind: 'block' }>,
  ): ReaderStep {
    this.#creditBytes -= data.byteLength;
    return { kind: 'block', block: { ...name, data, skippedBytes, skippedMore } };
  }
}
