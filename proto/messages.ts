/**
 * What agent and controller say to one another on their stream, in order as `agent_link.proto` draws
 * it. `codec/link.ts` turns these into frames.
 */
import type { HostAnswer, HostQuestion } from './host-questions.ts';
import type {
  JournalId,
  Labels,
  OperationId,
  ProcessName,
  ProcessStatus,
  SequencedEvent,
  Verb,
} from './vocabulary.ts';

export type AgentMessage =
  | {
      readonly kind: 'hello';
      readonly protocolVersion: number;
      readonly agentVersion: string;
      readonly journalId: JournalId;
      readonly labels: Labels;
      /** Running processes that this agent took over when it was started. */
      readonly adopted: number | null;
      /** What it lost of its own state, and where that was put; null: nothing. */
      readonly stateProblem: string | null;
    }
  | {
      readonly kind: 'snapshot';
      readonly sessionEpoch: number;
      /** The last event that this picture already contains. */
      readonly seq: number;
      readonly processes: readonly ProcessStatus[];
      /** Why the configuration on disk was refused; null where it was not. */
      readonly configProblem: string | null;
      readonly last: boolean;
    }
  | {
      readonly kind: 'answer';
      readonly sessionEpoch: number;
      readonly questionId: number;
      readonly answer: HostAnswer;
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
      /** With `stop`: the first half of a full stop, whose start comes later under the same id. */
      readonly startFollows: boolean;
      /** Only with `update`, whose process is `WHOLE_HOST`; none: all groups. */
      readonly groups: readonly string[];
    }
  /** Answered within the session, or never. */
  | {
      readonly kind: 'question';
      readonly sessionEpoch: number;
      readonly questionId: number;
      readonly question: HostQuestion;
    }
  | { readonly kind: 'heartbeat' }
  | { readonly kind: 'goodbye'; readonly reason: string; readonly reconnectAfterMs: number };
