/**
 * Which agents are due for a heartbeat, and which have been silent for too long. A few at a time, so
 * that those of 10,000 agents do not leave in one go; and silence counts only while we listened.
 */
import { type Attention, createAttention } from '../../proto/attention.ts';
import type { ConnectionId } from '../core/host.ts';
import { HEARTBEAT_INTERVAL_MS } from '../core/sessions.ts';

/** With a heartbeat every 5 s, a host that vanished is shown as such within 20 s. */
export const SILENCE_MAX_MS = 3 * HEARTBEAT_INTERVAL_MS;

export const TICK_INTERVAL_MS = 250;

/** About 10 ms of work; enough for 10,000 agents in one interval. */
export const DUE_AT_ONCE_MAX = 500;

export interface Due {
  readonly connection: ConnectionId;
  /** Null: it is alive, and is to be told that we are. */
  readonly silentMs: number | null;
}

interface Beat {
  dueMs: number;
  /** Of the time in which we listened. */
  heardAtMs: number;
}

/** Times are those of one monotonic clock. */
export class Heartbeats {
  /** In the order in which they are due. */
  readonly #beats = new Map<ConnectionId, Beat>();
  readonly #attention: Attention;

  constructor(nowMs: number) {
    this.#attention = createAttention(TICK_INTERVAL_MS, nowMs);
  }

  join(connection: ConnectionId, nowMs: number): void {
    const heardAtMs = this.#attention.listenedMs(nowMs);
    this.#beats.set(connection, { dueMs: nowMs + HEARTBEAT_INTERVAL_MS, heardAtMs });
  }

  heard(connection: ConnectionId, nowMs: number): void {
    const beat = this.#beats.get(connection);
    if (beat !== undefined) beat.heardAtMs = this.#attention.listenedMs(nowMs);
  }

  leave(connection: ConnectionId): void {
    this.#beats.delete(connection);
  }

  /** To be called every `TICK_INTERVAL_MS`. */
  tick(nowMs: number): readonly Due[] {
    this.#attention.tick(nowMs);
    const listenedMs = this.#attention.listenedMs(nowMs);
    const due: Due[] = [];
    for (const [connection, beat] of this.#beats) {
      if (beat.dueMs > nowMs || due.length === DUE_AT_ONCE_MAX) break;
      const silentMs = listenedMs - beat.heardAtMs;
      due.push({ connection, silentMs: silentMs > SILENCE_MAX_MS ? silentMs : null });
      this.#beats.delete(connection);
      beat.dueMs = nowMs + HEARTBEAT_INTERVAL_MS;
      this.#beats.set(connection, beat);
    }
    return due;
  }
}
