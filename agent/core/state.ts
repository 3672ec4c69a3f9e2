/**
 * The agent's whole state, what can happen to it, what it makes durable and what it has done.
 * `agent.ts` is the entry; the neighbours it calls work on one `Turn`, the scratch pad of one step.
 */

import type { Step } from '../../proto/batch.ts';
import type { Instant } from '../../proto/instant.ts';
import type { PersistentMap } from '../../proto/persistent-map.ts';
import type {
  AgentMessage,
  ControllerMessage,
  ProcessName,
  ProcessStatus,
  SequencedEvent,
} from '../../proto/vocabulary.ts';
import type { ExitStatus } from './exit-status.ts';
import type { FifoQueue } from './fifo-queue.ts';
import type { Direction, Sequence } from './order.ts';
import type { Outbox } from './outbox.ts';
import type { Child, ProcessEffect, ProcessInput, ProcessRuntime } from './process.ts';
import type { TargetRecord } from './target.ts';

/** `operation verb process`: one target, unique on this host. */
export type TargetKey = string;

/** The verb is part of it because an operation with a full stop has two targets of one process. */
export type TargetId = Pick<TargetRecord, 'operationId' | 'verb' | 'process'>;

export const targetKey = ({ operationId, verb, process }: TargetId): TargetKey =>
  `${operationId} ${verb} ${process}`;

/** The maps keep no order: where one matters, it is `inStartOrder` or that of a queue. */
export interface AgentState {
  readonly processes: PersistentMap<ProcessName, ProcessRuntime>;
  readonly targets: PersistentMap<TargetKey, TargetRecord>;
  /** Every target once: in turn they are looked at for whether they may be forgotten. */
  readonly remembered: FifoQueue<TargetKey>;
  /** Open targets of each process as they were accepted; the first one is being carried out. */
  readonly queues: PersistentMap<ProcessName, readonly TargetKey[]>;
  readonly outbox: Outbox;
  /** The stream that is up, by the number that its controller gave it. */
  readonly sessionEpoch: number | null;
  readonly sequence: Sequence | null;
  /** From the request until the agent is gone: nothing is started any more. */
  readonly isShuttingDown: boolean;
  /** False while commits fail: supervision goes on, operations are refused. */
  readonly isJournalSound: boolean;
}

/** What became of a recorded child while no agent watched it. */
export type Sighting =
  | { readonly kind: 'alive' }
  /** `endedAtMs`: by the wall clock, where the keeper was there to tell. */
  | { readonly kind: 'ended'; readonly exit: ExitStatus; readonly endedAtMs?: number };

export type AgentInput =
  | {
      readonly kind: 'boot';
      readonly sightings: ReadonlyMap<ProcessName, Sighting>;
      readonly retired: ReadonlySet<ProcessName>;
    }
  | { readonly kind: 'shutdown' }
  | { readonly kind: 'process'; readonly process: ProcessName; readonly input: ProcessInput }
  | { readonly kind: 'signalled'; readonly target: TargetKey; readonly error: string | null }
  | { readonly kind: 'tierTimedOut'; readonly direction: Direction; readonly index: number }
  | { readonly kind: 'received'; readonly message: ControllerMessage }
  | { readonly kind: 'disconnected' }
  | { readonly kind: 'journalFailed' | 'journalRecovered' };

export type AgentEffect =
  /** Watch a child that an earlier agent started. */
  | { readonly kind: 'adopt'; readonly process: ProcessName; readonly child: Child }
  | { readonly kind: 'process'; readonly process: ProcessName; readonly effect: ActingEffect }
  | {
      readonly kind: 'signalTarget';
      readonly target: TargetKey;
      readonly child: Child;
      readonly signal: string;
    }
  | {
      readonly kind: 'tierTimer';
      readonly direction: Direction;
      readonly index: number;
      readonly delayMs: number;
    }
  | { readonly kind: 'send'; readonly message: AgentMessage }
  | { readonly kind: 'warn'; readonly text: string }
  | { readonly kind: 'shutdownComplete' };

/** `changed` never leaves the core: it has become an event and a record. */
export type ActingEffect = Exclude<ProcessEffect, { readonly kind: 'changed' }>;

export type AgentWrite =
  | { readonly kind: 'process'; readonly process: ProcessRuntime }
  | { readonly kind: 'target'; readonly target: TargetRecord }
  | { readonly kind: 'targetForgotten'; readonly target: TargetId }
  | { readonly kind: 'event'; readonly event: SequencedEvent }
  | { readonly kind: 'eventDropped'; readonly seq: number }
  | { readonly kind: 'acknowledged'; readonly seq: number }
  /** Everything was stopped in order, so the next agent starts afresh. */
  | { readonly kind: 'orderlyEnd' };

export type AgentStep = Step<AgentState, AgentWrite, AgentEffect>;

/** Mutable only while one step runs, and never seen outside it. */
export interface Turn {
  state: AgentState;
  readonly writes: AgentWrite[];
  readonly effects: AgentEffect[];
  /** States that processes entered and whose consequences are still to be drawn. */
  readonly entered: ProcessStatus[];
  readonly at: Instant;
}
