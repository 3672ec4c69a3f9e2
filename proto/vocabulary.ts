/**
 * The words that agent, controller and fleetctl share: identifiers, states, verbs, verdicts, events.
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

/** Supervisor states.py, in the order of its numbers; below, the sets that it speaks of. */
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

/** Of a running process that has a health check; `starting` until it has passed once. */
export const HEALTHS = ['starting', 'healthy', 'unhealthy'] as const;
export type Health = (typeof HEALTHS)[number];

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
  /** As configured: how long it must stay up to be RUNNING (`startsecs`). */
  readonly startMs: number;
  /** As configured: how long it may take to stop before it is killed (`stopwaitsecs`). */
  readonly stopWaitMs: number;
  /** As configured: how long its tier is waited for before the next begins (`tier_wait`). */
  readonly tierWaitMs: number;
  /** Null: it has no health check, or does not run. */
  readonly health: Health | null;
  /** What its health check complained of last; null where it passed. */
  readonly healthError: string | null;
  /** What its start waits for, in words: "db to be healthy"; null: it waits for nothing. */
  readonly waitsFor: string | null;
  /** Of its output: what could not be written to its logs, since its agent was started. */
  readonly lostOutputBytes: number;
  /** Processes that it had started and that outlived its last stop. */
  readonly leftBehind: number;
  /** Resident memory when it was looked at last; only where it has a limit. */
  readonly residentBytes: number | null;
  /** As configured (`memory_max`); null: no limit. */
  readonly memoryMaxBytes: number | null;
  /** Somebody on the host keeps the fleet's operations off it. */
  readonly hold: Hold | null;
}

/** `fleetctl --local hold`: what is ordered on the host itself is done all the same. */
export interface Hold {
  /** `alice`, or `root (sudo by alice)`. */
  readonly by: string;
  /** Empty where none was given. */
  readonly reason: string;
  /** By the host's wall clock. */
  readonly untilMs: number;
}

/** `update` has the host itself take up its configuration; the others are about processes. */
export const VERBS = ['start', 'stop', 'restart', 'signal', 'update'] as const;
export type Verb = (typeof VERBS)[number];
export type ProcessVerb = Exclude<Verb, 'update'>;

/** What an `update` is about: one target for each host, which stands for all that runs there. */
export const WHOLE_HOST = '*' as ProcessName;

export const TARGET_STATES = [
  /** Its wave has not begun. */
  'pending',
  /** Its host is not connected, and may come back in time. */
  'waiting',
  /** Sent; its agent has not put it on record yet. */
  'dispatched',
  /** On record there: it is done at most once. */
  'accepted',
  /** The wanted state holds, and is watched for as long as was asked. */
  'verifying',
  'succeeded',
  'failed',
  /** The deadline of its operation came first. */
  'timed-out',
  'unreachable',
  'indeterminate',
  /** Left alone on purpose: somebody holds it, or its host was away. */
  'skipped',
  /** Somebody cancelled the operation before it was done. */
  'cancelled',
  'not-attempted',
] as const;
export type TargetState = (typeof TARGET_STATES)[number];
/** The agent's own verdict on a target; the others are the controller's. */
export type SettledState = Extract<
  TargetState,
  'succeeded' | 'failed' | 'timed-out' | 'indeterminate' | 'skipped' | 'cancelled'
>;

/**
 * Why a target was not simply done, as far as programs may ask; the error says it in words. The
 * first two go with success too: the wanted state held already (Supervisor xmlrpc.py, `Faults`).
 */
export const TARGET_FAULTS = [
  'already-started',
  'not-running',
  'bad-name',
  'no-file',
  'not-executable',
  'spawn-error',
  'abnormal-termination',
  'failed',
] as const;
export type TargetFault = (typeof TARGET_FAULTS)[number];

/** The end of one target as its agent saw it. */
export interface TargetOutcome {
  readonly state: SettledState;
  readonly oldPid: number | null;
  readonly newPid: number | null;
  readonly durationMs: number;
  readonly error: string | null;
  readonly fault: TargetFault | null;
  /** What there is to say of a success: "already running", "web changed, queue added". */
  readonly note: string | null;
  /** The last lines that the process printed, oldest first; only where it failed. */
  readonly logTail: readonly string[];
}

export type AgentEvent =
  | { readonly kind: 'processChanged'; readonly process: ProcessStatus }
  /** It is no longer configured and has gone. */
  | { readonly kind: 'processRemoved'; readonly process: ProcessName }
  /** Somebody on the host itself had something changed there. */
  | {
      readonly kind: 'localOrder';
      /** `alice`, `root (sudo by alice)`, or `SIGHUP`. */
      readonly requestedBy: string;
      /** As typed: `restart web:*`. */
      readonly command: string;
      /** Under which the targets that came of it are reported; null where none could. */
      readonly operationId: OperationId | null;
    }
  /** A configuration was read: refused for this reason, or (null) taken. */
  | { readonly kind: 'configJudged'; readonly problem: string | null }
  | {
      readonly kind: 'targetAccepted';
      readonly operationId: OperationId;
      readonly process: ProcessName;
      readonly verb: Verb;
      readonly generation: number;
      readonly oldPid: number | null;
    }
  /** The wanted state holds; only where it is to hold for a while. */
  | {
      readonly kind: 'targetVerifying';
      readonly operationId: OperationId;
      readonly process: ProcessName;
      readonly verb: Verb;
    }
  | {
      readonly kind: 'targetSettled';
      readonly operationId: OperationId;
      readonly process: ProcessName;
      readonly verb: Verb;
      readonly outcome: TargetOutcome;
    }
  /**
   * From this number up to and including that one nothing ever came: the agent had no room for them.
   * Written by the controller where it finds the numbers missing; no agent sends it.
   */
  | { readonly kind: 'eventsMissing'; readonly untilSeq: number };

/** Unique by (host, journal, seq): storing one twice is harmless. */
export interface SequencedEvent {
  readonly seq: number;
  /** By the host's clock. */
  readonly atMs: number;
  readonly event: AgentEvent;
}

export type Labels = Readonly<Record<string, string>>;

export interface HostStatus {
  readonly host: HostId;
  readonly connected: boolean;
  readonly labels: Labels;
  readonly agentVersion: string;
  readonly lastSeenAtMs: number;
  /** IP address that its agent connected from last; null where it never did. */
  readonly address: string | null;
  /** Null while it is not connected. */
  readonly connectedSinceMs: number | null;
  /** Why its agent refused the configuration that it found, and goes by an earlier one. */
  readonly configProblem: string | null;
  /** Running processes that its agent took over when it was started; null: it did not say. */
  readonly adopted: number | null;
  /** What its agent lost of its own state, and where it put it; null: nothing. */
  readonly stateProblem: string | null;
  /** When the certificate ends by which its agent connected last; null: not known. */
  readonly certificateEndsAtMs: number | null;
  /** A second agent under its name, an expired certificate that asks to come back; null: nothing. */
  readonly identityProblem: string | null;
}

export interface HostProcess {
  readonly host: HostId;
  readonly hostConnected: boolean;
  readonly status: ProcessStatus;
}

/** Something that an agent reported, as the controller stored it. */
export interface StoredEvent extends SequencedEvent {
  readonly host: HostId;
  /** By the controller's clock. */
  readonly storedAtMs: number;
}
