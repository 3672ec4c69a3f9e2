/**
 * The heart of both daemons' drivers: one queue, one writer, one commit in flight.
 *
 * Callbacks only deliver. What has queued up is stepped as one batch, committed once, and only
 * then performed, in order. While a commit is under way inputs wait and the old state stands, so
 * nothing that is not committed is ever shown, sent or acknowledged.
 */
import type { Instant } from './instant.ts';

export interface Step<State, Write, Effect> {
  readonly state: State;
  /** To be committed before any effect is performed. */
  readonly writes: readonly Write[];
  /** To be performed in this order. */
  readonly effects: readonly Effect[];
}

export interface BatchPorts<State, Input, Write, Effect> {
  readonly clock: {
    now(): Instant;
    /** After the callbacks that are due already, so that what they deliver shares one batch. */
    soon(callback: () => void): void;
  };
  /** Pure. */
  readonly step: (state: State, input: Input, at: Instant) => Step<State, Write, Effect>;
  /**
   * Makes a batch's step durable and resolves to what holds then: that step, or another one where
   * it could not be committed. Rejects where the program cannot go on.
   */
  readonly commit: (
    step: Step<State, Write, Effect>,
    batch: readonly Input[],
  ) => Promise<Step<State, Write, Effect>>;
  readonly perform: (effects: readonly Effect[]) => void;
  readonly onBroken: (error: unknown) => void;
}

export interface BatchLoop<State, Input, Write, Effect> {
  deliver(input: Input): void;
  /** As committed. */
  state(): State;
  /** Steps inputs one after another from the committed state; changes nothing. */
  stepAll(batch: readonly Input[]): Step<State, Write, Effect>;
}

export function createBatchLoop<State, Input, Write, Effect>(
  ports: BatchPorts<State, Input, Write, Effect>,
  initial: State,
): BatchLoop<State, Input, Write, Effect> {
  let state = initial;
  let queue: Input[] = [];
  let isCommitting = false;

  function deliver(input: Input): void {
    queue.push(input);
    if (queue.length === 1 && !isCommitting) ports.clock.soon(drain);
  }

  function drain(): void {
    if (isCommitting || queue.length === 0) return;
    const batch = queue;
    queue = [];
    isCommitting = true;
    ports.commit(stepAll(batch), batch).then((settled) => {
      isCommitting = false;
      state = settled.state;
      ports.perform(settled.effects);
      if (queue.length > 0) ports.clock.soon(drain);
    }, ports.onBroken);
  }

  function stepAll(batch: readonly Input[]): Step<State, Write, Effect> {
    let next = state;
    const writes: Write[] = [];
    const effects: Effect[] = [];
    for (const input of batch) {
      const step = ports.step(next, input, ports.clock.now());
      next = step.state;
      // Not spread into push: a batch of a large fleet has more of them than a call has arguments.
      for (const write of step.writes) writes.push(write);
      for (const effect of step.effects) effects.push(effect);
    }
    return { state: next, writes, effects };
  }

  return { deliver, state: () => state, stepAll };
}
