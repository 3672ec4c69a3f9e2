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
      /** Made anew at each start of an agent; tells a restarted one from a second one. */
      readonly instanceId: string;
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
  /** As if each came alone, in this order. */
  | {
      readonly kind: 'events';
      readonly sessionEpoch: number;
      readonly events: readonly SequencedEvent[];
    }
  /** `probe`: of the controller's heartbeat that it answers; 0: of none. */
  | { readonly kind: 'heartbeat'; readonly probe: number }
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
      /** How long the wanted state must hold before the target counts as done. */
      readonly minHealthyMs: number;
      /** Nothing is begun later than this from `sentAtMs`; null: there is no deadline. */
      readonly expiresInMs: number | null;
      /** By the controller's monotonic clock, as in heartbeats: so an agent knows what came late. */
      readonly sentAtMs: number;
    }
  /**
   * Its operation is cancelled or past its deadline: what is not begun is not done any more. Each of
   * these gets a verdict, also one that the agent has never heard of.
   */
  | {
      readonly kind: 'withdraw';
      readonly sessionEpoch: number;
      readonly operationId: OperationId;
      readonly verb: Verb;
      readonly processes: readonly ProcessName[];
      readonly because: 'cancelled' | 'timed-out';
      /** What is under way is not waited for; it goes on by itself. */
      readonly giveUp: boolean;
    }
  /** Answered within the session, or never. */
  | {
      readonly kind: 'question';
      readonly sessionEpoch: number;
      readonly questionId: number;
      readonly question: HostQuestion;
    }
  /** `atMs`: by the controller's monotonic clock. `probe`, not 0: to be answered at once with it. */
  | { readonly kind: 'heartbeat'; readonly atMs: number; readonly probe: number }
  | { readonly kind: 'goodbye'; readonly reason: string; readonly reconnectAfterMs: number };
