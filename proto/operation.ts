/**
 * An operation as controller and fleetctl know it: what was asked for, the waves in which it is done,
 * one target for each process on each host, and what is told of it meanwhile. An agent sees none of
 * this; it gets commands and reports on its own targets (`messages.ts`).
 */
import type { Strategy } from './strategy.ts';
import type {
  HostId,
  OperationId,
  ProcessName,
  ProcessState,
  StoredEvent,
  TargetState,
  Verb,
} from './vocabulary.ts';

/**
 * `tier`: a tier is finished on all hosts before the next begins on any. `host`: each host goes
 * through its tiers on its own.
 */
export const ORDERS = ['tier', 'host'] as const;
export type Order = (typeof ORDERS)[number];

export const OPERATION_STATES = [
  /** Stored, and not begun: other operations have something left to do with its processes. */
  'planned',
  'running',
  /** Nothing new is begun; what was begun goes on. */
  'paused',
  /** As paused, and for good: it ends when what was begun is over. */
  'draining',
  'succeeded',
  /** It went through, and not everything succeeded. */
  'failed',
  /** More went wrong than it allows, and it was not to pause. */
  'aborted',
  'cancelled',
  /** Its deadline came first, or it waited for other operations for too long. */
  'expired',
] as const;
export type OperationState = (typeof OPERATION_STATES)[number];
export type LiveState = Extract<OperationState, 'planned' | 'running' | 'paused' | 'draining'>;
/** How an operation ends that does not go through. */
export type EarlyEnd = Extract<OperationState, 'aborted' | 'cancelled' | 'expired'>;

/** Why an operation stands still, or ended early. */
export interface Halt {
  /** Who wanted it; null: the operation itself, by its strategy. */
  readonly by: string | null;
  /** In words: "2 targets failed, 1 is allowed"; what a person gave as the reason, or empty. */
  readonly because: string;
  readonly atMs: number;
  /** Null: it can be resumed. */
  readonly endsAs: EarlyEnd | null;
  /** Agents do not wait for what they have begun. */
  readonly kill: boolean;
}

export interface OperationRequest {
  readonly id: OperationId;
  readonly verb: Verb;
  readonly signal: string | null;
  /** A selector (`proto/selector/`). */
  readonly hosts: string;
  /** Patterns; with `update` the names of groups, and none means all. */
  readonly processes: readonly string[];
  readonly reason: string;
  readonly order: Order;
  /** Only with `restart`: everything is stopped, last tier first, before anything is started. */
  readonly fullStop: boolean;
  /** Refused where it would touch another number of hosts. */
  readonly expectHosts: number | null;
  readonly strategy: Strategy;
  /** What its sender may not do is left out, instead of being the reason to refuse all of it. */
  readonly allowedOnly: boolean;
}

/** What somebody wants to have done; each becomes an operation with the id that the client made. */
export type Submission =
  | { readonly kind: 'operation'; readonly request: OperationRequest }
  /** As `[runbook:NAME]` of the controller's configuration says. */
  | {
      readonly kind: 'runbook';
      readonly id: OperationId;
      readonly runbook: string;
      /** Empty: the one that the runbook has. */
      readonly reason: string;
      readonly expectHosts: number | null;
    }
  /** What an operation that has ended has not done, once more, as a new operation. */
  | {
      readonly kind: 'retry';
      readonly id: OperationId;
      /** An id, or as much of its beginning as no other operation shares. */
      readonly of: string;
      /** Empty: that of the operation. */
      readonly reason: string;
      readonly expectHosts: number | null;
      readonly allowedOnly: boolean;
    };

/** A saved operation of `controller.conf`. */
export interface Runbook extends Omit<OperationRequest, 'id' | 'expectHosts' | 'allowedOnly'> {
  readonly name: string;
  /** For lists; may be empty. */
  readonly description: string;
}

