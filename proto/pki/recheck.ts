/**
 * Reads back what was built with Node's own parser, which shares no code with the builder, before
 * anybody relies on it. A difference is a defect of ours, so it throws and nothing is written.
 */
import { createPublicKey, X509Certificate } from 'node:crypto';
import { alternativeNames } from '../identity.ts';
import type { AlternativeName, CertificateTemplate, CertificateUse } from './certificate.ts';

export interface Finished {
  readonly template: CertificateTemplate;
  readonly certificatePem: string;
  readonly issuerPem: string;
}

/** Throws with the list of what differs from the template. */
export function recheck(finished: Finished): void {
  const { template } = finished;
  const certificate = new X509Certificate(finished.certificatePem);
  const issuer = new X509Certificate(finished.issuerPem);
  const checks: Readonly<Record<string, boolean>> = {
    signature: certificate.verify(issuer.publicKey),
    issuer: certificate.checkIssued(issuer),
    key: certificate.publicKey.equals(createPublicKey(template.publicKeyPem)),
    'basic constraints': certificate.ca === (template.use === 'authority'),
    'extended key usage': (certificate.keyUsage ?? []).join() === EXTENDED_KEY_USAGE[template.use],
    'alternative names': hasExactly(certificate, template.alternativeNames),
    start: Date.parse(certificate.validFrom) === template.notBeforeMs,
    end: Date.parse(certificate.validTo) === template.notAfterMs,
  };
  const wrong = Object.keys(checks).filter((name) => checks[name] === false);
  if (wrong.length > 0) {
    throw new Error(
      `the certificate that was built differs from its template: ${wrong.join(', ')}`,
    );
  }
}

/** RFC 5280 §4.2.1.12; what Node calls `keyUsage` is the extended one. */
const EXTENDED_KEY_USAGE = {
  authority: '',
  server: '1.3.6.1.5.5.7.3.1',
  client: '1.3.6.1.5.5.7.3.2',
} as const satisfies Record<CertificateUse, string>;

function hasExactly(certificate: X509Certificate, wanted: readonly AlternativeName[]): boolean {
  const found = alternativeNames(certificate);
  return (
    found !== null &&
    found.length === wanted.length &&
    wanted.every((name) => holds(certificate, found, name))
  );
}

function holds(certificate: X509Certificate, found: readonly string[], name: AlternativeName) {
  switch (name.kind) {
    case 'uri':
      return found.includes(`URI:${name.value}`);
    case 'dns':
      return found.includes(`DNS:${name.value}`);
    case 'ip':
      // Printed in another form than it was given in.
      return certificate.checkIP(name.value) !== undefined;
  }
}
