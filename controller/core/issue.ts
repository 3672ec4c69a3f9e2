/**
 * Puts a certificate on record, or the request for it where somebody else has to sign. Whoever comes
 * again with the same key, because an answer was lost, gets the same answer and changes nothing.
 */
import {
  BACKDATED_MS,
  type CertificateRecord,
  type PendingRequest,
  type Token,
} from '../../proto/certificates.ts';
import { type Refusal, refusal } from '../../proto/errors.ts';
import { type Holder, holderText } from '../../proto/identity-name.ts';
import { counts, isOf, issuedAtMs } from './admission.ts';
import { certificatesByKey, certificatesOf } from './certificate-index.ts';
import { dropPending, endAllOf } from './ended.ts';
import type {
  Identities,
  IdentityAnswer,
  IssuedCertificate,
  WantedCertificate,
} from './identities.ts';
import { endPending, putCertificate, putPending } from './identity-changes.ts';
import type { Turn } from './state.ts';

/** What somebody may have. */
export interface Allowance {
  readonly holder: Holder;
  /** How long the certificate may live. */
  readonly days: number;
  /** For the record: `token 1a2b3c4d of alice`, `renewal`, `return` */
  readonly because: string;
  /** What was issued for the same before: only for whoever comes with the same key again. */
  readonly alreadyIssued: CertificateRecord | null;
  /** Whoever has lost the key of that one gets another one for the next. */
  readonly mayChangeKey: boolean;
}

interface Issue {
  readonly certificate: IssuedCertificate;
  readonly because: string;
  /** As in `Asked`. */
  readonly replacing: Token | null;
}

interface Asked {
  readonly wanted: WantedCertificate;
  readonly address: string | null;
  /** The token that this is for and by which everything older ends; null: nothing ends by it. */
  readonly replacing: Token | null;
}

/** Whoever has the key may be away for a while, and a fleet may come to renew meanwhile. */
export const PENDING_MAX = 10_000;

/** Dates in certificates are whole seconds. */
const ROUNDED_MS = 1_000;
const DAY_MS = 24 * 60 * 60 * 1_000;

/** Changes nothing where it refuses, or where the same key was served before. */
export function grant(
  turn: Turn,
  { holder, days, because, alreadyIssued }: Allowance,
  { wanted, address, replacing }: Asked,
): IdentityAnswer | Refusal {
  const { name } = holder;
  const { keyHash, csrPem, issued } = wanted;
  if (alreadyIssued?.pem != null && alreadyIssued.keyHash === keyHash) {
    return { kind: 'issued', name, certificatePem: alreadyIssued.pem };
  }
  const { identities } = turn.state;
  const problem = keyProblem(identities, holder, keyHash);
  if (problem !== null) return problem;
  if (issued !== null) {
    const request = { ...holder, keyHash, days, because };
    const misfit = misfitOf(turn, issued, request);
    if (misfit !== null) return notAsAsked(misfit);
    dropPending(turn, holder);
    recordIssued(turn, { certificate: issued, because, replacing });
    return { kind: 'issued', name, certificatePem: issued.pem };
  }
  if (identities.pending.get(keyHash) !== undefined) return { kind: 'pending', name };
  if (identities.pending.size >= PENDING_MAX) return noMoreWait();
  dropPending(turn, holder);
  const requestedAtMs = turn.at.wallMs;
  putPending(turn, { ...holder, keyHash, csrPem, days, because, address, requestedAtMs });
  return { kind: 'pending', name };
}

/** How a certificate differs from what was asked for; null: it does not. */
export function misfitOf(
  { state, at }: Turn,
  certificate: IssuedCertificate,
  asked: Pick<PendingRequest, 'kind' | 'name' | 'keyHash' | 'days'>,
): string | null {
  const { fingerprint, keyHash, notBeforeMs, notAfterMs } = certificate;
  if (!isOf(asked, certificate)) {
    return `it is of ${holderText(certificate)}, and ${holderText(asked)} asked`;
  }
  if (keyHash !== asked.keyHash) return 'it is for another key';
  if (notBeforeMs > at.wallMs) return 'it is not valid yet: compare the clocks of the two machines';
  if (notAfterMs <= at.wallMs) return 'it is over already';
  if (notAfterMs - notBeforeMs > asked.days * DAY_MS + BACKDATED_MS + ROUNDED_MS) {
    return `it lives longer than ${asked.days} days`;
  }
  return state.identities.certificates.get(fingerprint) === undefined
    ? null
    : 'it is on record already';
}

/** From now on it counts. What was issued for the same holder and never shown does not any more. */
export function recordIssued(
  turn: Turn,
  { certificate, because, replacing }: Issue,
): CertificateRecord {
  const { wallMs } = turn.at;
  if (replacing !== null) {
    const { createdBy: by, id } = replacing;
    endAllOf(turn, certificate, { by, reason: `replaced by means of token ${id}` });
  }
  endPending(turn, certificate.keyHash);
  const older = certificatesOf(turn.state.identities, certificate);
  for (const record of older) {
    if (!counts(record, wallMs) || record.pem === null || record.firstSeenAtMs !== null) continue;
    const reason = 'nobody had used it when the next one was issued';
    const ended = { kind: 'replaced', atMs: wallMs, by: null, reason } as const;
    putCertificate(turn, { ...record, ended });
  }
  const record: CertificateRecord = {
    ...certificate,
    issued: { atMs: issueTime(turn, certificate, older), because },
    firstSeenAtMs: null,
    ended: null,
  };
  putCertificate(turn, record);
  return record;
}

/** Later than whatever it comes after, even where the clock was set back: the order is what counts. */
function issueTime(turn: Turn, holder: Holder, older: readonly CertificateRecord[]): number {
  const bar = turn.state.identities.bars.get(holderText(holder));
  const before = older.filter(({ issued }) => issued !== null).map(issuedAtMs);
  return Math.max(turn.at.wallMs, (bar?.issuedUntilMs ?? 0) + 1, ...before.map((ms) => ms + 1));
}

/** A key is one holder's, and one that was in a certificate which was revoked is nobody's any more. */
function keyProblem(identities: Identities, holder: Holder, keyHash: string): Refusal | null {
  if (!/^[0-9a-f]{64}$/.test(keyHash)) {
    return refusal('internal', 'the hash of a key has 64 hexadecimal digits');
  }
  const asked = identities.pending.get(keyHash);
  const fix = 'make a new key: remove the one that is there, and begin again';
  if (asked !== undefined && !isOf(holder, asked)) {
    return refusal('denied', 'this key is of somebody else', {
      cause: 'who waits for a certificate',
      fix,
    });
  }
  for (const record of certificatesByKey(identities, keyHash)) {
    if (!isOf(holder, record)) {
      return refusal('denied', 'this key is of somebody else', { fix });
    }
    if (record.ended?.kind === 'revoked') {
      return refusal('denied', 'the certificate of this key was revoked', { fix });
    }
  }
  return null;
}

function notAsAsked(cause: string): Refusal {
  return refusal('internal', 'the certificate is not as asked for', { cause });
}

function noMoreWait(): Refusal {
  return refusal('exhausted', `${PENDING_MAX} requests wait for a signature`, {
    fix: 'fleetctl cert requests, fleet-certs sign, fleetctl cert add',
  });
}
