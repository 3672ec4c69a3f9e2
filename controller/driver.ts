/**
 * The controller's one writer. Streams, calls and timers only enqueue; the driver steps what has
 * queued up as one batch, commits it once, and only then performs the effects, in order. While a
 * commit is under way inputs wait and the old state stands: nothing uncommitted is ever shown,
 * sent or acknowledged.
 *
 * A store without room drops the batch: its requests are answered so, and its agents' sessions are
 * ended, so that they send again what was not stored. Any other failure ends the controller; its
 * own supervisor starts it again, from what is stored.
 */
import { type Refusal, refusal } from '../proto/errors.ts';
import type {
  Operation,
  OperationId,
  OperationRequest,
  OperationUpdate,
} from '../proto/vocabulary.ts';
import { stepFleet } from './core/fleet.ts';
import type { ConnectionId } from './core/host.ts';
import type {
  FleetEffect,
  FleetInput,
  FleetState,
  FleetStep,
  FleetWrite,
  ReplyId,
} from './core/state.ts';
import type { AgentLinks, Clock, Log, Store } from './ports.ts';

export interface FleetPorts {
  readonly clock: Clock;
  readonly store: Store;
  readonly links: AgentLinks;
  readonly log: Log;
  /** The store is broken; nothing may be promised any more. */
  readonly onStoreBroken: (error: unknown) => void;
}

export interface FleetDriver {
  deliver(input: FleetInput): void;
  /** Resolves when the operation is committed, or refused. */
  submit(request: OperationRequest, requestedBy: string): Promise<Operation | Refusal>;
  /** The operation as committed now, and every update from now on; undefined if not known. */
  watch(id: OperationId, onUpdate: (update: OperationUpdate) => void): Watch | undefined;
  /** The committed state, for queries. */
  state(): FleetState;
}

export interface Watch extends Disposable {
  readonly operation: Operation;
}

type Subscriber = (update: OperationUpdate) => void;

export function createFleetDriver(ports: FleetPorts, initial: FleetState): FleetDriver {
  let state = initial;
  let queue: FleetInput[] = [];
  let isBusy = false;
  let lastReply: ReplyId = 0;
  const replies = new Map<ReplyId, (answer: Operation | Refusal) => void>();
  const watchers = new Map<OperationId, Set<Subscriber>>();

  function deliver(input: FleetInput): void {
    queue.push(input);
    if (queue.length === 1 && !isBusy) ports.clock.soon(drain);
  }

  function drain(): void {
    if (isBusy || queue.length === 0) return;
    const batch = queue;
    queue = [];
    isBusy = true;
    const step = stepBatch(state, batch);
    commit(step.writes).then((result) => {
      isBusy = false;
      if (result === 'committed') {
        state = step.state;
        performAll(step.effects);
      } else {
        for (const input of batch) turnAway(input);
      }
      if (queue.length > 0) ports.clock.soon(drain);
    }, ports.onStoreBroken);
  }

  function stepBatch(from: FleetState, batch: readonly FleetInput[]): FleetStep {
    let next = from;
    const writes: FleetWrite[] = [];
    const effects: FleetEffect[] = [];
    for (const input of batch) {
      const step = stepFleet(next, input, ports.clock.now());
      next = step.state;
      for (const write of step.writes) writes.push(write);
      for (const effect of step.effects) effects.push(effect);
    }
    return { state: next, writes, effects };
  }

  async function commit(writes: readonly FleetWrite[]) {
    return writes.length === 0 ? 'committed' : ports.store.commit(writes);
  }

  function performAll(effects: readonly FleetEffect[]): void {
    const acknowledgements = new Map<ConnectionId, Extract<FleetEffect, { kind: 'acknowledge' }>>();
    for (const effect of effects) {
      if (effect.kind === 'acknowledge') acknowledgements.set(effect.connection, effect);
      else perform(effect);
    }
    for (const { connection, sessionEpoch, seq } of acknowledgements.values()) {
      ports.links.send(connection, { kind: 'acknowledgement', sessionEpoch, seq });
    }
  }

  function perform(effect: Exclude<FleetEffect, { kind: 'acknowledge' }>): void {
    switch (effect.kind) {
      case 'send':
        return ports.links.send(effect.connection, effect.message);
      case 'close':
        return ports.links.close(effect.connection, effect.because);
      case 'graceTimer': {
        const { host, lossCount } = effect;
        return ports.clock.after(effect.delayMs, () =>
          deliver({ kind: 'graceOver', host, lossCount }),
        );
      }
      case 'reply':
        replies.get(effect.reply)?.(effect.answer);
        replies.delete(effect.reply);
        return;
      case 'publish':
        for (const notify of watchers.get(effect.operation) ?? []) notify(effect.update);
        return;
    }
  }

  function turnAway(input: FleetInput): void {
    const because = refusal('exhausted', 'the controller has no room to store this', {
      cause: 'the disk of its state_dir is full',
      fix: 'make room there; what was refused was neither stored nor done',
    });
    switch (input.kind) {
      case 'submit':
        return perform({ kind: 'reply', reply: input.reply, answer: because });
      case 'hello':
      case 'message':
        return ports.links.close(input.connection, because);
      case 'boot':
      case 'graceOver':
      case 'sessionEnded':
        // These must not be lost; they are tried again when there may be room.
        return ports.clock.after(RETRY_WHEN_FULL_MS, () => deliver(input));
    }
  }

  function submit(request: OperationRequest, requestedBy: string): Promise<Operation | Refusal> {
    return new Promise((resolve) => {
      lastReply += 1;
      replies.set(lastReply, resolve);
      deliver({ kind: 'submit', reply: lastReply, request, requestedBy });
    });
  }

  function watch(id: OperationId, onUpdate: Subscriber): Watch | undefined {
    const operation = state.operations.get(id)?.operation;
    if (operation === undefined) return undefined;
    const subscribers = watchers.get(id) ?? new Set();
    watchers.set(id, subscribers.add(onUpdate));
    return {
      operation,
      [Symbol.dispose]: () => {
        subscribers.delete(onUpdate);
        if (subscribers.size === 0) watchers.delete(id);
      },
    };
  }

  return { deliver, submit, watch, state: () => state };
}

const RETRY_WHEN_FULL_MS = 1_000;
