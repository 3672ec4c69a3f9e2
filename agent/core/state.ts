/**
 * The agent's whole state, what can happen to it, what it makes durable and what it has done.
 * `agent.ts` is the entry; the neighbours it calls work on one `Turn`, the scratch pad of one step.
 */

import type { Step } from '../../proto/batch.ts';
import type { Instant } from '../../proto/instant.ts';
import type { LocalOrder, OrderNews } from '../../proto/local-orders.ts';
import type { AgentMessage, ControllerMessage } from '../../proto/messages.ts';
import type { PersistentMap } from '../../proto/persistent-map.ts';
import type {
  OperationId,
  ProcessName,
  ProcessStatus,
  SequencedEvent,
  TargetOutcome,
} from '../../proto/vocabulary.ts';
import type { TargetOrder } from './accept-targets.ts';
import type { ControllerClock } from './controller-clock.ts';
import type { ProcessDefinition } from './definition.ts';
import type { HeldStart } from './dependencies.ts';
import type { ExitStatus } from './exit-status.ts';
import type { FifoQueue } from './fifo-queue.ts';
import type { HostRules } from './host-rules.ts';
import type { LocalCaller } from './local-access.ts';
import type { Observation } from './observe.ts';
import type { Outbox } from './outbox.ts';
import type { Executables } from './policy.ts';
import type {
  Child,
  ProcessEffect,
  ProcessInput,
  ProcessRuntime,
  SignalResult,
} from './process.ts';
import type { ReadingPurpose } from './reading.ts';
import type { Rollout } from './rollout.ts';
import type { Reload } from './shut-down.ts';
import type { TargetRecord } from './target.ts';
import type { Sequence } from './tiers.ts';

/** Given on this host; numbered by whoever takes it in. */
export type OrderId = number;

/** What is wrong with a command before anything is started (Supervisor process.py, check_execv_args). */
export interface SpawnProblem {
  readonly fault: 'no-file' | 'not-executable';
  readonly error: string;
}

export type ConfigReading =
  | {
      readonly kind: 'read';
      readonly definitions: readonly ProcessDefinition[];
      /** Absent: those that are in force stay so. */
      readonly rules?: HostRules;
    }
  /** Every problem, as people are told. */
  | { readonly kind: 'rejected'; readonly problem: string };

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
  /** Targets of each process whose wanted state holds, and must for a while. */
  readonly watched: PersistentMap<ProcessName, readonly TargetKey[]>;
  readonly outbox: Outbox;
  /** The stream that is up, by the number that its controller gave it. */
  readonly sessionEpoch: number | null;
  /** Null: it has not told the time yet. */
  readonly controllerClock: ControllerClock | null;
  readonly sequence: Sequence | null;
  /** The configuration as it was read last; `processes` are what was taken up of it. */
  readonly available: readonly ProcessDefinition[];
  /** As of the configuration that was taken up last, whoever asked for that. */
  readonly rules: HostRules;
  /** Why the file on disk was refused when it was last looked at; null where it was not. */
  readonly configProblem: string | null;
  /** What is under way wave by wave: local orders and updates. */
  readonly rollouts: PersistentMap<OperationId, Rollout>;
  /** A reload: once everything has stopped, these are started instead of the agent's end. */
  readonly reload: Reload | null;
  /** Who ordered the end, or the reload, and wants to hear of it. */
  readonly endListeners: readonly OrderId[];
  /** No longer configured: nothing starts them any more, and each goes as soon as it has stopped. */
  readonly retired: PersistentMap<ProcessName, true>;
  /** Still being stopped when the host's start came to them: to be started once they have. */
  readonly lateStarts: ReadonlySet<ProcessName>;
  /** To be started as soon as what they depend on is as they need it. */
  readonly heldStarts: PersistentMap<ProcessName, HeldStart>;
  /** Above those of all processes that were removed, whose timers may still be running. */
  readonly firstTimerToken: number;
  /** So that a timer of an earlier walk through the tiers is recognised as stale. */
  readonly sequencesBegun: number;
  /** From the request until the agent is gone: nothing is started any more. */
  readonly isShuttingDown: boolean;
  /** The agent is about to end: nothing is begun any more, and everything runs on. */
  readonly isHandingOver: boolean;
  /** It is to hand over as soon as the journal says what there is. */
  readonly isHandOverDue: boolean;
  /** False while commits fail: supervision goes on, operations are refused. */
  readonly isJournalSound: boolean;
}

/** Configured no longer. */
export function isRetired({ retired }: AgentState, name: ProcessName): boolean {
  return retired.get(name) === true;
}

/** What became of a recorded child while no agent watched it. */
export type Sighting =
  | { readonly kind: 'alive' }
  /** `endedAtMs`: by the wall clock, where the keeper was there to tell. */
  | {
      readonly kind: 'ended';
      readonly exit: ExitStatus;
      readonly endedAtMs?: number;
      /** What it printed last, where no agent read it. */
      readonly lastLines?: readonly string[];
    };

