/**
 * Builds and signs one X.509 certificate. node-forge lays out the structure, nothing more: keys and
 * signatures are Node's own, because forge's are slow, block, and default to SHA-1.
 */
import { type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto';
import forge from 'node-forge';

/** One subject alternative name. */
export type AlternativeName =
  | { readonly kind: 'uri'; readonly value: string }
  | { readonly kind: 'dns'; readonly value: string }
  | { readonly kind: 'ip'; readonly value: string };

/** `authority` may sign certificates; `server` and `client` are the two ends of a connection. */
export type CertificateUse = 'authority' | 'server' | 'client';

export interface CertificateTemplate {
  /** For people who look at the certificate; no program reads it. */
  readonly commonName: string;
  readonly organization: string;
  readonly use: CertificateUse;
  readonly alternativeNames: readonly AlternativeName[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Of the holder, as SPKI PEM. */
  readonly publicKeyPem: string;
}

/** Who signs: the authority's certificate, or null where the certificate signs itself. */
export interface Issuer {
  readonly certificatePem: string | null;
  readonly privateKey: KeyObject;
}

/** The certificate as PEM, in the form that Node and OpenSSL write. */
export function buildCertificate(template: CertificateTemplate, issuer: Issuer): string {
  const certificate = forge.pki.createCertificate();
  const authority =
    issuer.certificatePem === null
      ? certificate
      : forge.pki.certificateFromPem(issuer.certificatePem);
  certificate.publicKey = forge.pki.publicKeyFromPem(template.publicKeyPem);
  certificate.serialNumber = randomSerial();
  certificate.validity.notBefore = new Date(template.notBeforeMs);
  certificate.validity.notAfter = new Date(template.notAfterMs);
  certificate.setSubject([
    { name: 'organizationName', value: template.organization },
    { name: 'commonName', value: template.commonName },
  ]);
  certificate.setIssuer(authority.subject.attributes);
  certificate.setExtensions([
    ...USE_EXTENSIONS[template.use],
    { name: 'subjectAltName', altNames: template.alternativeNames.map(asForgeName) },
    { name: 'subjectKeyIdentifier' },
    {
      name: 'authorityKeyIdentifier',
      keyIdentifier: authority.generateSubjectKeyIdentifier().getBytes(),
    },
  ]);
  return signedPem(certificate, issuer.privateKey);
}

/** Critical, so that software which does not understand them refuses the certificate (RFC 5280). */
const END_ENTITY_EXTENSIONS = [
  { name: 'basicConstraints', critical: true, cA: false },
  { name: 'keyUsage', critical: true, digitalSignature: true },
] as const;

const USE_EXTENSIONS = {
  authority: [
    { name: 'basicConstraints', critical: true, cA: true, pathLenConstraint: 0 },
    { name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true },
  ],
  server: [...END_ENTITY_EXTENSIONS, { name: 'extKeyUsage', serverAuth: true }],
  client: [...END_ENTITY_EXTENSIONS, { name: 'extKeyUsage', clientAuth: true }],
} as const satisfies Record<CertificateUse, readonly object[]>;

/** GeneralName tags (RFC 5280 §4.2.1.6). */
const TAG = { dns: 2, uri: 6, ip: 7 } as const;

function asForgeName(name: AlternativeName) {
  return name.kind === 'ip'
    ? { type: TAG.ip, ip: name.value }
    : { type: TAG[name.kind], value: name.value };
}

/** 126 random bits; the first byte lies in 0x40–0x7f, which is positive and the shortest DER. */
function randomSerial(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x3f) | 0x40, 0);
  return bytes.toString('hex');
}

function signedPem(certificate: forge.pki.Certificate, privateKey: KeyObject): string {
  const algorithm = forge.pki.oids['sha256WithRSAEncryption'] as string;
  certificate.signatureOid = algorithm;
  certificate.siginfo.algorithmOid = algorithm;
  // Missing from the published types, present since forge 0.6.
  const { getTBSCertificate } = forge.pki as unknown as {
    getTBSCertificate(certificate: forge.pki.Certificate): forge.asn1.Asn1;
  };
  certificate.tbsCertificate = getTBSCertificate(certificate);
  const signature = sign('sha256', derOf(certificate.tbsCertificate), privateKey);
  certificate.signature = signature.toString('latin1');
  return new X509Certificate(derOf(forge.pki.certificateToAsn1(certificate))).toString();
}

/** forge speaks of bytes as strings of one character each. */
function derOf(structure: forge.asn1.Asn1): Buffer {
  return Buffer.from(forge.asn1.toDer(structure).getBytes(), 'latin1');
}
