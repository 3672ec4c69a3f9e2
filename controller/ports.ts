/** All that the controller's driver asks of the world. Adapters implement these, tests fake them. */

import type { AuditHead, AuditQuery, AuditRow, AuditVerdict } from '../proto/audit.ts';
import type { Refusal } from '../proto/errors.ts';
import type { Instant } from '../proto/instant.ts';
import type { ControllerLogMessage } from '../proto/log-messages.ts';
import type { ControllerMessage } from '../proto/messages.ts';
import type { StoredEvent } from '../proto/vocabulary.ts';
import type { EventSpan } from './core/explain.ts';
import type { ConnectionId } from './core/host.ts';
import type { EventQuery } from './core/queries.ts';
import type { FleetWrite } from './core/state.ts';

export interface Clock {
  now(): Instant;
  after(delayMs: number, callback: () => void): void;
  /** After the callbacks that are due already, so that what they deliver shares one batch. */
  soon(callback: () => void): void;
}

/** `full`: nothing was written and nothing is broken, but room must be made. */
export type CommitResult = 'committed' | 'full';

/** Asynchronous in its type, so that a networked database can stand behind it. */
export interface Store {
  /** All of it, durably, or nothing. Rejects where the store is broken. */
  commit(writes: readonly FleetWrite[]): Promise<CommitResult>;
  /** Newest first. It looks back only so far: a process that says little may have said more. */
  recentEvents(query: EventQuery): Promise<readonly StoredEvent[]>;
  /** Oldest first, as they were stored. */
  eventsBetween(query: EventSpan): Promise<readonly StoredEvent[]>;
  /**
   * @param after of the row told last; null: from the beginning (of the order that the query asks)
   * @returns some of them; none where there are no more
   */
  auditRows(query: AuditQuery, after: number | null): Promise<readonly AuditRow[]>;
  /** @param known a head that was written down elsewhere; null: what is stored must do */
  verifyAudit(known: AuditHead | null): Promise<AuditVerdict>;
}

export interface AgentLinks {
  /** To a connection that is gone it is dropped: the next session begins with a snapshot. */
  send(connection: ConnectionId, message: ControllerMessage): void;
  close(connection: ConnectionId, because: Refusal): void;
}

/** Beside `AgentLinks`, because logs do not go through the core. */
export interface LogLinks {
  /** To a connection that is gone it is dropped, as its readers are gone with it. */
  sendLog(connection: ConnectionId, message: ControllerLogMessage): void;
}

export interface Log {
  info(details: object, text: string): void;
  warn(details: object, text: string): void;
  error(details: object, text: string): void;
}
