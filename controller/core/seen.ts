/**
 * Certificates as they are shown. One from elsewhere is on record from then on; with the first use of
 * one that was issued here the one before it has done its work, and is not needed any more.
 */
import type { CertificateRecord } from '../../proto/certificates.ts';
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
    putCertificate(turn, {
      ...{ kind, name, fingerprint, notBeforeMs, notAfterMs, firstSeenAtMs },
      ...{ keyHash: '', issued: null, ended: null, pem: null },
    });
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

function endAsReplaced(turn: Turn, before: CertificateRecord): void {
  const reason = 'a newer one is in use';
  const ended = { kind: 'replaced', atMs: turn.at.wallMs, by: null, reason } as const;
  putCertificate(turn, { ...before, ended });
}
