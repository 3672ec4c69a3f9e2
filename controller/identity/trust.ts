/** Whom the members of the fleet trust: what newcomers are given, and how they know it is right. */
import { X509Certificate } from 'node:crypto';
import type { Credentials } from '../../proto/credentials.ts';
import { pinOf } from '../../proto/pki/authority-pin.ts';
import { certificatesIn, issuerAmong } from '../../proto/pki/issuer.ts';

export interface Trust {
  readonly fleet: string;
  /** Every authority in use, one PEM block after another. */
  readonly authoritiesPem: string;
  /** The one that has issued the controller's certificate, which is shown beside it. */
  readonly issuerPem: string;
  /** Of that one. */
  readonly pin: string;
}

/** @param credentials sound, as `loadCredentials` says */
export function trustOf({ ca, cert, identity }: Credentials): Trust {
  const issuer = issuerAmong(new X509Certificate(cert), certificatesIn(ca));
  if (issuer === null) throw new Error('the certificate of the controller has no issuer');
  const issuerPem = issuer.toString();
  return { fleet: identity.fleet, authoritiesPem: ca, issuerPem, pin: pinOf(issuerPem) };
}
