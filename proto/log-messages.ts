/**
 * Reading what programs print, over the fleet: what is wanted, and what agent and controller say to
 * one another about it. Apart from `messages.ts`, because none of it touches the core of either: it
 * changes nothing, and there can be much of it.
 *
 * Nothing is ever sent without credit, and nothing is read ahead: what a reader has not asked for yet
 * waits in the log file. Where that is rotated away meanwhile, or a reader that follows is too far
 * behind, a block says how much was skipped, and whether that is all.
 */
import type { LogChannel } from './local-orders.ts';
import type { HostId, ProcessName } from './vocabulary.ts';

/** Where reading begins. */
export type LogStart =
  /** As they are, wherever a line begins. */
  | { readonly kind: 'bytes'; readonly bytes: number }
  /** The last so many of those that are wanted. */
  | { readonly kind: 'lines'; readonly lines: number };

export interface LogSelection {
  readonly from: LogStart;
  /** By the wall clock of the host; null: however old. */
  readonly sinceMs: number | null;
  /** An RE2 expression: only lines that contain a match; null: all. */
  readonly grep: string | null;
  readonly follow: boolean;
}

/** Unique within a session; given by the controller. */
export type LogReaderId = number;

interface OfReader {
  readonly sessionEpoch: number;
  readonly readerId: LogReaderId;
}

export type ControllerLogMessage =
  | (OfReader & {
      readonly kind: 'readLogs';
      readonly processes: readonly ProcessName[];
      readonly channels: readonly LogChannel[];
      readonly selection: LogSelection;
      /** Bytes of `data` that may be sent before the next credit. */
      readonly creditBytes: number;
    })
  | (OfReader & { readonly kind: 'logCredit'; readonly bytes: number })
  | (OfReader & { readonly kind: 'stopLogs' });

export interface LogBlock {
  readonly process: ProcessName;
  readonly channel: LogChannel;
  /** Whole lines with their ends; not where one is too long, or where bytes were asked for. */
  readonly data: Uint8Array;
  /** Left out before `data`, at least. */
  readonly skippedBytes: number;
  /** And nobody knows how much more: it was gone before it was looked at. */
  readonly skippedMore: boolean;
}

export interface LogsEnd {
  /** Why it ends early; null: there was no more, or nobody wants more. */
  readonly error: string | null;
}

export interface LogsNote {
  /** What there is to say of what was there: whose log there is none, how far back `since` could look. */
  readonly note: string;
}

export type AgentLogMessage =
  | (OfReader & LogBlock & { readonly kind: 'logBlock' })
  /** At most once, when all that was there is told: who follows would not hear of it at the end. */
  | (OfReader & LogsNote & { readonly kind: 'logsNote' })
  | (OfReader & LogsEnd & { readonly kind: 'logsEnd' });

/** What an operator asks the controller for. */
export interface LogsRequest {
  /** A selector. */
  readonly hosts: string;
  /** Patterns; at least one. */
  readonly processes: readonly string[];
  readonly channels: readonly LogChannel[];
  readonly selection: LogSelection;
  /** What whoever asks may not read is left out, instead of being the reason to refuse it all. */
  readonly allowedOnly: boolean;
}

export interface LogSource {
  readonly host: HostId;
  readonly processes: readonly ProcessName[];
}

/** What the controller tells whoever asked it for logs. */
export type LogNews =
  /** First, once. `unreachable`: were selected and are not connected; who follows waits for them. */
  | {
      readonly kind: 'sources';
      readonly sources: readonly LogSource[];
      readonly unreachable: readonly HostId[];
    }
  | (LogBlock & { readonly kind: 'block'; readonly host: HostId })
  | (LogsNote & { readonly kind: 'note'; readonly host: HostId })
  /** Once for each host of `sources`; with the last, the call ends. */
  | (LogsEnd & { readonly kind: 'ended'; readonly host: HostId })
  /** The session of its agent has ended. Who follows waits for the next; for others `ended` is next. */
  | { readonly kind: 'lost'; readonly host: HostId; readonly error: string }
  /** Its agent is back, and is read from now on: what was printed meanwhile may be missing. */
  | { readonly kind: 'resumed'; readonly host: HostId };

export function isControllerLogMessage(message: {
  readonly kind: string;
}): message is ControllerLogMessage {
  return CONTROLLER_LOG_KINDS.has(message.kind);
}

export function isAgentLogMessage(message: { readonly kind: string }): message is AgentLogMessage {
  return AGENT_LOG_KINDS.has(message.kind);
}

const CONTROLLER_LOG_KINDS: ReadonlySet<string> = new Set<ControllerLogMessage['kind']>([
  'readLogs',
  'logCredit',
  'stopLogs',
]);
const AGENT_LOG_KINDS: ReadonlySet<string> = new Set<AgentLogMessage['kind']>([
  'logBlock',
  'logsNote',
  'logsEnd',
]);

/**
 * What an expression may compile to. An ordinary one is about 20 steps; each may be gone through for
 * each byte of a line, and a line of 64 KiB must not keep an agent's other work waiting long.
 */
export const LOG_GREP_STEPS_MAX = 200;

/** A block is at most this long, so that heartbeats and verdicts are never far behind one. */
export const LOG_BLOCK_MAX_BYTES = 65_536;
/** A line that is longer is cut. */
export const LOG_LINE_MAX_BYTES = 65_536;
/** How far a reader that follows may be behind the end of a log before something is skipped. */
export const LOG_BEHIND_MAX_BYTES = 1_048_576;
/** Of an expression that lines are held against; each is as much work for each of them. */
export const LOG_GREP_LENGTH_MAX = 1_000;
/** More at a time than any network needs. */
export const LOG_CREDIT_MAX_BYTES = 64 * 1_048_576;
