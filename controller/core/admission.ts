/**
 * Whether a certificate that is signed and within its dates still counts: it may have been revoked
 * or replaced, or everything of its holder may be barred. Asked with each call and, of what stays
 * open, each second; so it looks up two entries and nothing more.
 */
import {
  BACKDATED_MS,
  type Bar,
  type CertificateEnd,
  type CertificateRecord,
} from '../../proto/certificates.ts';
import { type Refusal, refusal } from '../../proto/errors.ts';
import { type Holder, holderText } from '../../proto/identity-name.ts';
import type { Identities, SeenCertificate } from './identities.ts';

/**
 * One that was replaced is good for so much longer: who has just renewed may have calls under way,
 * and sessions that are handed over, with the one before. It renews no more, though.
 */
export const REPLACED_GRACE_MS = 60_000;

/**
 * Why nobody is let in with this certificate; null: nothing stands against it. Its signature and its
 * dates are judged elsewhere.
 * @param nowMs wall clock
 */
export function admissionRefusal(
  identities: Identities,
  certificate: SeenCertificate,
  nowMs: number,
): Refusal | null {
  const ended = identities.certificates.get(certificate.fingerprint)?.ended ?? null;
  const sinceMs = ended?.kind === 'replaced' ? nowMs - ended.atMs : REPLACED_GRACE_MS;
  const isInGrace = sinceMs >= 0 && sinceMs < REPLACED_GRACE_MS;
  return isInGrace ? barredRefusal(identities, certificate) : endedRefusal(identities, certificate);
}

/** The same for what leads to another certificate: one that was replaced is good for nothing there. */
export function endedRefusal(identities: Identities, certificate: SeenCertificate): Refusal | null {
  const ended = identities.certificates.get(certificate.fingerprint)?.ended ?? null;
  if (ended === null) return barredRefusal(identities, certificate);
  return ended.kind === 'replaced'
    ? replacedRefusal(certificate, ended)
    : revokedRefusal(certificate, ended);
}

function barredRefusal(identities: Identities, certificate: SeenCertificate): Refusal | null {
  const record = identities.certificates.get(certificate.fingerprint);
  const bar = barOn(identities, certificate, issuedAtMs(record ?? certificate));
  return bar === null ? null : barRefusal(bar);
}

/** What keeps out a certificate of this holder that was issued at a time; null: nothing does. */
export function barOn(identities: Identities, holder: Holder, atMs: number): Bar | null {
  const bar = identities.bars.get(holderText(holder));
  if (bar === undefined) return null;
  return bar.issuedUntilMs === null || atMs <= bar.issuedUntilMs ? bar : null;
}

/** When it was issued; one from elsewhere says so by its beginning. */
export function issuedAtMs(certificate: SeenCertificate | CertificateRecord): number {
  const issued = 'issued' in certificate ? certificate.issued : null;
  return issued?.atMs ?? certificate.notBeforeMs + BACKDATED_MS;
}

/** Why a certificate was issued that follows one which counts. */
export const RENEWAL = 'renewal';

/** On record, and good for a session that begins now. Bars are for `admissionRefusal`. */
export function counts({ ended, notAfterMs }: CertificateRecord, nowMs: number): boolean {
  return ended === null && nowMs <= notAfterMs;
}

export function isOf(holder: Holder, { kind, name }: Holder): boolean {
  return holder.kind === kind && holder.name === name;
}

/** How a time stands in messages: in UTC, to the second. */
export function timeText(wallMs: number): string {
  return new Date(wallMs).toISOString().replace(/\.\d+Z$/, 'Z');
}

export function barRefusal(bar: Bar): Refusal {
  const who = holderText(bar);
  const when = `${timeText(bar.atMs)} by ${bar.by}${because(bar.reason)}`;
  if (bar.issuedUntilMs === null) {
    return refusal('denied', `${who} was removed from the fleet`, {
      cause: `at ${when}`,
      fix: `fleetctl host readmit ${bar.name} lets it join again, with a new token`,
    });
  }
  return refusal('denied', `the certificates of ${who} were revoked`, {
    cause: `all that were issued until ${timeText(bar.issuedUntilMs)}, at ${when}`,
    fix: freshToken(bar),
  });
}

export function replacedRefusal(
  holder: Holder,
  { atMs, reason }: Pick<CertificateEnd, 'atMs' | 'reason'>,
): Refusal {
  return refusal('denied', `the certificate of ${holderText(holder)} was replaced by a newer one`, {
    cause: `at ${timeText(atMs)}${because(reason)}`,
    fix: `use the newer one; if it is lost: ${freshToken(holder)}`,
  });
}

function revokedRefusal(holder: Holder, { atMs, by, reason }: CertificateEnd): Refusal {
  const whom = by === null ? '' : ` by ${by}`;
  return refusal('denied', `the certificate of ${holderText(holder)} was revoked`, {
    cause: `at ${timeText(atMs)}${whom}${because(reason)}`,
    fix: freshToken(holder),
  });
}

function freshToken({ kind, name }: Holder): string {
  const whom = kind === 'operator' ? `--operator ${name}` : `--hosts ${name} --replace`;
  return `somebody who may enrol makes a token for it: fleetctl token create ${whom}`;
}

function because(reason: string): string {
  return reason === '' ? '' : `: ${reason}`;
}
