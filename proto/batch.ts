/**
 * The heart of both daemons' drivers: one queue, one writer, one commit in flight.
 *
 * Callbacks only deliver. What has queued up is stepped as one batch, committed once, and only
 * then performed, in order. While a commit is under way inputs wait and the old state stands, so
 * nothing that is not committed is ever shown, sent or acknowledged.
 *
 * However much has queued up, sockets and timers have their turn in between: a batch is bounded, and
 * so is what is performed at a time. A program that did everything at once would be silent for
 * seconds when 10,000 agents speak, and take them for silent that it has not listened to.
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

/** Inputs of one batch. More share a commit no better: a thousand make its fsync cheap enough. */
export const BATCH_MAX = 1_000;

/** Of stepping one batch, or as long as one input takes. Its commit may take as long again. */
export const STEPPING_MAX_MS = 50;

/** Effects performed in one turn; most expensive is a frame to an agent, of some 20 µs. */
export const PERFORMED_AT_ONCE_MAX = 500;

export function createBatchLoop<State, Input, Write, Effect>(
  ports: BatchPorts<State, Input, Write, Effect>,
  initial: State,
): BatchLoop<State, Input, Write, Effect> {
  let state = initial;
  let queue: Input[] = [];
  /** A batch is being committed, or its effects performed. */
  let isBusy = false;

  function deliver(input: Input): void {
    queue.push(input);
    if (queue.length === 1 && !isBusy) ports.clock.soon(drain);
  }

  function drain(): void {
    if (isBusy || queue.length === 0) return;
    isBusy = true;
    const { step, stepped } = stepSome(queue, BATCH_MAX, STEPPING_MAX_MS);
    const batch = queue.slice(0, stepped);
    queue = queue.slice(stepped);
    ports.commit(step, batch).then((settled) => {
      state = settled.state;
      performFrom(settled.effects, 0);
    }, ports.onBroken);
  }

  function performFrom(effects: readonly Effect[], from: number): void {
    const next = from + PERFORMED_AT_ONCE_MAX;
    const isLast = next >= effects.length;
    if (isLast) isBusy = false;
    ports.perform(from === 0 && isLast ? effects : effects.slice(from, next));
    if (!isLast) ports.clock.soon(() => performFrom(effects, next));
    else if (queue.length > 0) ports.clock.soon(drain);
  }

  function stepAll(batch: readonly Input[]): Step<State, Write, Effect> {
    return stepSome(batch, batch.length, Number.POSITIVE_INFINITY).step;
  }

  /** Steps the first of these: so many at the most, and for so long. */
  function stepSome(
    inputs: readonly Input[],
    countMax: number,
    durationMaxMs: number,
  ): { readonly step: Step<State, Write, Effect>; readonly stepped: number } {
    let next = state;
    const writes: Write[] = [];
    const effects: Effect[] = [];
    let untilMs = Number.POSITIVE_INFINITY;
    let stepped = 0;
    for (const input of inputs) {
      const at = ports.clock.now();
      if (stepped === 0) untilMs = at.monotonicMs + durationMaxMs;
      if (stepped === countMax || at.monotonicMs > untilMs) break;
      const step = ports.step(next, input, at);
      next = step.state;
      // Not spread into push: a batch of a large fleet has more of them than a call has arguments.
      for (const write of step.writes) writes.push(write);
      for (const effect of step.effects) effects.push(effect);
      stepped += 1;
    }
    return { step: { state: next, writes, effects }, stepped };
  }

  return { deliver, state: () => state, stepAll };
}