export type AgentInput =
  | {
      readonly kind: 'boot';
      readonly sightings: ReadonlyMap<ProcessName, Sighting>;
    }
  | { readonly kind: 'shutdown' }
  /** The agent is to end, and everything to run on for the next one. */
  | { readonly kind: 'handOver' }
  /** What was found out about a process; nothing that it did. */
  | {
      readonly kind: 'observed';
      readonly process: ProcessName;
      readonly observation: Observation;
    }
  | { readonly kind: 'process'; readonly process: ProcessName; readonly input: ProcessInput }
  | { readonly kind: 'signalled'; readonly target: TargetKey; readonly result: SignalResult }
  /** Of targets that were accepted together. */
  | { readonly kind: 'deadlineDue'; readonly targets: readonly TargetKey[] }
  | { readonly kind: 'watchDue'; readonly target: TargetKey }
  | { readonly kind: 'tierTimedOut'; readonly sequence: number; readonly index: number }
  | { readonly kind: 'received'; readonly message: ControllerMessage }
  | {
      readonly kind: 'order';
      readonly order: OrderId;
      readonly request: LocalOrder;
      readonly by: LocalCaller;
      /** As `localOrder` events have it. */
      readonly command: string;
    }
  /** Something was done on this host that is no business of the core's, such as clearing a log. */
  | { readonly kind: 'noted'; readonly requestedBy: string; readonly command: string }
  | {
      readonly kind: 'configRead';
      readonly purpose: ReadingPurpose;
      readonly reading: ConfigReading;
      /** Only where a policy asks for them. */
      readonly executables?: Executables;
    }
  | {
      readonly kind: 'examined';
      readonly order: TargetOrder;
      readonly processes: readonly ProcessName[];
      readonly problems: ReadonlyMap<ProcessName, SpawnProblem>;
      /** Only where a policy asks for them. */
      readonly executables?: Executables;
    }
  | { readonly kind: 'waveTimedOut'; readonly operationId: OperationId; readonly wave: number }
  /** `untilMs`: of the hold for which the timer was set. */
  | { readonly kind: 'holdDue'; readonly process: ProcessName; readonly untilMs: number }
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
      readonly kind: 'deadlineTimer';
      readonly targets: readonly TargetKey[];
      readonly delayMs: number;
    }
  | { readonly kind: 'watchTimer'; readonly target: TargetKey; readonly delayMs: number }
  | {
      readonly kind: 'tierTimer';
      readonly sequence: number;
      readonly index: number;
      readonly delayMs: number;
    }
  | {
      readonly kind: 'waveTimer';
      readonly operationId: OperationId;
      readonly wave: number;
      readonly delayMs: number;
    }
  | {
      readonly kind: 'holdTimer';
      readonly process: ProcessName;
      readonly untilMs: number;
      readonly delayMs: number;
    }
  /** Answered at once, by `examined`. */
  | {
      readonly kind: 'examine';
      readonly order: TargetOrder;
      readonly processes: readonly ProcessName[];
      /** Of those that are to be started. */
      readonly definitions: readonly ProcessDefinition[];
    }
  /** Answered at once, by `configRead`. */
  | { readonly kind: 'readConfig'; readonly purpose: ReadingPurpose }
  /** They were taken up, and count also after a start that finds the file unusable. */
  | { readonly kind: 'keepRules'; readonly rules: HostRules }
  | { readonly kind: 'redefine'; readonly definition: ProcessDefinition }
  | { readonly kind: 'forget'; readonly process: ProcessName }
  | { readonly kind: 'tell'; readonly order: OrderId; readonly news: OrderNews }
  | { readonly kind: 'send'; readonly message: AgentMessage }
  /** The agent dials again. */
  | { readonly kind: 'endSession'; readonly because: string }
  | { readonly kind: 'warn'; readonly text: string }
  | { readonly kind: 'shutdownComplete' | 'handOverComplete' };

/** `changed` never leaves the core: it has become an event and a record. */
export type ActingEffect = Exclude<ProcessEffect, { readonly kind: 'changed' }>;

export type AgentWrite =
  | { readonly kind: 'process'; readonly process: ProcessRuntime }
  /** As `process`; but somebody was told of its hold, which must survive a power cut. */
  | { readonly kind: 'hold'; readonly process: ProcessRuntime }
  | { readonly kind: 'processRemoved'; readonly process: ProcessName }
  /** Those that are there follow; any other was removed unrecorded. */
  | { readonly kind: 'processesCleared' }
  | { readonly kind: 'target'; readonly target: TargetRecord }
  | { readonly kind: 'targetForgotten'; readonly target: TargetId }
  | { readonly kind: 'event'; readonly event: SequencedEvent }
  | { readonly kind: 'eventDropped'; readonly seq: number }
  | { readonly kind: 'acknowledged'; readonly seq: number }
  /** Everything was stopped in order, so the next agent starts afresh. */
  | { readonly kind: 'orderlyEnd' };

export type AgentStep = Step<AgentState, AgentWrite, AgentEffect>;

/** A restart has stopped its process and goes on to start it; or a target is over. */
export type TargetProgress =
  | { readonly kind: 'stopped'; readonly target: TargetRecord }
  | { readonly kind: 'settled'; readonly target: TargetRecord; readonly outcome: TargetOutcome };

/** Mutable only while one step runs, and never seen outside it. */
export interface Turn {
  state: AgentState;
  readonly writes: AgentWrite[];
  readonly effects: AgentEffect[];
  /** States that processes entered and whose consequences are still to be drawn. */
  readonly entered: ProcessStatus[];
  /** Those from which a target has begun, so that only a watch is to be told of them. */
  readonly passed: ProcessStatus[];
  /** The same of targets: for the rollout that a target belongs to. */
  readonly progress: TargetProgress[];
  /**
   * Of which more or less is to be expected than before, although they have entered no state: starts
   * that wait for them, and their own, are looked at again.
   */
  readonly prospects: ProcessName[];
  /** The sequence that stops everything has just ended. */
  isShutdownOver: boolean;
  readonly at: Instant;
}
