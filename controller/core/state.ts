/**
 * The controller's whole state, what can happen to it, what it makes durable and what it has done.
 * `fleet.ts` is the entry; the neighbours it calls work on one `Turn`, the scratch pad of one step.
 */
import type { Step } from '../../proto/batch.ts';
import type { Refusal } from '../../proto/errors.ts';
import type { HostQuestion, HostReport } from '../../proto/host-questions.ts';
import type { Instant } from '../../proto/instant.ts';
import type { AgentMessage, ControllerMessage } from '../../proto/messages.ts';
import type {
  Operation,
  OperationFacts,
  OperationUpdate,
  Runbook,
  Steering,
  Submission,
  Target,
} from '../../proto/operation.ts';
import type { PersistentMap } from '../../proto/persistent-map.ts';
import type {
  HostId,
  JournalId,
  OperationId,
  ProcessName,
  ProcessStatus,
  SequencedEvent,
} from '../../proto/vocabulary.ts';
import type { Execution, OperationTimer, Tally } from './execution.ts';
import type { ConnectionId, Host } from './host.ts';
import type { QuestionId, Questions } from './questions.ts';
import type { HostGroups } from './select.ts';

export interface FleetState {
  readonly hosts: PersistentMap<HostId, Host>;
  /** Those that have not ended, and those that ended within the retention. */
  readonly operations: PersistentMap<OperationId, Execution>;
  /**
   * Those that have not ended, in the order in which they were submitted; each event of an agent is
   * held against these.
   */
  readonly live: ReadonlySet<OperationId>;
  /** The number of the session accepted last. */
  readonly sessionEpoch: number;
  /** How long a host may be away before what it was told counts as lost. */
  readonly unreachableAfterMs: number;
  /** `@NAME` of selectors, from `[hosts:NAME]`. */
  readonly hostGroups: HostGroups;
  /** Saved operations, from `[runbook:NAME]`. */
  readonly runbooks: ReadonlyMap<string, Runbook>;
  /** An operation on more hosts than this must be cut into batches; null: no such limit. */
  readonly batchRequiredAbove: number | null;
  readonly questions: Questions;
}

/** Somebody waits for the answer to a request. */
export type ReplyId = number;

export type FleetInput =
  | { readonly kind: 'boot' }
  | {
      readonly kind: 'hello';
      readonly connection: ConnectionId;
      readonly host: HostId;
      readonly hello: Extract<AgentMessage, { readonly kind: 'hello' }>;
      /** IP address of the other end; null where the connection is gone already. */
      readonly address: string | null;
    }
  | {
      readonly kind: 'message';
      readonly connection: ConnectionId;
      readonly host: HostId;
      readonly message: AgentMessage;
    }
  | { readonly kind: 'sessionEnded'; readonly connection: ConnectionId; readonly host: HostId }
  | { readonly kind: 'graceOver'; readonly host: HostId; readonly lossCount: number }
  | {
      readonly kind: 'operationTimer';
      readonly operation: OperationId;
      readonly timer: OperationTimer;
    }
  | {
      readonly kind: 'submit';
      readonly reply: ReplyId;
      readonly submission: Submission;
      readonly requestedBy: string;
    }
  | {
      readonly kind: 'steer';
      readonly reply: ReplyId;
      readonly steering: Steering;
      readonly requestedBy: string;
    }
  | {
      readonly kind: 'ask';
      readonly reply: ReplyId;
      /** A selector. */
      readonly hosts: string;
      readonly question: HostQuestion;
    }
  | { readonly kind: 'questionTimedOut'; readonly question: QuestionId };

export type FleetEffect =
  | {
      readonly kind: 'send';
      readonly connection: ConnectionId;
      readonly message: ControllerMessage;
    }
  /** Not at once: the last of a while is sent for all. */
  | {
      readonly kind: 'acknowledge';
      readonly connection: ConnectionId;
      readonly sessionEpoch: number;
      readonly seq: number;
    }
  | { readonly kind: 'close'; readonly connection: ConnectionId; readonly because: Refusal }
  | {
      readonly kind: 'graceTimer';
      readonly host: HostId;
      readonly lossCount: number;
      readonly delayMs: number;
    }
  | {
      readonly kind: 'operationTimer';
      readonly operation: OperationId;
      readonly timer: OperationTimer;
      readonly delayMs: number;
    }
  | { readonly kind: 'questionTimer'; readonly question: QuestionId; readonly delayMs: number }
  | { readonly kind: 'reply'; readonly reply: ReplyId; readonly answer: Operation | Refusal }
  | {
      readonly kind: 'answerQuestion';
      readonly reply: ReplyId;
      readonly answer: readonly HostReport[] | Refusal;
    }
  /** For whoever reads the controller's log. */
  | {
      readonly kind: 'log';
      readonly level: 'info' | 'warn';
      readonly details: Readonly<Record<string, string | null>>;
      readonly text: string;
    }
  | {
      readonly kind: 'publish';
      readonly operation: OperationId;
      readonly update: OperationUpdate;
    };

export type FleetWrite =
  | { readonly kind: 'host'; readonly host: Host }
  | { readonly kind: 'snapshot'; readonly host: Host }
  | { readonly kind: 'process'; readonly host: HostId; readonly status: ProcessStatus }
  | { readonly kind: 'processRemoved'; readonly host: HostId; readonly process: ProcessName }
  | {
      readonly kind: 'event';
      readonly host: HostId;
      readonly journalId: JournalId;
      readonly event: SequencedEvent;
      /** By our own clock; the agent's, in the event, may be wrong. */
      readonly storedAtMs: number;
    }
  | { readonly kind: 'sessionEpoch'; readonly epoch: number }
  /** The operation itself with every target; later only what changes. */
  | { readonly kind: 'operationBegun'; readonly operation: Operation }
  | {
      readonly kind: 'operationChanged';
      readonly id: OperationId;
      /** Null where only targets changed, as nearly always. Of the facts: state, halt and end. */
      readonly moved: { readonly facts: OperationFacts; readonly tally: Tally } | null;
      readonly changed: readonly Target[];
    };

export type FleetStep = Step<FleetState, FleetWrite, FleetEffect>;

/** Mutable only while one step runs, and never seen outside it. */
export interface Turn {
  state: FleetState;
  readonly writes: FleetWrite[];
  readonly effects: FleetEffect[];
  /** Operations that wait for others are to be looked at again. */
  isSomethingFree: boolean;
  readonly at: Instant;
}

export function putHost(turn: Turn, host: Host): void {
  turn.state = { ...turn.state, hosts: turn.state.hosts.with(host.host, host) };
}
