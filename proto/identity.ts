/**
 * Who a certificate says its holder is: one `spiffe://<fleet>/<kind>/<name>` URI among its subject
 * alternative names, parsed strictly (SPIFFE X509-SVID §2). The common name, message bodies and
 * addresses say nothing about identity.
 *
 * A finished TLS handshake does not end trust: a connection outlives its certificate, so whoever
 * serves a call asks again, with the time of the call (`identityOfCall`).
 */
import { X509Certificate } from 'node:crypto';
import { isRefusal, type Refusal, refusal } from './errors.ts';
import {
  describeSubject,
  isIdentityKind,
  isIdentityName,
  nextCertificateFix,
  type Subject,
} from './identity-name.ts';

/** The holder of one certificate. Times are wall-clock milliseconds. */
export interface Identity extends Subject {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** SHA-256 of the certificate, as `AB:CD:…` in capitals. */
  readonly fingerprint256: string;
}

export function subjectUri(subject: Subject): string {
  return `${authorityUri(subject.fleet)}/${subject.kind}/${subject.name}`;
}

/** The fleet itself; only its certificate authority carries this. */
export function authorityUri(fleet: string): string {
  return `spiffe://${fleet}`;
}

/** The identity in a certificate (DER), or why it has none. Signature and dates are not judged. */
export function identityOf(certificateDer: Buffer): Identity | Refusal {
  const certificate = parseCertificate(certificateDer);
  if (certificate === null) return notAccepted('it is not a readable X.509 certificate');
  return identityIn(certificate);
}

/** The same for one that is parsed already, which is most of the work. */
export function identityIn(certificate: X509Certificate): Identity | Refusal {
  if (certificate.ca) return notAccepted('it belongs to a certificate authority');
  const uri = onlyUri(certificate);
  if (uri === null) return notAccepted('it does not hold exactly one URI as alternative name');
  const subject = parseSubjectUri(uri);
  if (subject === null) {
    return notAccepted(`${JSON.stringify(uri)} is not of the form spiffe://<fleet>/<kind>/<name>`);
  }
  const notBeforeMs = Date.parse(certificate.validFrom);
  const notAfterMs = Date.parse(certificate.validTo);
  if (Number.isNaN(notBeforeMs) || Number.isNaN(notAfterMs)) {
    return notAccepted('its dates are not readable');
  }
  return { ...subject, notBeforeMs, notAfterMs, fingerprint256: certificate.fingerprint256 };
}

/** The fleet that a certificate authority serves; null if it is not an authority of a fleet. */
export function fleetOfAuthority(certificate: X509Certificate): string | null {
  if (!certificate.ca) return null;
  const fleet = /^spiffe:\/\/([^/]+)$/.exec(onlyUri(certificate) ?? '')?.[1];
  return fleet !== undefined && isIdentityName(fleet) ? fleet : null;
}

/** The part of a grpc-js server call (≥ 1.14) that knows the peer; empty if TLS did not accept it. */
export interface AuthenticatedCall {
  getAuthContext(): {
    /** `fingerprint256` as in `Identity`. */
    readonly sslPeerCertificate?:
      | { readonly raw: Buffer; readonly fingerprint256?: string }
      | undefined;
  } | null;
}

/** Who makes this call now; refused also if of another fleet, or outside the certificate's life. */
export function identityOfCall(
  call: AuthenticatedCall,
  ours: { readonly fleet: string; readonly nowMs: number },
): Identity | Refusal {
  const holder = holderOfCall(call, ours.fleet);
  return isRefusal(holder) ? holder : (lifeRefusal(holder, ours.nowMs) ?? holder);
}

/**
 * Whose certificate this call shows, whatever its dates are; refused if of another fleet.
 * @param find the identity in a certificate that was read before, by its SHA-256; null: it was not
 */
export function holderOfCall(
  call: AuthenticatedCall,
  fleet: string,
  find: (fingerprint256: string) => Identity | null = () => null,
): Identity | Refusal {
  const certificate = call.getAuthContext()?.sslPeerCertificate;
  if (certificate === undefined) {
    return notAccepted('the connection brought none that TLS accepted');
  }
  const { raw, fingerprint256 = '' } = certificate;
  const identity = find(fingerprint256) ?? identityOf(raw);
  if (isRefusal(identity) || identity.fleet === fleet) return identity;
  return notAccepted(`it is of fleet "${identity.fleet}", this is fleet "${fleet}"`);
}

/** `TYPE:value` of each subject alternative name as Node prints them; null if one needs quoting. */
export function alternativeNames(certificate: X509Certificate): readonly string[] | null {
  const text = certificate.subjectAltName;
  if (text === undefined) return [];
  // Node quotes each name that could pass for more than one (CVE-2021-44532). None of ours does.
  return text.includes('"') ? null : text.split(', ');
}

function parseCertificate(der: Buffer): X509Certificate | null {
  try {
    return new X509Certificate(der);
  } catch {
    return null;
  }
}

function onlyUri(certificate: X509Certificate): string | null {
  const uris = alternativeNames(certificate)?.filter((name) => name.startsWith('URI:'));
  const [first, second] = uris ?? [];
  return first === undefined || second !== undefined ? null : first.slice('URI:'.length);
}

function parseSubjectUri(uri: string): Subject | null {
  const [, fleet = '', kind = '', name = ''] =
    /^spiffe:\/\/([^/]*)\/([^/]*)\/([^/]*)$/.exec(uri) ?? [];
  return isIdentityName(fleet) && isIdentityKind(kind) && isIdentityName(name)
    ? { fleet, kind, name }
    : null;
}

/** Why a certificate does not count at this time; null: it does, as far as its dates go. */
export function lifeRefusal(identity: Identity, nowMs: number): Refusal | null {
  if (nowMs > identity.notAfterMs) {
    return notAccepted(
      `that of ${describeSubject(identity)} ended at ${new Date(identity.notAfterMs).toISOString()}`,
      nextCertificateFix(identity),
    );
  }
  if (nowMs < identity.notBeforeMs) {
    return notAccepted(
      `that of ${describeSubject(identity)} begins at ${new Date(identity.notBeforeMs).toISOString()}`,
      'compare the clocks of the two machines and of the one that issued it',
    );
  }
  return null;
}

function notAccepted(cause: string, fix?: string): Refusal {
  return refusal('unauthenticated', 'the certificate is not acceptable', {
    cause,
    fix: fix ?? 'use a certificate of this fleet, made by fleet-certs issue',
  });
}
