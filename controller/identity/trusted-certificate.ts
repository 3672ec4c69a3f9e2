/**
 * A certificate that somebody hands over as text, which TLS has not checked: whether one of our
 * authorities has issued it, and to whom. Its dates are not judged here.
 */
import { isRefusal, type Refusal, refusal } from '../../proto/errors.ts';
import { identityOf } from '../../proto/identity.ts';
import { certificatesIn, issuerAmong, parseCertificate } from '../../proto/pki/issuer.ts';
import { keyHashOf } from '../../proto/pki/signing-request.ts';
import type { IssuedCertificate } from '../core/identities.ts';

/** Thrice what one of ours needs. */
const PEM_LENGTH_MAX = 8_192;

/**
 * @param ours the authorities of the fleet, PEM, and its name
 * @returns whose it is, and its key
 */
export function readTrustedCertificate(
  pem: string,
  ours: { readonly fleet: string; readonly authoritiesPem: string },
): IssuedCertificate | Refusal {
  const certificate = pem.length > PEM_LENGTH_MAX ? null : parseCertificate(pem);
  if (certificate === null) return unusable('it is not a readable X.509 certificate');
  // Before anything that it says is believed.
  if (issuerAmong(certificate, certificatesIn(ours.authoritiesPem)) === null) {
    return unusable('no authority of this fleet has issued it');
  }
  const identity = identityOf(certificate.raw);
  if (isRefusal(identity)) return unusable(identity.cause ?? identity.message);
  if (identity.fleet !== ours.fleet) return unusable(`it is of fleet "${identity.fleet}"`);
  const { kind, name, notBeforeMs, notAfterMs, fingerprint256: fingerprint } = identity;
  const keyHash = keyHashOf(certificate.publicKey);
  return { kind, name, notBeforeMs, notAfterMs, fingerprint, keyHash, pem: certificate.toString() };
}

function unusable(cause: string): Refusal {
  return refusal('unauthenticated', 'the certificate is not acceptable', {
    cause,
    fix: 'use a certificate that an authority of this fleet has issued',
  });
}
