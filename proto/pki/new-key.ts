/** The private key of a controller, an agent or an operator: made where it is used, and stays there. */
import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

export interface LeafKey {
  readonly privateKey: KeyObject;
  /** PKCS#8, as it belongs into a file that only its owner can read. */
  readonly keyPem: string;
  /** SPKI. */
  readonly publicKeyPem: string;
}

/** RSA-2048. Takes up to a second, on another thread. */
export async function generateLeafKey(): Promise<LeafKey> {
  const { privateKey, publicKey } = await generateRsaKeys(LEAF_KEY_BITS);
  return {
    privateKey,
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

interface RsaKeys {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export function generateRsaKeys(modulusLength: number): Promise<RsaKeys> {
  return promisify(generateKeyPair)('rsa', { modulusLength, publicExponent: 65537 });
}

/** Certificates live for days; the authority, which signs for years, has a longer one. */
const LEAF_KEY_BITS = 2048;
