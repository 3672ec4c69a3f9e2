/**
 * All that the agent's driver asks of the world. The adapters implement these; tests use
 * hand-written fakes. What comes back from the world arrives as an `AgentInput`.
 */
import type { Instant } from '../proto/instant.ts';
import type { OrderNews } from '../proto/local-orders.ts';
import type { AgentMessage } from '../proto/messages.ts';
import type { ProcessName } from '../proto/vocabulary.ts';
import type { ProcessDefinition } from './core/definition.ts';
import type { HostRules } from './core/host-rules.ts';
import type { ProbeResult } from './core/observe.ts';
import type { Child, SignalResult } from './core/process.ts';
import type { AgentWrite, ConfigReading, OrderId, SpawnProblem } from './core/state.ts';

export interface Clock {
  now(): Instant;
  /** Once, after at least `delayMs`. A late one does no harm: the core knows stale timers. */
  after(delayMs: number, callback: () => void): void;
  /** After the callbacks that are due already, so that what they deliver shares one batch. */
  soon(callback: () => void): void;
}

export interface Children {
  /** Why its command cannot be started at all, found without starting anything; null: it can. */
  examine(definition: ProcessDefinition): SpawnProblem | null;
  /** Where its executable lies, without links; null where that cannot be told. */
  locate(definition: ProcessDefinition): string | null;
  /** Ends in `spawned` or `spawnFailed`; the program waits until it is released. */
  spawn(definition: ProcessDefinition): void;
  release(process: ProcessName): void;
  abandon(process: ProcessName): void;
  /** Of a process that is to end; what it has started ends with it, where it is defined so. */
  stop(process: ProcessName, child: Child, signal: string, wholeGroup: boolean): SignalResult;
  /** To the program alone. */
  signal(child: Child, signal: string): SignalResult;
  adopt(definition: ProcessDefinition, child: Child): void;
  /** Its logs are to be as this says from now on; whatever runs goes on running. */
  redefine(definition: ProcessDefinition): void;
  /** It has ended and is no longer configured: nothing of it is to stay open. */
  forget(process: ProcessName): void;
}

/** Looks once whether a program does what it is there for. */
export interface HealthProbes {
  /** `done` is called once, at the latest after the check's timeout; perhaps within this call. */
  probe(definition: ProcessDefinition, child: Child, done: (result: ProbeResult) => void): void;
}

/** The configuration on disk, read anew each time. */
export interface ConfigSource {
  read(): ConfigReading;
  /** Also for a start that finds the file unusable. */
  keepRules(rules: HostRules): void;
}

/** Whoever gave an order on this host and still listens. */
export interface OrderListeners {
  tell(order: OrderId, news: OrderNews): void;
}

export interface Journal {
  /** All of it or nothing; with FULL durability where an operation's target or a hold is among it. */
  commit(writes: readonly AgentWrite[]): Promise<void>;
}

export interface Link {
  /** Queued for the session that is up; lost with it, and then sent anew by the next one. */
  send(message: AgentMessage): void;
  /** Another one begins. */
  endSession(because: string): void;
}

export interface Log {
  info(details: object, text: string): void;
  warn(details: object, text: string): void;
  error(details: object, text: string): void;
}
