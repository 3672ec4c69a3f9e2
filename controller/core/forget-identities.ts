/**
 * Lets go of tokens, certificates and requests that have been of no use to anybody for a month. Never
 * of something that would get in again if nobody remembered it: a certificate counts by its signature,
 * so one that was ended is kept until it has expired, and one that was revoked by itself for good.
 */
import type { CertificateRecord } from '../../proto/certificates.ts';
import { holderText } from '../../proto/identity-name.ts';
import { barOn, issuedAtMs } from './admission.ts';
import type { Identities } from './identities.ts';
import { endPending, forgetCertificate, forgetToken, putReadmitted } from './identity-changes.ts';
import type { Turn } from './state.ts';

const KEPT_MS = 30 * 24 * 60 * 60 * 1_000;

export function forgetOldIdentities(turn: Turn): void {
  const { identities } = turn.state;
  const { wallMs } = turn.at;
  const isLongAgo = (ms: number): boolean => wallMs - ms > KEPT_MS;
  for (const { secretHash, expiresAtMs } of identities.tokens.values()) {
    if (isLongAgo(expiresAtMs)) forgetToken(turn, secretHash);
  }
  const newest = newestOfEach(identities);
  for (const record of identities.certificates.values()) {
    if (!isLongAgo(record.notAfterMs) || newest.has(record)) continue;
    if (!isNeeded(identities, record)) forgetCertificate(turn, record.fingerprint);
  }
  for (const { keyHash, requestedAtMs } of identities.pending.values()) {
    if (isLongAgo(requestedAtMs)) endPending(turn, keyHash);
  }
  for (const [host, untilMs] of identities.readmitted) {
    if (wallMs >= untilMs) putReadmitted(turn, host, null);
  }
}

/** By these a host comes back that was off for a season; and those before them do not. */
function newestOfEach({ certificates }: Identities): ReadonlySet<CertificateRecord> {
  const newest = new Map<string, CertificateRecord>();
  for (const record of certificates.values()) {
    const holder = holderText(record);
    const known = newest.get(holder);
    const isNewer = known === undefined || issuedAtMs(record) > issuedAtMs(known);
    if (record.ended === null && isNewer) newest.set(holder, record);
  }
  return new Set(newest.values());
}

/** Its host could come back with it, by a readmission that was meant for the one after it. */
function isNeeded(identities: Identities, record: CertificateRecord): boolean {
  if (record.ended?.kind !== 'revoked') return false;
  return barOn(identities, record, issuedAtMs(record)) === null;
}
