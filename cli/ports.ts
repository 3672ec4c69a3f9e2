/**
 * What fleetctl needs from the world, so that every command is a function of these and can be run
 * by a test without a terminal, a clock or a network. `main.ts` wires the real ones.
 */
import type { HostQuestion, HostReport } from '../proto/host-questions.ts';
import type { LogNews, LogsRequest } from '../proto/log-messages.ts';
import type {
  Explanation,
  Operation,
  OperationSummary,
  OperationUpdate,
  Runbook,
  Steering,
  Submission,
} from '../proto/operation.ts';
import type { HostProcess, HostStatus, OperationId, StoredEvent } from '../proto/vocabulary.ts';
import type { AuthorityClient } from './authority-ports.ts';
import type { OwnFiles, SignIn } from './identity/ports.ts';
import type { LocalDial, LogOutput } from './local/ports.ts';

export interface Output {
  readonly write: (text: string) => void;
  /** False off a terminal and wherever `NO_COLOR` is set. */
  readonly colours: boolean;
}

export interface Clock {
  /** Wall clock, for what people read. */
  readonly nowMs: () => number;
  /** For waiting; jumps of the wall clock do not touch it. */
  readonly monotonicMs: () => number;
  /** Rejects with the signal's reason when it is aborted. */
  readonly sleep: (durationMs: number, signal: AbortSignal) => Promise<void>;
  /** Calls back again and again until disposed of. */
  readonly every: (intervalMs: number, callback: () => void) => Disposable;
}

/** The screen that stdout is. */
export interface Terminal {
  /** As they are now; people resize windows. */
  readonly columns: () => number;
  readonly rows: () => number;
  readonly onResize: (callback: () => void) => Disposable;
  /** After Ctrl-Z and `fg`: the shell has written meanwhile, and the cursor is elsewhere. */
  readonly onResume: (callback: () => void) => Disposable;
}

export interface Environment {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Null where stdout is none, or one that cannot move its cursor (`TERM=dumb`). */
  readonly terminal: Terminal | null;
  /** Whole, as UTF-8; null reads standard input. Rejects with a `FleetError`. */
  readonly readText: (path: string | null) => Promise<string>;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  /** The line that a person typed, null at end of input. Null itself where nobody can be asked. */
  readonly ask: ((question: string) => Promise<string | null>) | null;
  /** Calls back once on Ctrl-C; the next Ctrl-C ends the program as if nobody listened. */
  readonly onInterrupt: (callback: () => void) => Disposable;
  readonly dial: (connection: ConnectionOptions) => Promise<ControlClient>;
  /** @param socket as typed; null: the default */
  readonly dialLocal: (socket: string | null) => Promise<LocalDial>;
  /** stdout, for bytes that are none of ours. */
  readonly logOutput: LogOutput;
  readonly savedOperations: SavedOperations;
  readonly ownFiles: OwnFiles;
  /** Loaded only by who signs in. */
  readonly signIn: () => Promise<SignIn>;
}

/**
 * The operations that this person submitted on this machine, so that one whose answer never came can
 * be found again. Every failure is a `FleetError` that says what to do about the place.
 */
export interface SavedOperations {
  /** Returns when it is on disk. */
  readonly save: (operation: SavedOperation) => Promise<void>;
  /** It never came to be: the controller refused it. */
  readonly forget: (id: OperationId) => Promise<void>;
  /** The one that was saved last; null: none is. */
  readonly last: (controller: string) => Promise<OperationId | null>;
}

export interface SavedOperation {
  readonly id: OperationId;
  /** Wall clock. */
  readonly atMs: number;
  /** `host:port` */
  readonly controller: string;
  /** What was asked for, for people who read the file. */
  readonly words: string;
}

/** From the command line; null: as the configuration says. */
export interface ConnectionOptions {
  readonly config: string | null;
  readonly context: string | null;
}

export interface ControllerVersion {
  readonly version: string;
  readonly protocolVersion: number;
}

export interface ProcessSelection {
  /** Empty: every host. */
  readonly hosts: string;
  /** Empty: every process. */
  readonly processes: readonly string[];
}

export interface ProcessListing {
  readonly processes: readonly HostProcess[];
  /** Every host that matched, with and without processes. */
  readonly hosts: readonly HostStatus[];
}

/** How many matched, too, that whoever asks may not see. */
export interface Withheld {
  readonly hosts: number;
  /** On hosts that are shown. */
  readonly processes: number;
}

export interface ProcessesAnswer extends ProcessListing {
  readonly withheld: Withheld;
}

export interface HostsAnswer {
  readonly hosts: readonly HostStatus[];
  readonly withheld: Withheld;
}

/** The controller as fleetctl sees it. Every failure is a `FleetError`. */
export interface ControlClient extends Disposable {
  /** `host:port`, for messages. */
  readonly address: string;
  readonly controller: ControllerVersion;
  readonly listHosts: (hosts: string) => Promise<HostsAnswer>;
  readonly listProcesses: (selection: ProcessSelection) => Promise<ProcessesAnswer>;
  readonly planOperation: (submission: Submission) => Promise<Operation>;
  /** A repeat with the same id and content does nothing but return the operation as it stands. */
  readonly submitOperation: (submission: Submission, signal: AbortSignal) => Promise<Operation>;
  /** @returns the operation as it stands then */
  readonly steerOperation: (steering: Steering) => Promise<Operation>;
  readonly explainTargets: (which: ExplainSelection) => Promise<Explanation>;
  readonly listRunbooks: () => Promise<readonly Runbook[]>;
  /** The whole operation first, then each change, and that it has ended; then the stream ends. */
  readonly watchOperation: (id: string, signal: AbortSignal) => AsyncIterable<OperationUpdate>;
  /** @param id or as much of its beginning as no other operation shares */
  readonly getOperation: (id: string) => Promise<Operation>;
  /** Running ones first, then the newest. */
  readonly listOperations: (which: OperationListing) => Promise<readonly OperationSummary[]>;
  /** Newest first. */
  readonly listEvents: (which: EventSelection) => Promise<readonly StoredEvent[]>;
  /** In natural order of the hosts; takes as long as the slowest of them, within limits. */
  readonly askHosts: (question: HostQuestion, hosts: string) => Promise<readonly HostReport[]>;
  /** As it comes; the next is asked for only when the last one was taken. */
  readonly readLogs: (request: LogsRequest, signal: AbortSignal) => AsyncIterable<LogNews>;
  /** Loaded only by the commands about who may do what. */
  readonly authority: () => Promise<AuthorityClient>;
}

export interface OperationListing {
  readonly runningOnly: boolean;
  /** 0: as many as there are. */
  readonly limit: number;
}

export interface ExplainSelection {
  /** An id, or as much of its beginning as no other operation shares. */
  readonly operation: string;
  readonly host: string;
  /** Null: all of its targets on that host. */
  readonly process: string | null;
}

export interface EventSelection {
  readonly host: string;
  /** Null: of every process, and of targets of operations. */
  readonly process: string | null;
  readonly limit: number;
}
