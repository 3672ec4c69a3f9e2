/**
 * What a join string says of the fleet's authority: a hash of its public key, so that who joins
 * knows the right controller before it trusts anything. Of the key and not of the certificate, which
 * may be made anew with the same key.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { certificatesIn } from './issuer.ts';

/** SHA-256 of the public key (SPKI, DER), base64url: 43 characters. Throws if it is no certificate. */
export function pinOf(certificatePem: string): string {
  return pinOfCertificate(new X509Certificate(certificatePem));
}

/** Of each certificate in a text; what is none has no pin. */
export function pinsIn(text: string): readonly string[] {
  return certificatesIn(text).map(pinOfCertificate);
}

function pinOfCertificate({ publicKey }: X509Certificate): string {
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(spki).digest('base64url');
}
