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

export const IDENTITY_KINDS = ['controller', 'agent', 'operator'] as const;
export type IdentityKind = (typeof IDENTITY_KINDS)[number];

/** What makes a holder unique: within a fleet, a kind and a name. */
export interface Subject {
  readonly fleet: string;
  readonly kind: IdentityKind;
  readonly name: string;
}

/** The holder of one certificate. Times are wall-clock milliseconds. */
export interface Identity extends Subject {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** SHA-256 of the certificate, as `AB:CD:…` in capitals. */
  readonly fingerprint256: string;
}

/** For messages; `isIdentityName` is the rule itself. */
export const IDENTITY_NAME_RULE =
  'lower-case letters, digits, dots, dashes and underscores, beginning with a letter or digit, at most 63';

/** Names of fleets, hosts, controllers and operators; safe as file names and in a URI as they are. */
export function isIdentityName(text: string): boolean {
  return /^[a-z0-9][a-z0-9._-]{0,62}$/.test(text);
}

export function subjectUri(subject: Subject): string {
  return `${authorityUri(subject.fleet)}/${subject.kind}/${subject.name}`;
}

/** The fleet itself; only its certificate authority carries this. */
export function authorityUri(fleet: string): string {
  return `spiffe://${fleet}`;
}

/** For people: `agent "web-1" of fleet "prod"`. */
export function describeSubject(subject: Subject): string {
  return `${subject.kind} "${subject.name}" of fleet "${subject.fleet}"`;
}

/** The identity in a certificate (DER), or why it has none. Signature and dates are not judged. */
export function identityOf(certificateDer: Buffer): Identity | Refusal {
  const certificate = parseCertificate(certificateDer);
  if (certificate === null) return notAccepted('it is not a readable X.509 certificate');
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
  getAuthContext(): { readonly sslPeerCertificate?: { readonly raw: Buffer } | undefined } | null;
}

/** Who makes this call now; refused also if of another fleet, or outside the certificate's life. */
export function identityOfCall(
  call: AuthenticatedCall,
  ours: { readonly fleet: string; readonly nowMs: number },
): Identity | Refusal {
  const raw = call.getAuthContext()?.sslPeerCertificate?.raw;
  if (raw === undefined) return notAccepted('the connection brought none that TLS accepted');
  const identity = identityOf(raw);
  if (isRefusal(identity)) return identity;
  if (identity.fleet !== ours.fleet) {
    return notAccepted(`it is of fleet "${identity.fleet}", this is fleet "${ours.fleet}"`);
  }
  return lifeRefusal(identity, ours.nowMs) ?? identity;
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

function isIdentityKind(text: string): text is IdentityKind {
  return (IDENTITY_KINDS as readonly string[]).includes(text);
}

function lifeRefusal(identity: Identity, nowMs: number): Refusal | null {
  if (nowMs > identity.notAfterMs) {
    return notAccepted(
      `that of ${describeSubject(identity)} ended at ${new Date(identity.notAfterMs).toISOString()}`,
      'issue a new one with fleet-certs issue',
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
