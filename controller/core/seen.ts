/**
 * Certificates as they are shown. One from elsewhere is on record from then on, unless it has been
 * overtaken already; with the first use of one that was issued here the one before it has done its
 * work, and is not needed any more.
 */
import type { CertificateEnd, CertificateRecord } from '../../proto/certificates.ts';
import { issuedAtMs } from './admission.ts';
import { certificatesOf } from './certificate-index.ts';
import { putCertificate } from './identity-changes.ts';
import type { FleetInput, Turn } from './state.ts';

export function noteSeen(
  turn: Turn,
  { certificate }: Extract<FleetInput, { readonly kind: 'seen' }>,
): void {
  const { kind, name, fingerprint, notBeforeMs, notAfterMs } = certificate;
  const firstSeenAtMs = turn.at.wallMs;
  const record = turn.state.identities.certificates.get(fingerprint);
  if (record === undefined) {
    const stranger: CertificateRecord = {
      ...{ kind, name, fingerprint, notBeforeMs, notAfterMs, firstSeenAtMs },
      ...{ keyHash: '', issued: null, ended: null, pem: null },
    };
    putCertificate(turn, { ...stranger, ended: endOfStranger(turn, stranger) });
    return;
  }
  if (record.firstSeenAtMs !== null) return;
  putCertificate(turn, { ...record, firstSeenAtMs });
  if (record.issued === null || record.ended !== null) return;
  for (const before of certificatesOf(turn.state.identities, record)) {
    if (isReplacedBy(before, record)) endAsReplaced(turn, before);
  }
}

/**
 * Of operators only what was issued here: who got several with `fleet-certs issue` uses them in
 * several places.
 */
function isReplacedBy(before: CertificateRecord, record: CertificateRecord): boolean {
  return (
    before.ended === null &&
    before.fingerprint !== record.fingerprint &&
    (before.issued !== null || before.kind === 'agent') &&
    issuedAtMs(before) < issuedAtMs(record)
  );
}

/**
 * It may have been known once: where the clock was ahead for a while, certificates were forgotten that
 * had ended by that clock only. One that has come too late was replaced when the newer one was used
 * first, so that the grace of who has just renewed is not for it.
 */
function endOfStranger(turn: Turn, stranger: CertificateRecord): CertificateEnd | null {
  for (const record of certificatesOf(turn.state.identities, stranger)) {
    const { ended, issued, firstSeenAtMs } = record;
    if (issued === null || firstSeenAtMs === null) continue;
    // One that had ended when it was shown has replaced nothing.
    const wasInUse = ended === null || ended.atMs > firstSeenAtMs;
    if (wasInUse && isReplacedBy(stranger, record)) return replacedAt(firstSeenAtMs);
  }
  return null;
}

function endAsReplaced(turn: Turn, before: CertificateRecord): void {
  putCertificate(turn, { ...before, ended: replacedAt(turn.at.wallMs) });
}

function replacedAt(atMs: number): CertificateEnd {
  return { kind: 'replaced', atMs, by: null, reason: 'a newer one is in use' };
}
