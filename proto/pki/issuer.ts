/**
 * Certificates in PEM texts, and which authority has issued one: the one question on which every
 * trust here hangs, so it is asked in one place and in one way.
 */
import { X509Certificate } from 'node:crypto';

/** Each certificate of a text as PEM, in its order, whatever stands between them. */
export function certificateBlocks(pem: string): readonly string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
}

/** @param encoded PEM or DER; null: it is damaged, or no certificate */
export function parseCertificate(encoded: string | Buffer): X509Certificate | null {
  try {
    return new X509Certificate(encoded);
  } catch {
    return null;
  }
}

/** Those of a text that can be read. */
export function certificatesIn(pem: string): readonly X509Certificate[] {
  return certificateBlocks(pem)
    .map(parseCertificate)
    .filter((certificate) => certificate !== null);
}

/** Dates are not judged. @returns null: none of them has issued it */
export function issuerAmong(
  certificate: X509Certificate,
  authorities: readonly X509Certificate[],
): X509Certificate | null {
  const isIssuer = (authority: X509Certificate): boolean =>
    authority.ca && certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
  return authorities.find(isIssuer) ?? null;
}
