/** What is on record, in the `Authority` service ⇄ the vocabulary. */
import type { Actor, AuditEntry, AuditHead, AuditQuery, AuditRow, AuditVerdict } from '../audit.ts';
import type {
  AuditRow as WireRow,
  AuditRow__Output as WireRowOutput,
} from '../gen/fleet/v1/AuditRow.ts';
import type {
  ReadAuditRequest as WireQuery,
  ReadAuditRequest__Output as WireQueryOutput,
} from '../gen/fleet/v1/ReadAuditRequest.ts';
import type {
  VerifyAuditRequest as WireHead,
  VerifyAuditRequest__Output as WireHeadOutput,
} from '../gen/fleet/v1/VerifyAuditRequest.ts';
import type {
  VerifyAuditResponse as WireVerdict,
  VerifyAuditResponse__Output as WireVerdictOutput,
} from '../gen/fleet/v1/VerifyAuditResponse.ts';
import { operationId } from '../vocabulary.ts';
import { exact, malformed, oneOf, orNull, present, short } from './fields.ts';

const ACTORS = [
  'operator',
  'agent',
  'controller',
  'nobody',
] as const satisfies readonly Actor['kind'][];
const OUTCOMES = ['done', 'refused', 'ended'] as const satisfies readonly AuditEntry['outcome'][];

/** Hexadecimal digits of SHA-256. */
const HASH = /^[0-9a-f]{64}$/;

export function encodeAuditRow({ actor, operation, ...row }: AuditRow): WireRow {
  return {
    ...row,
    processes: [...row.processes],
    actorKind: actor.kind,
    actor: actor.name,
    ...present('fingerprint', actor.fingerprint),
    ...present('address', actor.address),
    ...present('operation', operation),
  };
}

export function decodeAuditRow(wire: WireRowOutput): AuditRow {
  return {
    seq: exact('number of a row', wire.seq),
    atMs: exact('time', wire.atMs),
    actor: {
      kind: oneOf('kind of an actor', ACTORS, wire.actorKind),
      name: wire.actor,
      fingerprint: orNull(wire.fingerprint),
      address: orNull(wire.address),
    },
    action: wire.action,
    hosts: wire.hosts,
    processes: wire.processes,
    targets: wire.targets,
    targetCount: wire.targetCount,
    operation: wire.operation === undefined ? null : operationId(wire.operation),
    reason: wire.reason,
    outcome: oneOf('outcome', OUTCOMES, wire.outcome),
    detail: wire.detail,
    previousHash: wire.previousHash,
    hash: wire.hash,
  };
}

export function encodeAuditQuery({ limit, ...query }: AuditQuery): WireQuery {
  return {
    limit,
    ...present('actor', query.actor),
    ...present('action', query.action),
    ...present('outcome', query.outcome),
    ...present('sinceMs', query.sinceMs),
  };
}

export function decodeAuditQuery(wire: WireQueryOutput): AuditQuery {
  const { actor, action, outcome, sinceMs, limit } = wire;
  if (limit < 0) throw malformed(`a limit of ${limit} rows`);
  return {
    actor: actor === undefined ? null : short('an actor', actor),
    action: action === undefined ? null : short('an action', action),
    outcome: outcome === undefined ? null : oneOf('outcome', OUTCOMES, outcome),
    sinceMs: sinceMs === undefined ? null : exact('time', sinceMs),
    limit,
  };
}

/** @param head null: what is stored must do */
export function encodeKnownHead(head: AuditHead | null): WireHead {
  return head === null ? {} : { headSeq: head.seq, headHash: head.hash };
}

export function decodeKnownHead({ headSeq, headHash }: WireHeadOutput): AuditHead | null {
  if (headSeq === undefined) return null;
  if (!HASH.test(headHash)) throw malformed('a head without its hash');
  if (headSeq < 1) throw malformed(`a head of row ${headSeq}`);
  return { seq: exact('number of a row', headSeq), hash: headHash };
}

export function encodeAuditVerdict(verdict: AuditVerdict): WireVerdict {
  switch (verdict.kind) {
    case 'sound': {
      const { firstSeq, head } = verdict;
      return { firstSeq, headSeq: head?.seq ?? 0, headHash: head?.hash ?? '' };
    }
    case 'broken':
      return { brokenSeq: verdict.seq, why: verdict.why };
  }
}

export function decodeAuditVerdict(wire: WireVerdictOutput): AuditVerdict {
  const { brokenSeq, why, headHash: hash } = wire;
  if (brokenSeq !== undefined) {
    return { kind: 'broken', seq: exact('number of a row', brokenSeq), why };
  }
  const seq = exact('number of a row', wire.headSeq);
  const firstSeq = exact('number of a row', wire.firstSeq);
  return { kind: 'sound', firstSeq, head: seq === 0 ? null : { seq, hash } };
}
