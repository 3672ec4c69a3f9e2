/** Certificates for tests that make no connection: quick to make, because their keys are short. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { buildCertificate } from '../../proto/pki/certificate.ts';

export interface ShortKeys {
  readonly privateKey: KeyObject;
  readonly keyPem: string;
  readonly publicKeyPem: string;
}

export interface ShortAuthority {
  readonly certificatePem: string;
  readonly privateKey: KeyObject;
}

export function shortKeys(): ShortKeys {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  return {
    privateKey,
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

/** Of fleet `fleet`, from ten years before until ten years after. */
export function shortAuthority(nowMs: number): ShortAuthority {
  const { privateKey, publicKeyPem } = shortKeys();
  const certificatePem = buildCertificate(
    {
      commonName: 'authority',
      organization: 'fleet',
      use: 'authority',
      alternativeNames: [{ kind: 'uri', value: 'spiffe://fleet' }],
      notBeforeMs: nowMs - TEN_YEARS_MS,
      notAfterMs: nowMs + TEN_YEARS_MS,
      publicKeyPem,
    },
    { certificatePem: null, privateKey },
  );
  return { certificatePem, privateKey };
}

const TEN_YEARS_MS = 3_650 * 86_400_000;

/** Of an agent of that fleet. */
export function shortLeaf(
  authority: ShortAuthority,
  holder: {
    readonly name: string;
    readonly notBeforeMs: number;
    readonly notAfterMs: number;
    readonly publicKeyPem: string;
  },
): string {
  const { name, ...certified } = holder;
  return buildCertificate(
    {
      ...{ commonName: name, organization: 'fleet', use: 'client', ...certified },
      alternativeNames: [{ kind: 'uri', value: `spiffe://fleet/agent/${name}` }],
    },
    authority,
  );
}
