/** Certificates as people look at them: whose, until when, and why one does not count any more. */
import type { CertificateSummary } from '../../../proto/certificates.ts';
import { groupBy } from '../../../proto/group-by.ts';
import { holderText } from '../../../proto/identity-name.ts';
import { sortNaturally } from '../../../proto/natural-order.ts';
import { type Field, fieldLines, momentText } from '../describe/fields.ts';
import { foldedHosts } from '../operation/places.ts';
import type { Paint } from '../paint.ts';
import { type Cell, cell, renderTable } from '../table.ts';
import { formatDistance, formatTimestamp } from '../time.ts';
import { isEnding } from './ending.ts';

/** Two bytes more than are needed to tell a fleet's certificates from one another. */
const FINGERPRINT_SHOWN = 'AB:CD:EF:01:23:45'.length;

export interface CertificatesView {
  readonly nowMs: number;
  readonly paint: Paint;
  /** With whole fingerprints, and where each is from. */
  readonly isWide: boolean;
}

type CertificateState = 'valid' | 'not-yet' | 'expired' | 'revoked' | 'replaced';

export function renderCertificates(
  certificates: readonly CertificateSummary[],
  { nowMs, paint, isWide }: CertificatesView,
): string {
  if (certificates.length === 0) return 'no certificates\n';
  const wide = ['ISSUED', 'FIRST SEEN'];
  const header = ['HOLDER', 'FINGERPRINT', 'ENDS', ...(isWide ? wide : []), 'STATE'];
  const rows = inOrder(certificates).map((certificate) => [
    cell(holderText(certificate)),
    cell(isWide ? certificate.fingerprint : shortFingerprint(certificate)),
    cell(formatTimestamp(certificate.notAfterMs)),
    ...(isWide
      ? [cell(issuedText(certificate)), cell(formatTimestamp(certificate.firstSeenAtMs))]
      : []),
    stateCell(certificate, nowMs),
  ]);
  return renderTable(header, rows, paint);
}

/**
 * `warning: agent/web-[1-3]: nothing was renewed, the certificate ends within two days`, where no
 * newer one of the same holder is there. Safe to print.
 */
export function endingLines(
  certificates: readonly CertificateSummary[],
  nowMs: number,
): readonly string[] {
  const counting = certificates.filter((certificate) => stateOf(certificate, nowMs) === 'valid');
  const ending = [...groupBy(counting, holderText)]
    .filter(([, own]) => own.every(({ notAfterMs }) => isEnding(notAfterMs, nowMs)))
    .map(([, own]) => own[0] as CertificateSummary);
  return [...groupBy(ending, ({ kind }) => kind)].map(([kind, alike]) => {
    const names = foldedHosts(alike.map(({ name }) => name));
    return `warning: the certificate of ${kind}/${names} ends within two days, and no newer one is known`;
  });
}

export function renderCertificate(certificate: CertificateSummary, nowMs: number): string {
  const { fingerprint, notBeforeMs, notAfterMs, firstSeenAtMs, ended } = certificate;
  const fields: readonly Field[] = [
    ['holder', holderText(certificate)],
    ['fingerprint', fingerprint],
    ['state', stateCell(certificate, nowMs).text],
    ['counts from', momentText(notBeforeMs, nowMs)],
    ['counts until', momentText(notAfterMs, nowMs)],
    ['issued', issuedText(certificate)],
    ['first seen', momentText(firstSeenAtMs, nowMs)],
    ...(ended === null ? [] : ([[ended.kind, momentText(ended.atMs, nowMs)]] as const)),
  ];
  return fieldLines(fields);
}

export function certificateItem(certificate: CertificateSummary, nowMs: number): object {
  const { kind, name, fingerprint, issued, ended } = certificate;
  return {
    holder: holderText(certificate),
    ...{ kind, name, fingerprint },
    state: stateOf(certificate, nowMs),
    notBefore: formatTimestamp(certificate.notBeforeMs),
    notAfter: formatTimestamp(certificate.notAfterMs),
    issuedAt: formatTimestamp(issued?.atMs ?? null),
    issuedBecause: issued?.because ?? null,
    firstSeenAt: formatTimestamp(certificate.firstSeenAtMs),
    endedAt: formatTimestamp(ended?.atMs ?? null),
    endedBy: ended?.by ?? null,
    endedReason: ended === null || ended.reason === '' ? null : ended.reason,
  };
}

/** Not neutralised. */
export function shortFingerprint({ fingerprint }: CertificateSummary): string {
  return fingerprint.length <= FINGERPRINT_SHOWN
    ? fingerprint
    : fingerprint.slice(0, FINGERPRINT_SHOWN);
}

/** By holder; of one holder the one that lasts longest first. */
function inOrder(certificates: readonly CertificateSummary[]): readonly CertificateSummary[] {
  const latestFirst = certificates.toSorted((left, right) => right.notAfterMs - left.notAfterMs);
  return sortNaturally(latestFirst, holderText);
}

function stateOf({ ended, notBeforeMs, notAfterMs }: CertificateSummary, nowMs: number) {
  if (ended !== null) return ended.kind;
  const state: CertificateState =
    notAfterMs <= nowMs ? 'expired' : notBeforeMs > nowMs ? 'not-yet' : 'valid';
  return state;
}

function stateCell(certificate: CertificateSummary, nowMs: number): Cell {
  const { ended, notAfterMs } = certificate;
  const state = stateOf(certificate, nowMs);
  switch (state) {
    case 'revoked': {
      const by = ended?.by == null ? '' : ` by ${ended.by}`;
      const reason = ended === null || ended.reason === '' ? '' : `: ${ended.reason}`;
      return cell(`revoked${by}${reason}`, 'bad');
    }
    case 'replaced':
      return cell('replaced by a newer one');
    case 'expired':
      return cell(`ended ${formatDistance(nowMs - notAfterMs)} ago`, 'bad');
    case 'not-yet':
      return cell('does not count yet', 'busy');
    case 'valid': {
      const tone = isEnding(notAfterMs, nowMs) ? 'bad' : 'good';
      return cell(`counts, ${formatDistance(notAfterMs - nowMs)} left`, tone);
    }
  }
}

function issuedText({ issued }: CertificateSummary): string {
  if (issued === null) return 'elsewhere, with fleet-certs';
  return `${formatTimestamp(issued.atMs)}, ${issued.because}`;
}
