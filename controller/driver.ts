/**
 * The controller's one writer (`proto/batch.ts` is its loop): streams, calls and timers deliver
 * inputs; what the core makes of them is committed to the store and then performed, in order.
 *
 * A store without room drops the batch: its requests are answered so, and its agents' sessions are
 * ended, so that they send again what was not stored. Any other failure ends the controller; its
 * own supervisor starts it again, from what is stored.
 */
import type { Actor } from '../proto/audit.ts';
import { createBatchLoop } from '../proto/batch.ts';
import { isRefusal, type Refusal, refusal } from '../proto/errors.ts';
import type { HostQuestion, HostReport } from '../proto/host-questions.ts';
import type { Operation, OperationUpdate, Steering, Submission } from '../proto/operation.ts';
import type { OperationId } from '../proto/vocabulary.ts';
import { createAcknowledgements } from './acknowledgements.ts';
import { operationOf } from './core/execution.ts';
import { stepFleet } from './core/fleet.ts';
import type { IdentityAnswer, IdentityRequest } from './core/identities.ts';
import { findOperation } from './core/operation-queries.ts';
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
  submit(submission: Submission, by: Actor): Promise<Operation | Refusal>;
  /** Resolves to the operation as it stands once what was asked of it is committed, or refused. */
  steer(steering: Steering, by: Actor): Promise<Operation | Refusal>;
  /** Resolves when each of the hosts that the selector means has answered, or has had its time. */
  ask(question: HostQuestion, hosts: string, by: Actor): Promise<readonly HostReport[] | Refusal>;
  /** Resolves when what was asked about who is in the fleet is committed, or refused. */
  identity(request: IdentityRequest, by: Actor): Promise<IdentityAnswer | Refusal>;
  /**
   * The operation as committed now, and every update from now on.
   * @param idOrBeginning as `findOperation` takes it
   */
  watch(idOrBeginning: string, onUpdate: (update: OperationUpdate) => void): Watch | Refusal;
  /** The committed state, for queries. */
  state(): FleetState;
}

interface Watch extends Disposable {
  readonly operation: Operation;
}

type Subscriber = (update: OperationUpdate) => void;

