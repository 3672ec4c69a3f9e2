/**
 * What can be ordered of an agent on its own host (`fleetctl --local`, SIGHUP), and what is told of
 * it meanwhile. The verbs are supervisorctl's, and so are the words for what went wrong; which line
 * is printed for which, and which exit code follows, is fleetctl's business.
 */
import type { Refusal } from './errors.ts';
import type { ChangedGroup, ConfiguredProcess, HostQuestion } from './host-questions.ts';
import type {
  Hold,
  OperationId,
  ProcessName,
  ProcessStatus,
  ProcessVerb,
  TargetFault,
} from './vocabulary.ts';

export type LocalOrder =
  | {
      readonly kind: 'control';
      /** Made by the client, as for every operation. */
      readonly operationId: OperationId;
      readonly verb: ProcessVerb;
      /** Only with `signal`; without `SIG`. */
      readonly signal: string | null;
      /** Patterns as typed; at least one. */
      readonly names: readonly string[];
    }
  | {
      readonly kind: 'update' | 'add' | 'remove';
      readonly operationId: OperationId;
      /** With `update` none means all. */
      readonly groups: readonly string[];
    }
  /** Keeps the fleet's operations off these processes; what is ordered on the host is done. */
  | {
      readonly kind: 'hold';
      /** Patterns as typed; at least one. */
      readonly names: readonly string[];
      /** From when the agent takes the order; at most `HOLD_MAX_MS`. */
      readonly forMs: number;
      /** Empty where none is given; at most `REMARK_LENGTH_MAX`. */
      readonly reason: string;
    }
  | { readonly kind: 'release'; readonly names: readonly string[] }
  | { readonly kind: HostQuestion }
  /**
   * Stops everything in order and ends the agent; or starts everything again in the same agent; or
   * ends the agent and leaves everything running for the next one.
   */
  | { readonly kind: 'shutdown' | 'reload' | 'handover' };

/** Whoever still needs it after a month has not forgotten it, and says so again. */
export const HOLD_MAX_MS = 30 * 86_400_000;
export const HOLD_MIN_MS = 1_000;

export const GROUP_ACTIONS = ['stopped', 'removed', 'updated', 'added'] as const;
export type GroupAction = (typeof GROUP_ACTIONS)[number];

export const GROUP_FAULTS = ['no-such-group', 'already-active', 'still-running', 'failed'] as const;
export type GroupFault = (typeof GROUP_FAULTS)[number];

/** What a process is done with; a restart has two of these. */
export const PROCESS_STEPS = ['start', 'stop', 'signal', 'hold', 'release'] as const;

/** In the order in which it happens; the last is `done` or `refused`. */
export type OrderNews =
  /** One process is done with one step. `fault` null: it went well. */
  | {
      readonly kind: 'process';
      /** A process, or a name as typed that means none. */
      readonly process: string;
      readonly step: (typeof PROCESS_STEPS)[number];
      readonly fault: TargetFault | null;
      /** In words; null where the fault says it all. */
      readonly error: string | null;
    }
  | {
      readonly kind: 'group';
      readonly group: string;
      readonly action: GroupAction;
      readonly fault: GroupFault | null;
      readonly error: string | null;
    }
  /** From now on a process is held so; or (null) no longer. */
  | {
      readonly kind: 'hold';
      readonly process: ProcessName;
      readonly hold: Hold | null;
      /** Which that one has replaced or ended; null: there was none. */
      readonly before: Hold | null;
    }
  | { readonly kind: 'reread'; readonly changes: readonly ChangedGroup[] }
  | { readonly kind: 'avail'; readonly processes: readonly ConfiguredProcess[] }
  | { readonly kind: 'done' }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** Who somebody is, as far as the agent can tell. */
export interface CallerClaims {
  /** The directory that they made, where they made one: whose it is, is who they are. */
  readonly proofPath: string | null;
  /** As sudo told their environment; they may say what they like. */
  readonly sudoUser: string | null;
}

export interface GivenOrder extends CallerClaims {
  readonly order: LocalOrder;
}

/** What a host's own agent knows (supervisorctl `status`), by group and name. */
export interface LocalListing {
  readonly processes: readonly ProcessStatus[];
  /** How many more there are, which whoever asked may not see. */
  readonly withheld: number;
  readonly host: string;
  /** Why the configuration on disk was refused; null where it was not. */
  readonly configProblem: string | null;
  /** What the agent lost of its own state, and where it put it; null: nothing. */
  readonly stateProblem: string | null;
}

export const LOG_CHANNELS = ['stdout', 'stderr'] as const;
export type LogChannel = (typeof LOG_CHANNELS)[number];

export interface LogRequest {
  /** Null: the agent's own log, which has one channel only. */
  readonly process: ProcessName | null;
  readonly channel: LogChannel;
  /** From its end. */
  readonly bytes: number;
  /** Whether what comes after is wanted too. */
  readonly follow: boolean;
}

export interface ClearRequest extends CallerClaims {
  /** Names as typed; at least one. */
  readonly names: readonly string[];
}

/** Of one process, or of a name that means none. */
export interface ClearResult {
  readonly process: string;
  readonly fault: TargetFault | null;
  readonly error: string | null;
}

export interface Greeting {
  readonly version: string;
  readonly protocolVersion: number;
  readonly pid: number;
  /** Where a directory is to be made; null where the agent could offer no such place. */
  readonly proofPath: string | null;
}
