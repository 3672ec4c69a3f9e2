/**
 * An operation as controller and fleetctl know it: what was asked for, the waves in which it is done,
 * one target for each process on each host, and what is told of it meanwhile. An agent sees none of
 * this; it gets commands and reports on its own targets (`messages.ts`).
 */
import type {
  HostId,
  OperationId,
  ProcessName,
  ProcessState,
  TargetState,
  Verb,
} from './vocabulary.ts';

/**
 * `tier`: a tier is finished on all hosts before the next begins on any. `host`: each host goes
 * through its tiers on its own.
 */
export const ORDERS = ['tier', 'host'] as const;
export type Order = (typeof ORDERS)[number];

export const OPERATION_STATES = ['planned', 'running', 'succeeded', 'failed'] as const;
export type OperationState = (typeof OPERATION_STATES)[number];

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
  readonly durationMs: number | null;
  readonly error: string | null;
  readonly note: string | null;
  readonly logTail: readonly string[];
}

/** An operation without its targets, of which there may be many thousands. */
export interface OperationFacts extends OperationRequest {
  readonly requestedBy: string;
  readonly state: OperationState;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  readonly waves: readonly Wave[];
  /** Selected, but without any such process. */
  readonly leftOut: readonly HostId[];
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
  /** The last one. How each target ended was told before. */
  | { readonly kind: 'ended'; readonly facts: OperationFacts };
