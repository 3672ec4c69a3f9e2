/**
 * The words that agent, controller and fleetctl share: identifiers, states, commands, events.
 *
 * Everything here is plain, readonly data. The wire knows the same things under generated types,
 * but only `codec.ts` sees those: here absent is `null`, a choice is a union on `kind`, and an
 * identifier of one sort cannot be passed where another is wanted.
 */

declare const brand: unique symbol;
type Branded<Value, Name extends string> = Value & { readonly [brand]: Name };

/** One machine with one agent; always taken from the agent's certificate. */
export type HostId = Branded<string, 'HostId'>;
/** `group:name`, or `name` where group and name are the same, unique on one host. */
export type ProcessName = Branded<string, 'ProcessName'>;
/** A UUIDv7 made by the client, so that a repeat is recognised. */
export type OperationId = Branded<string, 'OperationId'>;
/** Made when an agent's durable state begins; a new one tells that the old was lost. */
export type JournalId = Branded<string, 'JournalId'>;

export const hostId = (text: string): HostId => text as HostId;
export const journalId = (text: string): JournalId => text as JournalId;
export const operationId = (text: string): OperationId => text as OperationId;

/** Supervisor shows a process that is alone in a group of its own name without the group. */
export function processName(group: string, name: string): ProcessName {
  return (group === name ? name : `${group}:${name}`) as ProcessName;
}
/** For a name that came back from storage or the wire, where it was made by `processName`. */
export const knownProcessName = (text: string): ProcessName => text as ProcessName;

/** Supervisor states.py, in the order of its numbers. */
export const PROCESS_STATES = [
  'STOPPED',
  'STARTING',
  'RUNNING',
  'BACKOFF',
  'STOPPING',
  'EXITED',
  'FATAL',
  'UNKNOWN',
] as const;
export type ProcessState = (typeof PROCESS_STATES)[number];

/** The state sets that Supervisor's own code speaks of (states.py). */
export const RUNNING_STATES: ReadonlySet<ProcessState> = new Set([
  'STARTING',
  'RUNNING',
  'BACKOFF',
]);
export const STOPPED_STATES: ReadonlySet<ProcessState> = new Set([
  'STOPPED',
  'EXITED',
  'FATAL',
  'UNKNOWN',
]);

/** What is known of one process. Times are wall-clock milliseconds of its host. */
export interface ProcessStatus {
  readonly process: ProcessName;
  readonly group: string;
  readonly name: string;
  /** The `[program:x]` that it was made from; differs from `group` inside a `[group:x]`. */
  readonly program: string;
  readonly groupPriority: number;
  readonly priority: number;
  /** Counts the restarts that the host's agent accepted; kept by that agent alone. */
  readonly generation: number;
  readonly state: ProcessState;
  readonly changedAtMs: number;
  readonly pid: number | null;
  readonly startedAtMs: number | null;
  readonly exitCode: number | null;
  /** Without `SIG`, as in Supervisor's `stopsignal`. */
  readonly exitSignal: string | null;
  /** Starts since the first, whoever asked for them. */
  readonly restarts: number;
  readonly lastError: string | null;
  readonly nextTryAtMs: number | null;
}

export const VERBS = ['start', 'stop', 'restart', 'signal'] as const;
export type Verb = (typeof VERBS)[number];

export const TARGET_STATES = [
  'pending',
  'dispatched',
  'accepted',
  'succeeded',
  'failed',
  'unreachable',
  'indeterminate',
  'not-attempted',
] as const;
export type TargetState = (typeof TARGET_STATES)[number];
/** The agent's own verdict on a target; the others are the controller's. */
export type SettledState = Extract<TargetState, 'succeeded' | 'failed' | 'indeterminate'>;
export const OPEN_TARGET_STATES: ReadonlySet<TargetState> = new Set([
  'pending',
  'dispatched',
  'accepted',
]);

export const OPERATION_STATES = ['planned', 'running', 'succeeded', 'failed'] as const;
export type OperationState = (typeof OPERATION_STATES)[number];

