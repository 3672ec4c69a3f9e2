/**
 * How much one agent may say: what it sends beyond that stays unread until there is budget again, so
 * that it waits and nothing is lost, and the others are heard meanwhile. Log data that was asked for
 * counts apart: its bound is the credit of who reads it. Pure: the time comes in.
 */
import { type AgentLogMessage, isAgentLogMessage } from '../../proto/log-messages.ts';
import type { AgentMessage } from '../../proto/messages.ts';

export interface AgentLimits {
  readonly eventsPerSecond: number;
  readonly eventsAtOnce: number;
  readonly bytesPerSecond: number;
  readonly bytesAtOnce: number;
}

/** Far above what an agent with 10,000 processes has to say when all of them change state. */
export const AGENT_LIMITS: AgentLimits = {
  eventsPerSecond: 10_000,
  eventsAtOnce: 100_000,
  bytesPerSecond: 8 * 1_048_576,
  bytesAtOnce: 64 * 1_048_576,
};

export interface AgentBudget {
  /** It was asked for so much log data, and may send that besides. */
  grantLog(bytes: number): void;
  /** @returns for how many milliseconds nothing more may be read from it; 0: for none */
  spend(cost: Cost, nowMs: number): number;
}

export interface Cost {
  readonly events: number;
  readonly bytes: number;
  readonly logBytes: number;
}

/** @param byteLength of the frame that it came in */
export function costOf(message: AgentMessage | AgentLogMessage, byteLength: number): Cost {
  if (!isAgentLogMessage(message)) {
    return { events: eventsIn(message), bytes: byteLength, logBytes: 0 };
  }
  return message.kind === 'logBlock'
    ? { events: 1, bytes: 0, logBytes: message.data.byteLength }
    : { events: 1, bytes: byteLength, logBytes: 0 };
}

function eventsIn(message: AgentMessage): number {
  switch (message.kind) {
    case 'events':
      return Math.max(1, message.events.length);
    case 'snapshot':
      return Math.max(1, message.processes.length);
    case 'hello':
    case 'event':
    case 'answer':
    case 'heartbeat':
    case 'goodbye':
      return 1;
  }
}

/** @param nowMs of a monotonic clock, as everywhere here */
export function createAgentBudget(nowMs: number, limits: AgentLimits = AGENT_LIMITS): AgentBudget {
  return new Buckets(nowMs, limits);
}

/**
 * Two token buckets, each of which one message may overdraw: what is owed is waited for afterwards.
 * A class, because there is one for each agent and closures take three times the memory.
 */
class Buckets implements AgentBudget {
  readonly #limits: AgentLimits;
  #events: number;
  #bytes: number;
  #filledAtMs: number;
  #grantedBytes = 0;

  constructor(nowMs: number, limits: AgentLimits) {
    this.#limits = limits;
    this.#events = limits.eventsAtOnce;
    this.#bytes = limits.bytesAtOnce;
    this.#filledAtMs = nowMs;
  }

  grantLog(bytes: number): void {
    this.#grantedBytes += bytes;
  }

  spend(cost: Cost, nowMs: number): number {
    const { eventsPerSecond, eventsAtOnce, bytesPerSecond, bytesAtOnce } = this.#limits;
    const passedMs = Math.max(0, nowMs - this.#filledAtMs);
    this.#filledAtMs = nowMs;
    const granted = Math.min(this.#grantedBytes, cost.logBytes);
    this.#grantedBytes -= granted;
    const bytes = cost.bytes + cost.logBytes - granted;
    this.#events = filled(this.#events, passedMs, eventsPerSecond, eventsAtOnce) - cost.events;
    this.#bytes = filled(this.#bytes, passedMs, bytesPerSecond, bytesAtOnce) - bytes;
    return Math.max(owedMs(this.#events, eventsPerSecond), owedMs(this.#bytes, bytesPerSecond));
  }
}

const filled = (level: number, passedMs: number, perSecond: number, most: number): number =>
  Math.min(most, level + (passedMs * perSecond) / 1_000);

const owedMs = (level: number, perSecond: number): number =>
  level >= 0 ? 0 : Math.ceil((-level * 1_000) / perSecond);
