/** What a simulated agent does, for whoever looks on and complains. */
import type { AgentState, AgentWrite } from '../../agent/core/state.ts';
import type { LocalOrder } from '../../proto/local-orders.ts';
import type { AgentMessage, ControllerMessage } from '../../proto/messages.ts';
import type { HostId, ProcessName } from '../../proto/vocabulary.ts';

/** States are as committed. */
export interface AgentWitness {
  sent(host: HostId, message: AgentMessage, state: AgentState): void;
  received(host: HostId, message: ControllerMessage, state: AgentState): void;
  ordered(host: HostId, order: LocalOrder): void;
  committed(host: HostId, writes: readonly AgentWrite[]): void;
  /** A program was let go. */
  started(host: HostId, state: AgentState, process: ProcessName, pid: number): void;
  /** A program was sent its stop signal. */
  stopped(host: HostId, state: AgentState, process: ProcessName, pid: number): void;
  /** Their agent died before it let these programs go. */
  gatesClosed(host: HostId, pids: readonly number[]): void;
  rebooted(host: HostId): void;
  note(text: string): void;
}