// ── between agent and controller ────────────────────────────────────────────────────────────────

/** The end of one target as its agent saw it. */
export interface TargetOutcome {
  readonly state: SettledState;
  readonly oldPid: number | null;
  readonly newPid: number | null;
  readonly durationMs: number;
  readonly error: string | null;
  /** The last lines that the process printed, oldest first; only where it failed. */
  readonly logTail: readonly string[];
}

export type AgentEvent =
  | { readonly kind: 'processChanged'; readonly process: ProcessStatus }
  | {
      readonly kind: 'targetAccepted';
      readonly operationId: OperationId;
      readonly process: ProcessName;
      readonly generation: number;
      readonly oldPid: number | null;
    }
  | {
      readonly kind: 'targetSettled';
      readonly operationId: OperationId;
      readonly process: ProcessName;
      readonly outcome: TargetOutcome;
    };

/** Unique by (host, journal, seq): storing one twice is harmless. */
export interface SequencedEvent {
  readonly seq: number;
  readonly atMs: number;
  readonly event: AgentEvent;
}

export type Labels = Readonly<Record<string, string>>;

export type AgentMessage =
  | {
      readonly kind: 'hello';
      readonly protocolVersion: number;
      readonly agentVersion: string;
      readonly journalId: JournalId;
      readonly labels: Labels;
    }
  | {
      readonly kind: 'snapshot';
      readonly sessionEpoch: number;
      /** The last event that this picture already contains. */
      readonly seq: number;
      readonly processes: readonly ProcessStatus[];
      readonly last: boolean;
    }
  | ({ readonly kind: 'event'; readonly sessionEpoch: number } & SequencedEvent)
  | { readonly kind: 'heartbeat' }
  | { readonly kind: 'goodbye'; readonly reason: string; readonly reconnectAfterMs: number };

export type ControllerMessage =
  | {
      readonly kind: 'welcome';
      readonly protocolVersion: number;
      readonly sessionEpoch: number;
      readonly acknowledgedSeq: number;
      readonly reconnectSpreadMs: number;
      readonly heartbeatIntervalMs: number;
    }
  | { readonly kind: 'acknowledgement'; readonly sessionEpoch: number; readonly seq: number }
  | {
      readonly kind: 'command';
      readonly sessionEpoch: number;
      readonly operationId: OperationId;
      readonly verb: Verb;
      /** Only with `signal`; without `SIG`. */
      readonly signal: string | null;
      readonly processes: readonly ProcessName[];
    }
  | { readonly kind: 'heartbeat' }
  | { readonly kind: 'goodbye'; readonly reason: string; readonly reconnectAfterMs: number };

// ── between operators and controller ────────────────────────────────────────────────────────────

export interface HostStatus {
  readonly host: HostId;
  readonly connected: boolean;
  readonly labels: Labels;
  readonly agentVersion: string;
  readonly lastSeenAtMs: number;
}

export interface HostProcess {
  readonly host: HostId;
  readonly hostConnected: boolean;
  readonly status: ProcessStatus;
}

export interface OperationRequest {
  readonly id: OperationId;
  readonly verb: Verb;
  readonly signal: string | null;
  readonly hosts: string;
  readonly processes: readonly string[];
  readonly reason: string;
}

export interface Wave {
  readonly index: number;
  readonly groupPriority: number;
  readonly priority: number;
  readonly targets: number;
}

/** One process on one host, as part of one operation. */
export interface Target {
  readonly host: HostId;
  readonly process: ProcessName;
  readonly wave: number;
  readonly state: TargetState;
  readonly oldPid: number | null;
  readonly newPid: number | null;
  readonly durationMs: number | null;
  readonly error: string | null;
  readonly logTail: readonly string[];
}

export interface Operation extends OperationRequest {
  readonly requestedBy: string;
  readonly state: OperationState;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  readonly waves: readonly Wave[];
  readonly targets: readonly Target[];
}

export type OperationUpdate =
  | { readonly kind: 'operation'; readonly operation: Operation }
  | { readonly kind: 'target'; readonly target: Target };