export function createFleetDriver(ports: FleetPorts, initial: FleetState): FleetDriver {
  let lastReply: ReplyId = 0;
  let unrecorded = 0;
  const replies = new Map<ReplyId, (answer: Operation | Refusal) => void>();
  const answers = new Map<ReplyId, (answer: readonly HostReport[] | Refusal) => void>();
  const identityAnswers = new Map<ReplyId, (answer: IdentityAnswer | Refusal) => void>();
  const watchers = new Map<OperationId, Set<Subscriber>>();
  const acknowledge = createAcknowledgements(ports.links, ports.clock);
  const { deliver, state } = createBatchLoop<FleetState, FleetInput, FleetWrite, FleetEffect>(
    {
      clock: ports.clock,
      step: stepFleet,
      commit,
      perform: performAll,
      onBroken: ports.onStoreBroken,
    },
    initial,
  );

  /** @returns what now holds: the step, or the state as it was where there was no room for it */
  async function commit(step: FleetStep, batch: readonly FleetInput[]): Promise<FleetStep> {
    const isEmpty = step.writes.length === 0;
    const result = isEmpty ? 'committed' : await ports.store.commit(step.writes);
    if (result === 'committed') return step;
    for (const input of batch) turnAway(input);
    return { state: state(), writes: [], effects: [] };
  }

  function performAll(effects: readonly FleetEffect[]): void {
    for (const effect of effects) perform(effect);
  }

  function perform(effect: FleetEffect): void {
    switch (effect.kind) {
      case 'acknowledge':
        return acknowledge(effect);
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
      case 'operationTimer': {
        const { operation, timer } = effect;
        return ports.clock.after(effect.delayMs, () =>
          deliver({ kind: 'operationTimer', operation, timer }),
        );
      }
      case 'reply':
        replies.get(effect.reply)?.(effect.answer);
        replies.delete(effect.reply);
        return;
      case 'questionTimer': {
        const { question } = effect;
        return ports.clock.after(effect.delayMs, () =>
          deliver({ kind: 'questionTimedOut', question }),
        );
      }
      case 'answerQuestion':
        answers.get(effect.reply)?.(effect.answer);
        answers.delete(effect.reply);
        return;
      case 'answerIdentity':
        identityAnswers.get(effect.reply)?.(effect.answer);
        identityAnswers.delete(effect.reply);
        return;
      case 'log':
        return ports.log[effect.level](effect.details, effect.text);
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
      case 'steer':
        return perform({ kind: 'reply', reply: input.reply, answer: because });
      case 'ask':
        return perform({ kind: 'answerQuestion', reply: input.reply, answer: because });
      case 'identity':
        return perform({ kind: 'answerIdentity', reply: input.reply, answer: because });
      case 'hello':
      case 'message':
        return ports.links.close(input.connection, because);
      case 'boot':
      case 'graceOver':
      case 'operationTimer':
      case 'sessionEnded':
      case 'questionTimedOut':
      case 'configured':
        // These must not be lost; they are tried again when there may be room.
        return ports.clock.after(RETRY_WHEN_FULL_MS, () => deliver(input));
      case 'onRecord':
        return recordLater(input);
      case 'seen':
        // It is told again with a later call, and to keep each of them would take memory without end.
        return;
    }
  }

  /** Anybody with a certificate can have us keep these, as fast as calls can be refused. */
  function recordLater(input: Extract<FleetInput, { readonly kind: 'onRecord' }>): void {
    const { actor, action, detail } = input.entry;
    if (unrecorded >= UNRECORDED_MAX) {
      const details = { actor: actor.name, action, detail };
      return ports.log.error(details, 'not on record, for which the disk has no room');
    }
    unrecorded += 1;
    ports.clock.after(RETRY_WHEN_FULL_MS, () => {
      unrecorded -= 1;
      deliver(input);
    });
  }

  function submit(submission: Submission, by: Actor): Promise<Operation | Refusal> {
    return answerTo(replies, (reply) => ({ kind: 'submit', reply, submission, by }));
  }

  function steer(steering: Steering, by: Actor): Promise<Operation | Refusal> {
    return answerTo(replies, (reply) => ({ kind: 'steer', reply, steering, by }));
  }

  function ask(question: HostQuestion, hosts: string, by: Actor) {
    return answerTo(answers, (reply) => ({ kind: 'ask', reply, question, hosts, by }));
  }

  function identity(request: IdentityRequest, by: Actor): Promise<IdentityAnswer | Refusal> {
    return answerTo(identityAnswers, (reply) => ({ kind: 'identity', reply, request, by }));
  }

  function answerTo<Answer>(
    waiting: Map<ReplyId, (answer: Answer) => void>,
    asking: (reply: ReplyId) => FleetInput,
  ): Promise<Answer> {
    return new Promise((resolve) => {
      lastReply += 1;
      waiting.set(lastReply, resolve);
      deliver(asking(lastReply));
    });
  }

  function watch(idOrBeginning: string, onUpdate: Subscriber): Watch | Refusal {
    const execution = findOperation(state(), idOrBeginning);
    if (isRefusal(execution)) return execution;
    const { id } = execution.facts;
    const subscribers = watchers.get(id) ?? new Set();
    watchers.set(id, subscribers.add(onUpdate));
    return {
      operation: operationOf(execution),
      [Symbol.dispose]: () => {
        subscribers.delete(onUpdate);
        // A stream tells its end more than once; by then somebody else may be watching.
        if (subscribers.size === 0 && watchers.get(id) === subscribers) watchers.delete(id);
      },
    };
  }

  return { deliver, submit, steer, ask, identity, watch, state };
}

const RETRY_WHEN_FULL_MS = 1_000;

/** What waits for room to be put on record; what is beyond it goes to the log instead. */
const UNRECORDED_MAX = 1_000;
