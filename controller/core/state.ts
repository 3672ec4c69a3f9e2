/**
 * The controller's whole state, what can happen to it, what it makes durable and what it has done.
 * `fleet.ts` is the entry; the neighbours it calls work on one `Turn`, the scratch pad of one step.
 */

import type { Actor, AuditEntry } from '../../proto/audit.ts';
import type { Role } from '../../proto/authority.ts';
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
import type {
  CertificateLives,
  Identities,
  IdentityAnswer,
  IdentityRequest,
  IdentityWrite,
  SeenCertificate,
} from './identities.ts';
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
  /**
   * How long operations that have ended are kept, so that a repeat of a request finds them. The same
   * for as long as a controller runs: what it has forgotten it could not recognise later.
   */
  readonly operationRetentionMs: number;
  /** By name, the built-in ones among them. */
  readonly roles: ReadonlyMap<string, Role>;
  /** `[operator:NAME]`: the names of their roles, each of which there is. */
  readonly operators: ReadonlyMap<string, readonly string[]>;
  readonly lives: CertificateLives;
  readonly identities: Identities;
  /** Agents that say they are a host which has a living agent already, until it proves that it lives. */
  readonly rivals: ReadonlyMap<HostId, Rival>;
  /** What was refused within the last minute, and when first: on record once. */
  readonly refusals: ReadonlyMap<string, number>;
  readonly questions: Questions;
}

/** What `controller.conf` says of all this; a reload gives it anew. */
export type FleetSettings = Pick<
  FleetState,
  | 'unreachableAfterMs'
  | 'hostGroups'
  | 'runbooks'
  | 'batchRequiredAbove'
  | 'roles'
  | 'operators'
  | 'lives'
>;

export interface Rival {
  readonly hello: HelloInput;
  /** What the other one was asked; its answer proves that there are two. */
  readonly probe: number;
}

/** Somebody waits for the answer to a request. */
export type ReplyId = number;

export type FleetInput =
  | { readonly kind: 'boot' }
  | {
      readonly kind: 'configured';
      readonly settings: FleetSettings;
      /** What is new, in words: `roles: web-oncall changed`. */
      readonly changes: readonly string[];
    }
  | HelloInput
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
      readonly by: Actor;
    }
  | {
      readonly kind: 'steer';
      readonly reply: ReplyId;
      readonly steering: Steering;
      readonly by: Actor;
    }
  | {
      readonly kind: 'ask';
      readonly reply: ReplyId;
      /** A selector. */
      readonly hosts: string;
      readonly question: HostQuestion;
      readonly by: Actor;
    }
  | { readonly kind: 'questionTimedOut'; readonly question: QuestionId }
  | {
      readonly kind: 'identity';
      readonly reply: ReplyId;
      readonly request: IdentityRequest;
      readonly by: Actor;
    }
  /** Somebody who was let in shows a certificate that is not on record yet. */
  | { readonly kind: 'seen'; readonly certificate: SeenCertificate }
  /** What went past the core and belongs on record: refusals at the door, and who reads logs. */
  | { readonly kind: 'onRecord'; readonly entry: Omit<AuditEntry, 'atMs'> };

interface HelloInput {
  readonly kind: 'hello';
  readonly connection: ConnectionId;
  readonly host: HostId;
  readonly hello: Extract<AgentMessage, { readonly kind: 'hello' }>;
  readonly certificate: SeenCertificate;
  /** IP address of the other end; null where the connection is gone already. */
  readonly address: string | null;
}

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
  | {
      readonly kind: 'answerIdentity';
      readonly reply: ReplyId;
      readonly answer: IdentityAnswer | Refusal;
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
  | IdentityWrite
  /** It gets its number and its hash when it is stored. */
  | { readonly kind: 'audit'; readonly entry: AuditEntry }
  /** With all that is known of it; its operations and events stay. */
  | { readonly kind: 'hostRemoved'; readonly host: HostId }
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
