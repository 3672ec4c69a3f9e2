/**
 * What must be written into a restored database before a controller may take it up: who has lost his
 * rights since must not have them again, what could be used once must not be used twice, and nothing
 * that was under way may go on by itself. Pure.
 */
import type { AuditEntry, AuditHead } from '../../proto/audit.ts';
import { holderText } from '../../proto/identity-name.ts';
import type { Instant } from '../../proto/instant.ts';
import type { HostId, OperationId } from '../../proto/vocabulary.ts';
import { draftOf, type Execution } from '../core/execution.ts';
import { drain, pause } from '../core/halt.ts';
import type { Identities } from '../core/identities.ts';
import { goOn } from '../core/operation.ts';
import { CONTROLLER, entryOf } from '../core/record.ts';
import type { FleetState, FleetWrite } from '../core/state.ts';
import { outranks, removedSince } from './removed-since.ts';
import { type LedgerWrite, subjectOf } from './what-ended.ts';

export interface Restored {
  /** As the backup has it. */
  readonly contents: Pick<
    FleetState,
    'hosts' | 'operations' | 'live' | 'sessionEpoch' | 'identities'
  >;
  /** In the order in which it was written; null: there is none, and so it is wanted. */
  readonly ledger: readonly LedgerWrite[] | null;
  /** The backup's file, for the record. */
  readonly from: string;
  /** What of the database that it takes the place of could be read. */
  readonly replaced: { readonly sessionEpoch: number; readonly head: AuditHead | null };
  /** The unix user. */
  readonly user: string;
  readonly at: Instant;
}

export interface Corrections {
  readonly writes: readonly FleetWrite[];
  /** Of the ledger, what the backup did not know. */
  readonly ended: readonly LedgerWrite[];
  readonly voidedTokens: number;
  readonly droppedRequests: number;
  /** They were running. */
  readonly paused: readonly OperationId[];
  /** They had not begun. */
  readonly cancelled: readonly OperationId[];
}

/** Sessions since the backup have numbers that nobody knows, and agents may remember them. */
const EPOCHS_SKIPPED = 1_000_000_000;

/** The ledger's certificates that ended by themselves before that are not taken up any more. */
const LAPSED_MS = 30 * 24 * 60 * 60 * 1_000;

export function correctionsOf(restored: Restored): Corrections {
  const { contents, ledger, at, replaced } = restored;
  const { identities } = contents;
  const ended = newsIn(ledger ?? [], restored);
  const settled = new Set(ended.flatMap((write) => (write.kind === 'token' ? write.token.id : [])));
  const voided = [...identities.tokens]
    .map(([, token]) => token)
    .filter(({ id, used, revokedBy }) => !settled.has(id) && used === null && revokedBy === null);
  const halted = haltAll(contents, at);
  const corrections = {
    ended,
    voidedTokens: voided.length,
    droppedRequests: identities.pending.size,
    paused: halted.paused,
    cancelled: halted.cancelled,
  };
  const sessionEpoch = Math.max(contents.sessionEpoch, replaced.sessionEpoch) + EPOCHS_SKIPPED;
  const writes: readonly FleetWrite[] = [
    ...[...identities.readmitted].map(
      ([host]) => ({ kind: 'readmitted', host, untilMs: null }) as const,
    ),
    ...ended,
    ...voided.map((token) => ({ kind: 'token', token: { ...token, revokedBy: BY } }) as const),
    ...[...identities.pending].map(([keyHash]) => ({ kind: 'pendingEnded', keyHash }) as const),
    ...halted.writes,
    { kind: 'sessionEpoch', epoch: sessionEpoch },
    { kind: 'audit', entry: restoreEntry(restored, corrections) },
  ];
  return { ...corrections, writes };
}

/** As which it stands where an operator's name would. */
const BY = 'fleet-controller restore';

/** The last word of the ledger on each thing, where the backup does not say so already. */
function newsIn(ledger: readonly LedgerWrite[], { contents, at }: Restored): LedgerWrite[] {
  const last = new Map<string, LedgerWrite>();
  for (const write of ledger) last.set(subjectOf(write), write);
  const removed = removedSince(ledger, contents);
  const { identities } = contents;
  return [...last.values()].flatMap((write) => newsOf(write, identities, removed, at));
}

