/**
 * What is on record of who did what, and who was refused what. Rows are chained: each carries a hash
 * over the one before it, so that an edit, a deletion or a missing end shows.
 */
import type { OperationId } from './vocabulary.ts';

/** Who did it. */
export interface Actor {
  readonly kind: 'operator' | 'agent' | 'controller' | 'nobody';
  readonly name: string;
  /** Of the certificate; null: none was shown. */
  readonly fingerprint: string | null;
  /** IP address; null: not known. */
  readonly address: string | null;
}

export interface AuditEntry {
  readonly atMs: number;
  readonly actor: Actor;
  /** `restart`, `pause`, `logs`, `token create`, `cert revoke`, `Control.ListHosts`, … */
  readonly action: string;
  /** As typed; empty where there is none. */
  readonly hosts: string;
  readonly processes: readonly string[];
  /** What that came to, folded: `web-[1-40]: web:web_00, web:web_01`; empty where nothing. */
  readonly targets: string;
  readonly targetCount: number;
  readonly operation: OperationId | null;
  readonly reason: string;
  /** `ended`: of an operation that was done before; `detail` says how. */
  readonly outcome: 'done' | 'refused' | 'ended';
  /** Why it was refused, or what there is to say; empty where nothing. */
  readonly detail: string;
}

export interface AuditRow extends AuditEntry {
  /** From 1, without a gap. */
  readonly seq: number;
  /** 64 hexadecimal digits; of the row before it, and of this one with that. */
  readonly previousHash: string;
  readonly hash: string;
}

export interface AuditQuery {
  /** Null: every actor, every action. */
  readonly actor: string | null;
  readonly action: string | null;
  readonly outcome: AuditEntry['outcome'] | null;
  /** Null: from the first on. */
  readonly sinceMs: number | null;
  /** 0: all, oldest first; else the newest so many, newest first. */
  readonly limit: number;
}

/** A row that somebody has written down elsewhere: `1234:ab12…`. */
export interface AuditHead {
  readonly seq: number;
  readonly hash: string;
}

export type AuditVerdict =
  | { readonly kind: 'sound'; readonly firstSeq: number; readonly head: AuditHead | null }
  /** The first row that does not fit, and how. */
  | { readonly kind: 'broken'; readonly seq: number; readonly why: string };
