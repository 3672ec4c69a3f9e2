/** Certificates that end while a test looks on; what our own programs issue lives for a day at least. */
import { generateKeyPairSync, type KeyPairKeyObjectResult, X509Certificate } from 'node:crypto';
import type { Credentials } from '../../../proto/credentials.ts';
import { isRefusal } from '../../../proto/errors.ts';
import { identityOf } from '../../../proto/identity.ts';
import type { Holder } from '../../../proto/identity-name.ts';
import { buildCertificate } from '../../../proto/pki/certificate.ts';
import type { Pki } from '../fleet/pki.ts';

let keys: KeyPairKeyObjectResult | undefined;

/** One pair will do for all: who somebody is stands in the certificate. */
export function anyKeys(): { readonly keyPem: string; readonly publicKeyPem: string } {
  keys ??= generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const { publicKey, privateKey } = keys;
  return {
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

/** @param notAfterMs whole seconds count: that is how precise a certificate is */
export function credentialsUntil(
  { authority }: Pick<Pki, 'authority'>,
  { kind, name }: Holder,
  notAfterMs: number,
): Credentials {
  const { keyPem: key, publicKeyPem } = anyKeys();
  const cert = buildCertificate(
    {
      commonName: name,
      organization: authority.fleet,
      use: 'client',
      alternativeNames: [{ kind: 'uri', value: `spiffe://${authority.fleet}/${kind}/${name}` }],
      notBeforeMs: notAfterMs - 3_600_000,
      notAfterMs,
      publicKeyPem,
    },
    authority,
  );
  const identity = identityOf(new X509Certificate(cert).raw);
  if (isRefusal(identity)) throw new Error(identity.cause ?? identity.message);
  return { ca: authority.certificatePem, cert, key, identity };
}