export const STEERINGS = ['pause', 'resume', 'cancel'] as const;
/** What people do to an operation that has not ended. */
export interface Steering {
  /** An id, or as much of its beginning as no other operation shares. */
  readonly operation: string;
  readonly action: (typeof STEERINGS)[number];
  /** Only with `cancel`: agents do not wait for what they have begun. */
  readonly kill: boolean;
  readonly reason: string;
}

/** The targets that share a tier, of the half of a full stop that `action` says. */
export interface Wave {
  readonly index: number;
  /** What is done in it: the verb, or `stop` and later `start` for a full stop. */
  readonly action: Verb;
  readonly groupPriority: number;
  readonly priority: number;
  readonly targets: number;
  /** Longest wait for it; then the next begins all the same, with a warning. */
  readonly waitMs: number;
  /** Which batch of its tier it is, from 0; with `order: host`, which batch of hosts. */
  readonly batch: number;
  /** How many batches there are. */
  readonly batches: number;
  /** Not one of its targets may go wrong. */
  readonly isCanary: boolean;
}

/** One process on one host, as part of one operation. */
export interface Target {
  readonly host: HostId;
  readonly process: ProcessName;
  /** The wave that finishes it. */
  readonly wave: number;
  /** The wave that stops it before, with a full stop. */
  readonly stopWave: number | null;
  readonly state: TargetState;
  /** The first half of its full stop is done. */
  readonly stopped: boolean;
  /** It was not settled when the wait for its wave was over. */
  readonly overdue: boolean;
  /** As last heard of while the target was open; what it is waiting for follows from this. */
  readonly processState: ProcessState;
  readonly hostConnected: boolean;
  readonly oldPid: number | null;
  readonly newPid: number | null;
  /** By the controller's clock; null: it never was. With a full stop: for the start. */
  readonly dispatchedAtMs: number | null;
  readonly durationMs: number | null;
  readonly error: string | null;
  readonly note: string | null;
  readonly logTail: readonly string[];
}

/** An operation without its targets, of which there may be many thousands. */
export interface OperationFacts extends OperationRequest {
  readonly requestedBy: string;
  /** The runbook that it was made from. */
  readonly runbook: string | null;
  readonly retryOf: OperationId | null;
  readonly state: OperationState;
  /** Null while nothing holds it up. Kept when it has ended. */
  readonly halt: Halt | null;
  /** When it was submitted. */
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  readonly waves: readonly Wave[];
  /** Selected, but without any such process. */
  readonly leftOut: readonly HostId[];
  /** Targets that were left out because whoever asked may not do this to them (`allowedOnly`). */
  readonly notAllowed: number;
  /** Targets that whoever looks at it may not see; 0 in what is stored. */
  readonly withheld: number;
}

export interface Operation extends OperationFacts {
  readonly targets: readonly Target[];
}

/** For lists of operations. */
export interface OperationSummary extends Omit<OperationFacts, 'leftOut'> {
  readonly targetCounts: Readonly<Record<TargetState, number>>;
  readonly hostCount: number;
}

export type OperationUpdate =
  | { readonly kind: 'operation'; readonly operation: Operation }
  /** Each as it is now; what it was in between may have been left out. */
  | { readonly kind: 'targets'; readonly targets: readonly Target[] }
  /** It was paused, resumed, cancelled, or goes on after a wait. */
  | { readonly kind: 'moved'; readonly facts: OperationFacts }
  /** The last one. How each target ended was told before. */
  | { readonly kind: 'ended'; readonly facts: OperationFacts };

/** What is known of the targets of one operation on one host. */
export interface Explanation {
  readonly facts: OperationFacts;
  readonly targets: readonly Target[];
  /** Of these processes, from the acceptance to the verdict; oldest first. */
  readonly events: readonly StoredEvent[];
  /**
   * How far the controller's clock is ahead of the host's, and what a message takes at the least;
   * null where no event tells.
   */
  readonly clockLeadMs: number | null;
}