function newsOf(
  write: LedgerWrite,
  identities: Identities,
  removed: ReadonlySet<HostId>,
  at: Instant,
): readonly LedgerWrite[] {
  switch (write.kind) {
    case 'certificate':
      return endedCertificate(write, identities, at);
    case 'token': {
      const known = identities.tokens.get(write.token.secretHash);
      return known?.used === null && known.revokedBy === null ? [write] : [];
    }
    case 'bar':
      return outranks(write.bar, identities.bars.get(holderText(write.bar))) ? [write] : [];
    case 'hostRemoved':
      return removed.has(write.host) ? [write] : [];
    case 'readmitted':
      return write.untilMs === null || write.untilMs <= at.wallMs ? [] : [write];
  }
}

/** With the text of the certificate where the backup has it, which the ledger does not. */
function endedCertificate(
  { kind, certificate }: Extract<LedgerWrite, { readonly kind: 'certificate' }>,
  { certificates }: Identities,
  { wallMs }: Instant,
): readonly LedgerWrite[] {
  const known = certificates.get(certificate.fingerprint);
  if (known === undefined) {
    return certificate.notAfterMs < wallMs - LAPSED_MS ? [] : [{ kind, certificate }];
  }
  if (known.ended?.kind === 'revoked' || known.ended?.kind === certificate.ended?.kind) return [];
  return [{ kind, certificate: { ...certificate, pem: known.pem } }];
}

interface Halted {
  readonly writes: readonly FleetWrite[];
  readonly paused: readonly OperationId[];
  readonly cancelled: readonly OperationId[];
}

/**
 * What was under way at the backup may be long over, or was cancelled since: it goes on only when
 * somebody says so. What had not begun does not begin; what was ending anyway, ends.
 */
function haltAll({ operations, live }: Restored['contents'], at: Instant): Halted {
  const executions = [...live].flatMap((id) => operations.get(id) ?? []);
  const running = executions.filter(({ facts }) => facts.state === 'running');
  const planned = executions.filter(({ facts }) => facts.state === 'planned');
  const idsOf = (some: readonly Execution[]) => some.map(({ facts }) => facts.id);
  return {
    writes: [
      ...running.map((execution) => haltOne(execution, null, at)),
      ...planned.map((execution) => haltOne(execution, 'cancelled', at)),
    ],
    paused: idsOf(running),
    cancelled: idsOf(planned),
  };
}

const BECAUSE = 'the controller was restored from a backup, and what was done since is not known';

/** As somebody's pause or cancel would (`core/steering.ts`). */
function haltOne(execution: Execution, endsAs: 'cancelled' | null, at: Instant): FleetWrite {
  const draft = draftOf(execution, at);
  const halt = { by: BY, because: BECAUSE, atMs: at.wallMs, kill: false };
  if (endsAs === null) pause(draft, { ...halt, endsAs });
  else drain(draft, { ...halt, endsAs });
  const { execution: next, changed } = goOn(draft, []);
  const moved = { facts: next.facts, tally: next.tally };
  return { kind: 'operationChanged', id: next.facts.id, moved, changed };
}

function restoreEntry(
  { ledger, from, replaced, user, at }: Restored,
  { ended, voidedTokens, paused, cancelled }: Omit<Corrections, 'writes'>,
): AuditEntry {
  const { head } = replaced;
  const detail = [
    `from ${from} by unix user ${user}`,
    head === null
      ? 'no record was replaced'
      : `the record before ended at ${head.seq}:${head.hash}`,
    ledger === null ? 'without ended.log' : `lines of ended.log: ${ended.length}`,
    `unused tokens voided: ${voidedTokens}`,
    `operations paused: ${paused.length}, cancelled: ${cancelled.length}`,
  ].join('; ');
  const entry = entryOf({ actor: CONTROLLER, action: 'restore', outcome: 'done', detail });
  return { atMs: at.wallMs, ...entry };
}
