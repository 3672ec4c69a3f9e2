/**
 * The fleet's certificate authority as whoever signs with it has it: its certificate and its key,
 * which may be encrypted. Files that are not a sound authority are refused before anything is signed.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readPem, readSecretPem } from '../credentials.ts';
import { isRefusal, type Refusal, refusal } from '../errors.ts';
import { fleetOfAuthority } from '../identity.ts';
import { readPassphrase } from './passphrase.ts';

export interface SigningAuthority {
  readonly fleet: string;
  readonly certificatePem: string;
  readonly privateKey: KeyObject;
  readonly notAfterMs: number;
}

/** Paths. `passphraseFile` is null where the key is not encrypted. */
export interface AuthorityFiles {
  readonly certificate: string;
  readonly key: string;
  readonly passphraseFile: string | null;
}

/** Key and passphrase files must be readable by their owner alone. */
export function loadSigningAuthority(files: AuthorityFiles): SigningAuthority | Refusal {
  const certificate = readPem(files.certificate);
  const key = readSecretPem(files.key);
  const passphrase = files.passphraseFile === null ? null : readPassphrase(files.passphraseFile);
  const problems = [certificate, key, passphrase].flatMap((file) =>
    file?.kind === 'problem' ? [file.problem] : [],
  );
  if (certificate.kind !== 'read' || key.kind !== 'read' || passphrase?.kind === 'problem') {
    return refusal('configuration', 'the certificate authority is not usable', {
      cause: problems.join('; '),
      fix: 'mend that, and run the command again',
    });
  }
  return signingAuthorityFrom({
    certificatePem: certificate.text,
    keyPem: key.text,
    passphrase: passphrase?.text ?? null,
  });
}

/** The same from what stands in the files. */
export function signingAuthorityFrom(pems: {
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly passphrase: string | null;
}): SigningAuthority | Refusal {
  const certificate = parseCertificate(pems.certificatePem);
  if (certificate === null) return unusable('the certificate is damaged');
  const privateKey = parseKey(pems.keyPem, pems.passphrase);
  if (isRefusal(privateKey)) return privateKey;
  const fleet = fleetOfAuthority(certificate);
  if (fleet === null) return unusable('it is not one that fleet-certs init made');
  if (privateKey.asymmetricKeyType !== 'rsa') return unusable('its key is not RSA');
  if (!certificate.checkPrivateKey(privateKey)) {
    return unusable('the key is not the key of the certificate');
  }
  const notAfterMs = Date.parse(certificate.validTo);
  return { fleet, certificatePem: pems.certificatePem, privateKey, notAfterMs };
}

function parseCertificate(pem: string): X509Certificate | null {
  try {
    return new X509Certificate(pem);
  } catch {
    return null;
  }
}

function parseKey(pem: string, passphrase: string | null): KeyObject | Refusal {
  const isEncrypted = pem.includes('-----BEGIN ENCRYPTED PRIVATE KEY-----');
  if (isEncrypted && passphrase === null) {
    return unusable(
      'its key is encrypted',
      'name the file that holds its passphrase: --passphrase-file, or ca_key_passphrase_file',
    );
  }
  if (!isEncrypted && passphrase !== null) {
    return unusable(
      'its key is not encrypted, although there is a passphrase',
      'encrypt it (openssl pkcs8 -topk8 -v2 aes-256-cbc), or do without a passphrase file',
    );
  }
  try {
    return createPrivateKey(passphrase === null ? pem : { key: pem, passphrase });
  } catch {
    return isEncrypted
      ? unusable('the passphrase does not open its key', 'name the file with the right passphrase')
      : unusable('the key is damaged');
  }
}

function unusable(cause: string, fix?: string): Refusal {
  return refusal('configuration', 'the certificate authority is not usable', {
    cause,
    fix:
      fix ?? 'name the ca.crt and ca.key that fleet-certs init made, or restore both from a backup',
  });
}
